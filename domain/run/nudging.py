"""A reminder that a person sends: whoever has the step hears of it, once a day at most; the sender hears how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.addresses import AddressBook, Reached, reach, tag_of, tags_in
from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event, StepReminderRaised
from domain.run.queueing import queue
from domain.run.state import ActionState, Run, StepState, action_key
from domain.run.work import Work, in_hand, step_of
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Rejected, StepKey

BY_HAND = "reminder:by-hand-"


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who is reminded: by a mail to ``address``, or, without one, in their inbox only."""

    who: Assignee
    name: str
    how: Literal["mail", "inbox"]
    address: str | None = None


def remind_step(
    run: Run,
    definition: Definition,
    step: StepKey,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Remind whose work the step is; whoever was reminded on the same day already is not reminded again.

    Rejected("nobody_to_remind") when nobody would hear of it, with what is missing.
    """
    step_of(definition, step)
    now = in_hand(run, definition, step)
    if run.imported:
        raise Rejected(
            "imported_run", "nothing is sent on behalf of a run that was read in", accepted=["comment"]
        )
    alarm = f"{BY_HAND}{calendar.local_day(at)}"
    before = _before(run, step, now, alarm)
    theirs = [one for one in before if one.facts.get("assignees") == [now.assignee]]
    if theirs:
        _may_stand(theirs[-1])
    if _have_heard(theirs, told_by_reminder(run, definition, step, directory)):
        return []
    name = f"{alarm}:{len(before) + 1}" if before else alarm
    work = Work(run, definition, by, at, calendar)
    work.on(StepReminderRaised, step, alarm=name, alarm_at=at)
    queue(work, step, name, "email", facts={"assignees": [now.assignee]})
    return work.events


def told_by_reminder(
    run: Run, definition: Definition, step: StepKey, directory: Directory
) -> tuple[Told, ...]:
    """Who hears of a reminder of this step, and how; Rejected("nobody_to_remind") when nobody does."""
    who = run.step(step).assignee
    if who is None:
        raise Rejected("nobody_to_remind", f"nobody has the step {step}", accepted=["assign"])
    book = AddressBook.of(directory)
    found = reach([who], run, definition, book)
    mailed = {one.who or who: one.address for one in found.recipients}
    here = _here(who, directory)
    if not hears(who, found, directory):
        raise _nobody(definition, run, who, found)
    return tuple(
        Told(each, book.name(each), "mail" if each in mailed else "inbox", mailed.get(each))
        for each in dict.fromkeys((*mailed, *here))
    )


def hears(who: Assignee, found: Reached, directory: Directory) -> bool:
    """Whether anybody hears of a reminder: by a mail to whom it reaches, or where they work."""
    return bool(found.recipients or _here(who, directory))


def _here(who: Assignee, directory: Directory) -> tuple[Assignee, ...]:
    return directory.members(who) or ((who,) if directory.is_active(who) else ())


def _before(run: Run, step: StepKey, now: StepState, alarm: str) -> list[ActionState]:
    """Today's reminders of the step by hand: one, unless it reached nobody, or others than it would now."""
    key = action_key(step, now.round, alarm)
    return [action for name, action in run.actions.items() if name == key or name.startswith(f"{key}:")]


def _have_heard(before: Sequence[ActionState], told: Sequence[Told]) -> bool:
    """Whether today's reminders of the same people reach all addresses that one would be sent to now."""
    if any(one.is_pending for one in before):
        return True
    sent = [one for one in before if one.state == "succeeded"]
    reached = frozenset().union(*(tags_in(one.receipt) for one in sent))
    return bool(sent) and (not reached or {tag_of(one.address) for one in told if one.address} <= reached)


def _may_stand(before: ActionState) -> None:
    """Rejected when today's reminder was not sent and somebody is asked about it: there it can be sent again."""
    if before.incident is not None:
        raise Rejected(
            "reminder_not_sent",
            f"today's reminder could not be sent: {before.reason}; decide its incident",
            incident=str(before.incident),
            accepted=["retry", "edit", "let-go"],
        )


def _nobody(definition: Definition, run: Run, who: Assignee, found: Reached) -> Rejected:
    """What is missing, and where it can be entered."""
    why = "; ".join(one.reason for one in found.unreached)
    fields = definition.address_fields
    field = next((path for role, path in fields.items() if run.roles.get(role) == who), None)
    if who.startswith("guest:") and field is not None:
        why += f"; enter it in {field}, or give the step to somebody else"
        return Rejected("nobody_to_remind", why, field=field, accepted=["inputs", "assign"])
    return Rejected("nobody_to_remind", f"{why}; give the step to somebody else", accepted=["assign"])
