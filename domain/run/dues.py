"""When the steps of a run are due, and how that and their alarms move while the run goes on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from domain.definition import Definition, anchor_name
from domain.events import Event, StepBecameReady, StepDueSet
from domain.run.alarms import (
    LASTING,
    UNTIL,
    Alarms,
    ahead,
    anchor_value,
    from_due,
    instants,
    rule_instant,
)
from domain.run.evolve import evolve
from domain.run.evolve_step import NO_TIME
from domain.run.state import Run, StepState
from domain.run.work import Work
from domain.schedule import Calendar
from domain.words import Actor, StepKey

__all__ = [
    "CALENDAR_CHANGED",
    "anchor_value",
    "count_anew",
    "due_when_ready",
    "recompute_dues",
    "redue",
    "rule_due",
    "set_by_hand",
    "set_by_rule",
    "shift_open",
]

CALENDAR_CHANGED = "calendar_changed"
"""The cause of a due that the organisation's calendar moved."""

RUN_RESUMED = "run_resumed"
"""The cause of a due that a pause moved."""

Source = Literal["rule", "manual"]


def rule_due(run: Run, definition: Definition, step: StepKey, calendar: Calendar) -> datetime | None:
    """When the step is due by its rule, moved by the pauses since; None without rule or while its anchor is not set."""
    rule = definition.steps[step].due
    due = None if rule is None else rule_instant(run, definition, rule, calendar, run.step(step).ready_at)
    shift = run.step(step).shift
    return calendar.later(due, shift) if due is not None and shift else due


def due_when_ready(work: Work, step: StepKey) -> tuple[datetime | None, str | None, Alarms]:
    """For a step about to be announced: when it is due, the calendar that says so, and its alarms."""
    now, known = work.run.step(step), work.definition.steps[step]
    ready = StepBecameReady(step=step, round=now.round, cause="rule", at=work.at)
    run = evolve(work.run, ready)
    manual = now.due_source == "manual"
    due = now.due_at if manual else rule_due(run, work.definition, step, work.calendar)
    found = ahead(instants(run, work.definition, step, due, NO_TIME, work.calendar), work.at)
    by_calendar = bool(found) or (known.due is not None and not manual)
    return due, work.calendar.name if by_calendar else None, found


def redue(work: Work) -> None:
    """Set the dues of open steps anew where an anchor of theirs changed; a manual due stays."""
    if work.run.ended:
        return
    for name in sorted(work.anchors & work.definition.anchored.keys()):
        for step in work.definition.anchored[name]:
            if work.run.step(step).is_open:
                _follow_anchor(work, step, name)
    work.anchors.clear()


def set_by_rule(work: Work, step: StepKey, cause: str) -> None:
    """Let the rule say when the open step is due, and with it when its alarms come, if that changes anything."""
    due = rule_due(work.run, work.definition, step, work.calendar)
    _set(work, step, due, "rule", cause, from_due(work.definition, work.definition.steps[step]))


def count_anew(work: Work, step: StepKey, cause: str) -> None:
    """Let all rules of the open step say anew when it is due (unless by hand) and when its alarms come."""
    now = work.run.step(step)
    manual = now.due_source == "manual"
    due = now.due_at if manual else rule_due(work.run, work.definition, step, work.calendar)
    _set(work, step, due, now.due_source or "rule", cause, None, anew=True)


def set_by_hand(work: Work, step: StepKey, due: datetime | None) -> None:
    """Somebody says when the step is due, which wins over its rule (None, of a step not open: the rule will say)."""
    if work.run.step(step).is_open:
        _set(work, step, due, "manual", "user", from_due(work.definition, work.definition.steps[step]))
    else:
        source: Source = "rule" if due is None else "manual"
        work.on(StepDueSet, step, due_at=due, source=source, cause="user")


def shift_open(work: Work, since: datetime) -> None:
    """Move what was still to come when the run was paused, due or alarm, by the working time that this took.

    A due that was set during the pause moves by what was left of it.
    """
    paused = work.calendar.working_time(since, work.at)
    for key, step in list(work.run.steps.items()) if paused else ():
        counted = max(since, step.due_set_at or since)
        by_hand = step.state == "locked" and step.due_source == "manual" and key in work.definition.steps
        if (step.is_open or by_hand) and step.due_at is not None and step.due_at > counted:
            _shift(work, key, step, paused, work.calendar.working_time(counted, work.at))
        elif step.is_open and step.alarms:
            _shift_alarms(work, key, step, paused)


def recompute_dues(
    run: Run, definition: Definition, *, by: Actor, at: datetime, calendar: Calendar
) -> list[Event]:
    """Set dues and alarms of all open steps by this calendar where it says something else.

    A manual due stays, and of a due that passed and stays so do the alarms.
    """
    work = Work(run, definition, by, at, calendar)
    for key, step in list(run.steps.items()) if not run.ended else ():
        if step.is_open and key in definition.steps:
            due = step.due_at if step.due_source == "manual" else rule_due(run, definition, key, calendar)
            passed = due is not None and due == step.due_at and due <= at
            _set(work, key, due, step.due_source or "rule", CALENDAR_CHANGED, () if passed else None)
    return work.events


def _follow_anchor(work: Work, step: StepKey, name: str) -> None:
    """What is counted from this anchor is computed afresh, without the pauses before; all else stays."""
    now, known = work.run.step(step), work.definition.steps[step]
    fresh: set[str] = set()
    due, shift = now.due_at, now.shift
    if known.due is not None and anchor_name(known.due.anchor) == name and now.due_source != "manual":
        due, shift = rule_instant(work.run, work.definition, known.due, work.calendar, now.ready_at), NO_TIME
        fresh |= from_due(work.definition, known)
    if known.wait is not None and known.wait.until is not None:
        fresh |= {UNTIL} if anchor_name(known.wait.until.anchor) == name else set()
    _set(work, step, due, now.due_source or "rule", name, fresh, shift)


def _set(
    work: Work,
    step: StepKey,
    due: datetime | None,
    source: Source,
    cause: str,
    fresh: Collection[str] | None,
    shift: timedelta | None = None,
    *,
    anew: bool = False,
) -> None:
    """Record due and alarms if they change; ``fresh`` names the alarms that are computed anew (None: all).

    ``anew``: the rules are others now, so what is still to come by them is set although the due stays.
    """
    now = work.run.step(step)
    pauses = now.shift if shift is None else shift
    found = instants(work.run, work.definition, step, due, pauses, work.calendar)
    names = found.keys() | now.alarms.keys() if fresh is None else fresh
    alarms = _renewed(work, step, due, found, names, anew=anew)
    by_hand = "manual" in (source, now.due_source) and (source != now.due_source)
    if not by_hand and due == now.due_at and alarms == now.alarms:
        return
    by_calendar = source == "rule" or alarms != now.alarms
    work.on(
        StepDueSet,
        step,
        due_at=due,
        source=source,
        cause=cause,
        calendar=work.calendar.name if by_calendar else None,
        alarms=alarms if alarms != now.alarms else None,
        shift_seconds=pauses.total_seconds() if pauses != now.shift else None,
    )


def _renewed(
    work: Work, step: StepKey, due: datetime | None, found: Alarms, fresh: Collection[str], *, anew: bool
) -> Alarms:
    """The alarms set from now on: what came already comes again only for another due."""
    now = work.run.step(step)
    counted = from_due(work.definition, work.definition.steps[step]) if due != now.due_at else frozenset()

    def stays(name: str) -> bool:
        if name in LASTING or name in counted:
            return name in LASTING or found[name] > work.at
        return name in now.alarms or (anew and found[name] > work.at)

    alarms: Alarms = {}
    for name in (*found, *(each for each in now.alarms if each not in found)):
        if name not in fresh:
            alarms |= {name: now.alarms[name]} if name in now.alarms else {}
        elif name in found and stays(name):
            alarms[name] = found[name]
    return alarms


def _shift(work: Work, key: StepKey, step: StepState, paused: timedelta, moved: timedelta) -> None:
    """``moved`` is the part of the pause after the due was set; what its rule says waits for the whole pause."""
    due = None if step.due_at is None else work.calendar.later(step.due_at, moved)
    shift = step.shift + (paused if step.due_source == "manual" else moved)
    found = instants(work.run, work.definition, key, due, shift, work.calendar)
    work.on(
        StepDueSet,
        key,
        due_at=due,
        source=step.due_source or "rule",
        cause=RUN_RESUMED,
        calendar=work.calendar.name,
        alarms={name: found[name] for name in step.alarms if name in found} if step.alarms else None,
        shift_seconds=shift.total_seconds(),
    )


def _shift_alarms(work: Work, key: StepKey, step: StepState, paused: timedelta) -> None:
    """Of a step without a due, or whose due had passed before the pause: that stays where it was."""
    if step.due_at is None:
        _shift(work, key, step, paused, paused)
        return
    alarms = {name: work.calendar.later(instant, paused) for name, instant in step.alarms.items()}
    work.on(
        StepDueSet,
        key,
        due_at=step.due_at,
        source=step.due_source or "rule",
        cause=RUN_RESUMED,
        calendar=work.calendar.name,
        alarms=alarms,
    )
