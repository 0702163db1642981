"""Rolls a run up into the card that a manager sees: stages and their outcomes, never the value of a field.

The rules are those of the project side: the current stage is the first that still has a required, applicable,
unfinished step; a stage's state is the first that matches of failed, needs help, blocked, late, (at risk,) in
progress, not started, done or skipped; progress counts what is applicable only. No clock is needed: what time may
change is answered as instants (``late_at``, ``blocked_at``), and ``state_at`` applies them to a moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import nextafter

from domain.card import Card, Fact, NextAction, Override, StageFact, StepFact
from domain.definition import Definition
from domain.rollup_stage import OPEN_STATES, Live, earliest, plan_of, stage_fact, stuck_at
from domain.words import StageKey, StepKey

__all__ = [
    "PRECEDENCE", "TIMELESS", "Card", "Fact", "NextAction", "Override", "StageFact", "StepFact", "roll_up",
    "state_at",
]  # fmt: skip

PRECEDENCE = (
    "failed", "needs_help", "blocked", "late", "at_risk", "in_progress", "not_started", "done", "skipped", "cancelled",
)  # fmt: skip
"""States of stages and cards; the first that matches wins. Cancelled: the run was called off before the end."""

TIMELESS = frozenset({"failed", "needs_help", "blocked", "done", "skipped", "cancelled"})
"""States that the clock does not change."""


_ENDED = {"completed": "done", "ended_early": "failed", "cancelled": "cancelled"}


def roll_up(
    definition: Definition,
    run_state: str,
    steps: Mapping[StepKey, StepFact],
    override: Override | None = None,
    before: Definition | None = None,
) -> Card:
    """The card of a run from the facts about its steps (a step without facts is locked).

    ``before`` is the version that the run followed before it was moved to this one.
    """
    plan = plan_of(definition)
    live: list[Live] = []
    stages = tuple([stage_fact(stage, steps, run_state, live) for stage in plan])
    stage = _current(stages)
    acting = min(live, key=lambda each: _urgency(each, stage.key), default=None)
    shown = stage if override is None else _overridden(stages, stage, override)
    return Card(
        current_stage=shown.key,
        overridden=shown.key != stage.key,
        state=_card_state(run_state, stages),
        progress=_progress(stages),
        stages=stages,
        next_action=None if acting is None else _next_action(acting),
        next_due_at=earliest([each.fact.due_at for each in live]),
        late_at=earliest([each.late_at for each in stages]),
        blocked_at=stuck_at(live),
        entered_stage_at=shown.entered_at,
        also_in=tuple([each.key for each in stages if each.active and each.key != shown.key]),
        help=tuple([key for each in stages for key in each.help]),
        waiting_for=() if live else _waiting_for(definition, steps),
        steps_stage=stage.key,
        lowered=_lowered(stages, _moved(before, definition, steps, _progress(stages)) if before else ()),
    )


def _moved(
    before: Definition, definition: Definition, steps: Mapping[StepKey, StepFact], progress: float
) -> tuple[str, ...]:
    """What of a move to this version makes progress lower: open steps it added, done ones it dropped, other weights.

    The last two are said for as long as progress is lower than it would be by the version ``before``.
    """
    added = [key for key in definition.steps if key not in before.steps]
    left = sum(key not in steps or steps[key].state in OPEN_STATES for key in added)
    found = [f"+{_steps(left)}"] if left else []
    if progress < _progress([stage_fact(stage, steps, "running", []) for stage in plan_of(before)]):
        counted = [
            key for key in before.steps if key not in steps or steps[key].state in {"done", *OPEN_STATES}
        ]
        gone = sum(
            key not in definition.steps and key in steps and steps[key].state == "done" for key in counted
        )
        found += [f"{_steps(gone)} done before no longer count{'s' if gone == 1 else ''}"] if gone else []
        kept = [key for key in counted if key in definition.steps]
        if any(before.steps[key].weight != definition.steps[key].weight for key in kept):
            found.append("other weights")
    return tuple(f"{cause}, version {definition.version}" for cause in found)


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def state_at(
    state: str,
    now: datetime,
    *,
    late_at: datetime | None,
    blocked_at: datetime | None,
    target_at: datetime | None = None,
    at_risk: bool = False,
) -> str:
    """The state of a stage or card at a moment: what was not late when it was rolled up may be late by now.

    ``at_risk`` is what the forecast says; lateness, and all that ranks higher, wins over it.
    """
    if state in TIMELESS:
        return state
    if blocked_at is not None and blocked_at < now:
        return "blocked"
    if (late_at is not None and late_at < now) or (target_at is not None and target_at < now):
        return "late"
    return "at_risk" if at_risk and state in ("in_progress", "not_started") else state


# --- the card ---


def _current(stages: Sequence[StageFact]) -> StageFact:
    """The first stage with a required unfinished step; without one the last stage that was entered."""
    for stage in stages:
        if stage.unfinished:
            return stage
    entered = [stage for stage in stages if stage.entered]
    return entered[-1] if entered else stages[0]


def _overridden(stages: Sequence[StageFact], stage: StageFact, override: Override) -> StageFact:
    """Where the card is shown; real progress, seen in another stage than at the time, ends an override."""
    if override.from_stage not in (None, stage.key):
        return stage
    return next((each for each in stages if each.key == override.stage), stage)


def _lowered(stages: Sequence[StageFact], moved: tuple[str, ...]) -> tuple[str, ...]:
    return (*moved, *[cause for stage in stages for cause in stage.lowered])


def _card_state(run_state: str, stages: Sequence[StageFact]) -> str:
    ended = _ENDED.get(run_state)
    if ended is not None:
        return ended
    states = {stage.state for stage in stages}
    for state in ("failed", "needs_help"):
        if state in states:
            return state
    working = [stage for stage in stages if stage.active]
    if working and all(stage.state == "blocked" for stage in working):
        return "blocked"
    if not working and "blocked" in states:
        return "blocked"
    for state in ("late", "in_progress", "blocked", "not_started"):
        if state in states:
            begun = state == "blocked" or any(stage.entered for stage in stages)
            return "in_progress" if begun and state != "late" else state
    return "done" if "done" in states else "skipped"


def _progress(stages: Sequence[StageFact]) -> float:
    done = sum([stage.done_weight for stage in stages])
    applicable = sum([stage.applicable_weight for stage in stages])
    unfinished = any(stage.unfinished for stage in stages)
    if applicable == 0:
        return 0.0 if unfinished else 1.0
    return min(done / applicable, nextafter(1.0, 0.0)) if unfinished else done / applicable


def _urgency(live: Live, current: StageKey) -> tuple[bool, bool, bool, float, int]:
    """Required before optional, the current stage before others, by due, then in document order."""
    step, due = live.step, live.fact.due_at
    return (
        not step.required,
        step.stage != current,
        due is None,
        0.0 if due is None else due.timestamp(),
        step.order,
    )


def _next_action(live: Live) -> NextAction:
    step, fact = live.step, live.fact
    return NextAction(step.key, step.title, step.stage, fact.assignee, step.role, fact.due_at)


def _waiting_for(definition: Definition, facts: Mapping[StepKey, StepFact]) -> tuple[StepKey, ...]:
    """What the first required locked step still waits for, in document order."""
    good = ("done", "skipped", "not_applicable")
    open_steps = {key for key in definition.steps if key not in facts or facts[key].state not in good}
    for key, step in definition.steps.items():
        if step.required and key in open_steps:
            wanted = definition.dependencies[key] & open_steps
            return tuple(each for each in definition.steps if each in wanted)
    return ()
