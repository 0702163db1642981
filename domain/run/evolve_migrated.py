"""How the event of a migration changes the state of a run: what its plan found takes effect at once."""

from __future__ import annotations

from typing import Any

from domain.events import RunMigrated
from domain.run.state import Run, StepState, altered
from domain.words import StepKey


def evolve_migrated(run: Run, event: RunMigrated) -> Run:
    """What the plan found: which steps are gone or back, which done steps stay so, which fields are not shown."""
    plan = event.plan
    kept, restored = named_in(plan, "kept"), named_in(plan, "restored")
    removed = (run.removed | named_in(plan, "removed")) - named_in(plan, "returned")
    steps = {key: _after_plan(step, key in kept, restored) for key, step in run.steps.items()}
    return altered(
        run,
        process_version=event.to_version,
        followed=tuple(dict.fromkeys((*run.followed, event.from_version))),
        removed=removed,
        hidden=named_in(plan, "hidden"),
        steps=steps,
    )


def _after_plan(step: StepState, kept: bool, restored: frozenset[StepKey]) -> StepState:
    if step.kept != kept:
        step = altered(step, kept=kept)
    return _undoubted(step, restored) if restored else step


def _undoubted(step: StepState, restored: frozenset[StepKey]) -> StepState:
    """The step, and as it was before a migration had it done again, without marks of steps that are as they were."""
    doubted = tuple(key for key in step.doubted if key not in restored)
    before = step.reopened
    return altered(step, doubted=doubted, reopened=None if before is None else _undoubted(before, restored))


def named_in(plan: dict[str, Any], what: str) -> frozenset[Any]:
    """The keys of steps, or the paths of fields, that the plan of a migration names under this word."""
    named = plan.get(what)
    return frozenset(key for key in named if isinstance(key, str)) if isinstance(named, list) else frozenset()
