"""Rolls the steps of one stage up into what a manager sees of it; a plan of them is made once per version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from domain.card import StageFact, StepFact
from domain.definition import Definition
from domain.document import Stage, Step
from domain.words import RoleKey, StageKey, StepKey

OPEN_STATES = frozenset({"locked", "ready", "in_progress", "failed", "cancelled"})
"""States of steps that have not come to a good end."""


# --- what is worked out once per definition ---


class StepPlan(NamedTuple):
    """What the version says of a step; ``outside``: nobody of the house does it, ``waits``: for another step."""

    key: StepKey
    title: str
    role: RoleKey | None
    stage: StageKey
    order: int
    required: bool
    weight: float
    names_outcome: bool
    outside: bool
    waits: bool


class StagePlan(NamedTuple):
    """The steps of a stage in document order, and what is told of it while nothing has happened there."""

    key: StageKey
    title: str
    steps: tuple[StepPlan, ...]
    any_required: bool
    untouched: StageFact


class Live(NamedTuple):
    """A step that can be worked on now."""

    step: StepPlan
    fact: StepFact


_PLANS: dict[int, tuple[Definition, tuple[StagePlan, ...]]] = {}
_MOST_PLANS = 1_000


def plan_of(definition: Definition) -> tuple[StagePlan, ...]:
    """The stages of a version in document order; kept, for every card of it asks again."""
    known = _PLANS.get(id(definition))
    if known is not None and known[0] is definition:
        return known[1]
    if len(_PLANS) >= _MOST_PLANS:
        _PLANS.clear()
    order = {key: place for place, key in enumerate(definition.steps)}
    guests = frozenset(key for key, role in definition.roles.items() if role.guest)
    waiting = frozenset(key for key, wanted in definition.dependencies.items() if wanted)
    plan = tuple(_plan_stage(stage, order, guests, waiting) for stage in definition.document.stages)
    _PLANS[id(definition)] = (definition, plan)
    return plan


def _plan_stage(
    stage: Stage, order: Mapping[StepKey, int], guests: frozenset[RoleKey], waiting: frozenset[StepKey]
) -> StagePlan:
    key = StageKey(stage.key)
    steps = tuple(_plan_step(step, key, order, guests, waiting) for step in stage.steps)
    weight = sum(step.weight for step in steps)
    required = any(step.required for step in steps)
    untouched = StageFact(
        key,
        stage.title,
        "not_started",
        None,
        None,
        0.0,
        weight,
        False,
        None,
        None,
        required,
        False,
        None,
        None,
        (),
        target_days=stage.target_days,
    )
    return StagePlan(key, stage.title, steps, required, untouched)


def _plan_step(
    step: Step,
    stage: StageKey,
    order: Mapping[StepKey, int],
    guests: frozenset[RoleKey],
    waiting: frozenset[StepKey],
) -> StepPlan:
    return StepPlan(
        key=StepKey(step.key),
        title=step.title,
        role=step.role,
        stage=stage,
        order=order[StepKey(step.key)],
        required=step.required,
        weight=step.weight,
        names_outcome=step.gate is not None or step.outcome is not None or step.outcome_from is not None,
        outside=step.kind == "wait" or step.role in guests,
        waits=step.key in waiting,
    )


# --- one stage ---


@dataclass(slots=True)
class _Seen:
    """The steps of one stage, sorted by what became of them."""

    done: list[Live]
    live: list[Live]
    locked: list[Live]
    failed: list[Live]
    cancelled: list[Live]
    untouched: list[StepPlan]
    aside: int
    gone: list[Live]

    def open(self) -> list[StepPlan]:
        """Every step that has not come to a good end."""
        found = [
            step for bucket in (self.live, self.locked, self.failed, self.cancelled) for step, _ in bucket
        ]
        return found + self.untouched


def _sort(stage: StagePlan, facts: Mapping[StepKey, StepFact]) -> _Seen:
    seen = _Seen([], [], [], [], [], [], 0, [])
    place = {
        "done": seen.done, "ready": seen.live, "in_progress": seen.live, "locked": seen.locked,
        "failed": seen.failed, "cancelled": seen.cancelled,
    }  # fmt: skip
    for step in stage.steps:
        fact = facts.get(step.key)
        if fact is None:
            seen.untouched.append(step)
        elif (bucket := place.get(fact.state)) is not None:
            bucket.append(Live(step, fact))
        else:
            seen.aside += 1
            if fact.by is not None and fact.state == "not_applicable":
                seen.gone.append(Live(step, fact))
    return seen


def stage_fact(
    stage: StagePlan, facts: Mapping[StepKey, StepFact], run_state: str, live: list[Live]
) -> StageFact:
    """One stage of a run; what can be worked on in it is added to ``live``."""
    seen = _sort(stage, facts)
    if run_state != "completed" and _untouched(seen, len(stage.steps)):
        return stage.untouched
    live += seen.live
    touched = [*seen.done, *seen.live, *seen.failed, *[each for each in seen.cancelled if each.fact.ready_at]]
    done_weight = sum([each.step.weight for each in seen.done])
    left = seen.open()
    unfinished = any(step.required for step in left)
    pending = unfinished if stage.any_required else bool(left)
    helped = tuple(
        [
            each.step.key
            for bucket in (seen.live, seen.locked, seen.failed, seen.done)
            for each in bucket
            if each.fact.help or each.fact.incident
        ]
    )
    state = _stage_state(seen, run_state, bool(touched), pending, bool(helped))
    outcome = _outcome(seen)
    return StageFact(
        key=stage.key,
        title=stage.title,
        state=state,
        outcome=None if outcome is None else outcome.fact.outcome,
        outcome_step=None if outcome is None else outcome.step.key,
        done_weight=done_weight,
        applicable_weight=done_weight + sum([step.weight for step in left]),
        entered=bool(touched),
        entered_at=earliest([each.fact.ready_at or each.fact.ended_at for each in touched]),
        ended_at=max([each.fact.ended_at for each in seen.done if each.fact.ended_at], default=None)
        if state in ("done", "skipped")
        else None,
        unfinished=unfinished,
        active=bool(seen.live),
        late_at=earliest([each.fact.due_at for each in (*seen.live, *seen.locked) if each.step.required]),
        blocked_at=stuck_at(seen.live),
        help=helped,
        outcome_by=None if outcome is None else outcome.fact.by,
        outcome_at=None if outcome is None else outcome.fact.ended_at,
        target_days=stage.untouched.target_days,
        lowered=_lowered_in(seen),
    )


def _lowered_in(seen: _Seen) -> tuple[str, ...]:
    """Why more is left to do in this stage than there was: each cause lasts until its step has ended well."""
    found = [f"{step.title} no longer counts" for step, _ in seen.gone]
    for bucket in (seen.live, seen.locked):
        for step, fact in bucket:
            if fact.joined:
                found.append(f"+1 step: {step.title} takes part again")
            elif fact.round > 1:
                found.append(f"{step.title} was reopened")
    return tuple(found)


def _untouched(seen: _Seen, steps: int) -> bool:
    """Whether every step is locked and says nothing more."""
    if len(seen.untouched) + len(seen.locked) < steps:
        return False
    return not any(
        fact.due_at or fact.help or fact.incident or fact.joined or fact.round > 1 for _, fact in seen.locked
    )


def _stage_state(  # noqa: PLR0911 - the first that matches wins
    seen: _Seen, run_state: str, entered: bool, pending: bool, helped: bool
) -> str:
    if seen.failed:
        return "failed"
    if helped and run_state != "completed":
        return "needs_help"
    if not pending or run_state == "completed":
        return "done" if seen.done else "skipped"
    if not entered:
        return "not_started"
    if seen.cancelled and not seen.live:
        return "cancelled"
    if _stuck(seen):
        return "blocked"
    late = any(each.fact.overdue and each.step.required for each in (*seen.live, *seen.locked))
    return "late" if late else "in_progress"


def _stuck(seen: _Seen) -> bool:
    """Whether all that is left has to wait, or can only be done by somebody outside who is late with it.

    Steps that wait for nothing are not stuck, although nobody said that they are ready: imported history is like that.
    """
    if not seen.live:
        return bool(seen.locked) or any(step.waits for step in seen.untouched)
    return all(each.step.outside and each.fact.overdue for each in seen.live)


def stuck_at(live: Sequence[Live]) -> datetime | None:
    """When, at the latest due, everything open waits outside past its limit."""
    if not live or not all(each.step.outside for each in live):
        return None
    dues = [each.fact.due_at for each in live]
    known = [due for due in dues if due is not None]
    return max(known) if len(known) == len(dues) else None


def _outcome(seen: _Seen) -> Live | None:
    """The step whose named result is the stage's: one that failed, or else the last one done."""
    for bucket in (seen.failed, seen.done):
        for each in reversed(bucket):
            if each.step.names_outcome and each.fact.outcome is not None:
                return each
    return None


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    """The first of those that are known."""
    return min(filter(None, instants), default=None)
