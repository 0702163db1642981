"""Digests: a summary by mail, again and again, from a moment of the run until it ends."""

from __future__ import annotations

from datetime import datetime

from domain.definition import Definition
from domain.document import Digest, Offset
from domain.events import Event
from domain.run.queueing import give_up, queue
from domain.run.state import ActionState, Run, action_key
from domain.run.work import Work
from domain.schedule import Calendar, after
from domain.words import Actor, StepKey

PREFIX = "digest:"
_MOST = 4_000
"""Digests of one run: ten years of daily ones."""


def queue_digest(
    run: Run, definition: Definition, *, by: Actor, at: datetime, calendar: Calendar
) -> list[Event]:
    """Have the newest digest sent whose instant has come; those missed meanwhile are passed over, not sent late.

    Nothing before ``after`` is done, while the run is paused, or after its end.
    """
    digest = definition.document.digest
    start = None if digest is None else begins(run, digest)
    if digest is None or start is None or run.state != "running" or not digest.to:
        return []
    known = last_known(run)
    number = newest(digest, start, at, calendar, known)
    if number == known:
        return []
    before = run.actions.get(action_key(None, 1, f"{PREFIX}{known}"))
    work = Work(run, definition, by, at, calendar)
    if before is not None and before.incident is not None:
        give_up(work, before, "a newer digest takes its place")
    since = _told_until(before) or start.isoformat()
    queue(work, None, f"{PREFIX}{number}", "email", facts={"since": since})
    return work.events


def _told_until(before: ActionState | None) -> str | None:
    """The moment up to which digests have told: that of the last one, or of the one before where nobody got it."""
    if before is None or before.queued_at is None:
        return None
    lost = before.incident is not None or before.state == "unsent"
    return str(before.facts["since"]) if lost and "since" in before.facts else before.queued_at.isoformat()


def begins(run: Run, digest: Digest) -> datetime | None:
    """The moment that digests are counted from; None while it has not come."""
    if digest.after is None:
        return run.started_at
    step = run.step(StepKey(digest.after))
    return step.done_at if step.state == "done" else None


def last_known(run: Run) -> int:
    """The number of the last digest of the run; 0 when there was none."""
    numbers = (key.rpartition(":")[2] for key in run.actions if key.startswith(f"/1/{PREFIX}"))
    return max((int(number) for number in numbers if number.isdigit()), default=0)


def newest(digest: Digest, start: datetime, at: datetime, calendar: Calendar, known: int = 0) -> int:
    """The number of the newest digest whose instant is not after ``at``, from ``known`` on."""
    number = known
    if digest.offset < 1:
        return known
    while number < _MOST:
        instant = instant_of(digest, start, number + 1, calendar)
        if instant is None or instant > at:
            break
        number += 1
    return number


def instant_of(digest: Digest, start: datetime, number: int, calendar: Calendar) -> datetime | None:
    """When a digest is due, counted from the start, so that one that is late moves none of the others."""
    return after(start, Offset(offset=digest.offset * number, unit=digest.unit), calendar)
