"""A reminder that a person sends: whoever has the step hears of it, once a day at most."""

from __future__ import annotations

from datetime import datetime

from domain.definition import Definition
from domain.events import Event, StepReminderRaised
from domain.run.queueing import queue
from domain.run.state import Run, action_key
from domain.run.work import Work, in_hand, step_of
from domain.schedule import Calendar
from domain.words import Actor, Rejected, StepKey


def remind_step(
    run: Run, definition: Definition, step: StepKey, *, by: Actor, at: datetime, calendar: Calendar
) -> list[Event]:
    """Remind whose work the step is; a second time on the same day changes nothing."""
    step_of(definition, step)
    now = in_hand(run, definition, step)
    if run.imported:
        raise Rejected(
            "imported_run", "nothing is sent on behalf of a run that was read in", accepted=["comment"]
        )
    if now.assignee is None:
        raise Rejected("nobody_to_remind", f"nobody has the step {step}", accepted=["assign"])
    alarm = f"reminder:by-hand-{calendar.local_day(at)}"
    if action_key(step, now.round, alarm) in run.actions:
        return []
    work = Work(run, definition, by, at, calendar)
    work.on(StepReminderRaised, step, alarm=alarm, alarm_at=at)
    queue(work, step, alarm, "email")
    return work.events
