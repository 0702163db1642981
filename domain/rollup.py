"""Rolls a run up into the card that a manager sees: stages and their outcomes, never the value of a field.

The rules are those of the project side: the current stage is the first that still has a required, applicable,
unfinished step; a stage's state is the first that matches of failed, needs help, blocked, late, (at risk,) in
progress, not started, done or skipped; progress counts what is applicable only. No clock is needed: what time may
change is answered as instants (``late_at``, ``blocked_at``), and ``state_at`` applies them to a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import nextafter
from typing import NamedTuple

from domain.card import Card, Fact, NextAction, Override, StageFact, StepFact
from domain.definition import Definition
from domain.document import Stage, Step
from domain.words import RoleKey, StageKey, StepKey

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


_OPEN_STATES = frozenset({"locked", "ready", "in_progress", "failed", "cancelled"})
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
    plan = _plan(definition)
    live: list[_Live] = []
    stages = tuple([_stage(stage, steps, run_state, live) for stage in plan])
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
        next_due_at=_earliest([each.fact.due_at for each in live]),
        late_at=_earliest([each.late_at for each in stages]),
        blocked_at=_stuck_at(live),
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
    left = sum(key not in steps or steps[key].state in _OPEN_STATES for key in added)
    found = [f"+{_steps(left)}"] if left else []
    if progress < _progress([_stage(stage, steps, "running", []) for stage in _plan(before)]):
        counted = [
            key for key in before.steps if key not in steps or steps[key].state in {"done", *_OPEN_STATES}
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


# --- what is worked out once per definition ---


class _Step(NamedTuple):
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


class _Stage(NamedTuple):
    key: StageKey
    title: str
    steps: tuple[_Step, ...]
    any_required: bool
    untouched: StageFact


class _Live(NamedTuple):
    """A step that can be worked on now."""

    step: _Step
    fact: StepFact


_PLANS: dict[int, tuple[Definition, tuple[_Stage, ...]]] = {}
_MOST_PLANS = 1_000


def _plan(definition: Definition) -> tuple[_Stage, ...]:
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
) -> _Stage:
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
    return _Stage(key, stage.title, steps, required, untouched)


def _plan_step(
    step: Step,
    stage: StageKey,
    order: Mapping[StepKey, int],
    guests: frozenset[RoleKey],
    waiting: frozenset[StepKey],
) -> _Step:
    return _Step(
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

    done: list[_Live]
    live: list[_Live]
    locked: list[_Live]
    failed: list[_Live]
    cancelled: list[_Live]
    untouched: list[_Step]
    aside: int
    gone: list[_Live]

    def open(self) -> list[_Step]:
        """Every step that has not come to a good end."""
        found = [
            step for bucket in (self.live, self.locked, self.failed, self.cancelled) for step, _ in bucket
        ]
        return found + self.untouched


def _sort(stage: _Stage, facts: Mapping[StepKey, StepFact]) -> _Seen:
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
            bucket.append(_Live(step, fact))
        else:
            seen.aside += 1
            if fact.by is not None and fact.state == "not_applicable":
                seen.gone.append(_Live(step, fact))
    return seen


def _stage(stage: _Stage, facts: Mapping[StepKey, StepFact], run_state: str, live: list[_Live]) -> StageFact:
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
        entered_at=_earliest([each.fact.ready_at or each.fact.ended_at for each in touched]),
        ended_at=max([each.fact.ended_at for each in seen.done if each.fact.ended_at], default=None)
        if state in ("done", "skipped")
        else None,
        unfinished=unfinished,
        active=bool(seen.live),
        late_at=_earliest([each.fact.due_at for each in (*seen.live, *seen.locked) if each.step.required]),
        blocked_at=_stuck_at(seen.live),
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


def _stuck_at(live: Sequence[_Live]) -> datetime | None:
    """When, at the latest due, everything open waits outside past its limit."""
    if not live or not all(each.step.outside for each in live):
        return None
    dues = [each.fact.due_at for each in live]
    known = [due for due in dues if due is not None]
    return max(known) if len(known) == len(dues) else None


def _outcome(seen: _Seen) -> _Live | None:
    """The step whose named result is the stage's: one that failed, or else the last one done."""
    for bucket in (seen.failed, seen.done):
        for each in reversed(bucket):
            if each.step.names_outcome and each.fact.outcome is not None:
                return each
    return None


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


def _urgency(live: _Live, current: StageKey) -> tuple[bool, bool, bool, float, int]:
    """Required before optional, the current stage before others, by due, then in document order."""
    step, due = live.step, live.fact.due_at
    return (
        not step.required,
        step.stage != current,
        due is None,
        0.0 if due is None else due.timestamp(),
        step.order,
    )


def _next_action(live: _Live) -> NextAction:
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


def _earliest(instants: Iterable[datetime | None]) -> datetime | None:
    return min(filter(None, instants), default=None)
