"""What the timer decides when an instant has come: it tells and flags, and ends only what time itself ends.

Every decision here is safe to take twice, late and on a state that has moved on: it is nothing when the step is no
longer open, its run is paused or has ended, or the instant was moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from domain.condition import holds
from domain.definition import Definition
from domain.directory import Directory
from domain.document import Step
from domain.events import Event, StepBecameOverdue, StepEscalated, StepReminderRaised, StepWaitTimedOut
from domain.run.alarms import ESCALATION, OVERDUE, SKIP, UNTIL, can_be_overdue, ends_at_due, lead_of
from domain.run.doing import finish_step, set_aside
from domain.run.queueing import queue
from domain.run.state import Run, StepState
from domain.run.work import Work, step_of
from domain.schedule import Calendar
from domain.words import Actor, Assignee, RoleKey, StepKey

_NO_DUES = Calendar()
WAITED = "waited"
"""The outcome of a wait that its instant ended, where the process names no other."""


def fire(
    run: Run,
    definition: Definition,
    step: StepKey,
    alarm: str,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """What follows when this alarm of the step comes: ``overdue`` is its due itself, the others see ``alarms``."""
    known = definition.steps.get(step)
    if known is None:
        return []
    match alarm:
        case "overdue":
            decide = time_out_wait if known.kind == "wait" else record_overdue
            return decide(run, definition, step, by=by, at=at)
        case "escalation":
            return escalate(run, definition, step, by=by, at=at)
        case "skip":
            return skip_overdue(run, definition, step, by=by, at=at, calendar=calendar, directory=directory)
        case "until":
            return end_wait(run, definition, step, by=by, at=at, calendar=calendar, directory=directory)
        case reminder:
            return raise_reminder(run, definition, step, reminder, by=by, at=at)


def needs_whole_run(definition: Definition, step: StepKey, alarm: str) -> bool:
    """Whether what follows from the alarm depends on more of the run than the row's own times and assignee."""
    known = definition.steps.get(step)
    ends_by_time = known is not None and known.wait is not None and known.wait.until is not None
    return known is None or alarm in (ESCALATION, SKIP, UNTIL) or (alarm == OVERDUE and ends_by_time)


class Seen(NamedTuple):
    """One alarm as its row in the read model tells it; ``moves`` is how often the step's due moved."""

    step: StepKey
    round: int
    alarm: str
    at: datetime
    assignee: Assignee | None
    moves: int


def glimpse(process: str, version: int, imported: bool, seen: Iterable[Seen]) -> Run:
    """As much of a running run as the rows of its alarms tell: enough unless ``needs_whole_run``."""
    steps: dict[StepKey, StepState] = {}
    for one in seen:
        now = steps.get(one.step) or StepState(
            state="ready", round=one.round, assignee=one.assignee, due_moves=one.moves
        )
        if one.alarm == OVERDUE:
            steps[one.step] = replace(now, due_at=one.at)
        else:
            steps[one.step] = replace(now, alarms={**now.alarms, one.alarm: one.at})
    return Run(process=process, process_version=version, imported=imported, steps=steps)


def record_overdue(
    run: Run, definition: Definition, step: StepKey, *, by: Actor, at: datetime
) -> list[Event]:
    """Record once per due that it passed while the step was open; nothing when it has not, or the run is paused."""
    known = step_of(definition, step)
    if not _is_overdue(run, known, run.step(step), at):
        return []
    work = Work(run, definition, by, at, _NO_DUES)
    work.on(StepBecameOverdue, step, due_at=run.step(step).due_at)
    _tell(work, step, "notice:overdue", _told_of_overdue(known))
    return work.events


def time_out_wait(run: Run, definition: Definition, step: StepKey, *, by: Actor, at: datetime) -> list[Event]:
    """Flag a wait whose due passed, once per due: it goes on waiting, and those whom the process names hear of it.

    One that time itself ends at its due or before is not late: it ends.
    """
    known = step_of(definition, step)
    now = run.step(step)
    if known.kind != "wait" or ends_at_due(now) or not _is_overdue(run, known, now, at):
        return []
    work = Work(run, definition, by, at, _NO_DUES)
    work.on(StepBecameOverdue, step, due_at=now.due_at)
    work.on(StepWaitTimedOut, step, due_at=now.due_at)
    _tell(work, step, "notice:overdue", _told_of_overdue(known))
    return work.events


def raise_reminder(
    run: Run, definition: Definition, step: StepKey, alarm: str, *, by: Actor, at: datetime
) -> list[Event]:
    """Remind whoever's work the step is, once for each instant that was set for this reminder."""
    step_of(definition, step)
    instant = _come(run, step, alarm, at)
    if instant is None:
        return []
    work = Work(run, definition, by, at, _NO_DUES)
    work.on(StepReminderRaised, step, alarm=alarm, alarm_at=instant)
    _tell(work, step, alarm, (), (run.step(step).assignee,))
    return work.events


def escalate(run: Run, definition: Definition, step: StepKey, *, by: Actor, at: datetime) -> list[Event]:
    """Let the lead of the step's role hear that it was overdue for so long; nothing is approved or done by that."""
    known = step_of(definition, step)
    instant = _come(run, step, ESCALATION, at)
    if instant is None:
        return []
    lead = lead_of(definition, known)
    who = None if lead is None else run.roles.get(lead)
    work = Work(run, definition, by, at, _NO_DUES)
    work.on(StepEscalated, step, role=lead, assignee=who, alarm_at=instant)
    _tell(work, step, ESCALATION, () if lead is None else (lead,))
    return work.events


def skip_overdue(
    run: Run,
    definition: Definition,
    step: StepKey,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Set a step aside because it was overdue for as long as the process allows: skipped, never done."""
    step_of(definition, step)
    if _come(run, step, SKIP, at) is None:
        return []
    return set_aside(
        Work(run, definition, by, at, calendar, directory), step, "overdue for too long", "timer"
    )


def end_wait(
    run: Run,
    definition: Definition,
    step: StepKey,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """End a wait at the instant that the process names for it; one that wants a value first is flagged instead."""
    known = step_of(definition, step)
    instant = _come(run, step, UNTIL, at)
    if instant is None:
        return []
    work = Work(run, definition, by, at, calendar, directory)
    if known.repeat_until is not None and not holds(known.repeat_until.condition, run.values, calendar.zone):
        work.on(StepWaitTimedOut, step, due_at=instant)
        return work.events
    outcome = None if known.outcome or known.outcome_from else WAITED
    return finish_step(work, step, {}, outcome, cause="timer")


def _is_overdue(run: Run, known: Step, now: StepState, at: datetime) -> bool:
    if run.state != "running" or not now.is_open or now.due_at is None or not can_be_overdue(known.kind):
        return False
    return at >= now.due_at and now.overdue != now.due_at


def _come(run: Run, step: StepKey, alarm: str, at: datetime) -> datetime | None:
    """The instant of an alarm that has come; None while it has not, or when there is nothing to do any more."""
    now = run.step(step)
    instant = now.alarms.get(alarm)
    if run.state != "running" or not now.is_open or instant is None or at < instant:
        return None
    return instant


def _told_of_overdue(known: Step) -> tuple[RoleKey, ...]:
    """The roles that hear at once that the step is overdue."""
    notify = known.overdue.notify if known.overdue is not None else ()
    return (*notify, *(known.wait.on_timeout if known.wait is not None else ()))


def _tell(
    work: Work,
    step: StepKey,
    action: str,
    roles: Iterable[RoleKey],
    assignees: Iterable[Assignee | None] = (),
) -> None:
    """Queue a mail to whoever fills these roles when it is sent, and to these assignees.

    A due that moved starts its alarms afresh, so what they queue is named after the move: ``reminder:1:2``.
    """
    known = [who for who in assignees if who is not None]
    named = list(dict.fromkeys(roles))
    moves = work.run.step(step).due_moves
    if named or known:
        name = f"{action}:{moves}" if moves else action
        queue(work, step, name, "email", facts={"roles": named, "assignees": known})
