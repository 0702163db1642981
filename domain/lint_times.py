"""The rules of lint about distances in time: none leads where nothing can happen, none is left unread."""

from __future__ import annotations

from collections.abc import Iterator

from domain.document import Due, Offset, Reminder, Step
from domain.outline import Finding, Findings, Outline, Path

_FARTHEST = {"business_days": 10_000, "calendar_days": 10_000, "hours": 100_000}


def distances(outline: Outline) -> Findings:
    """Every distance of the document and of its steps."""
    document = outline.document
    yield from _reminders(("reminders",), document.reminders)
    yield from _after(("escalate_after",), document.escalate_after)
    if document.digest is not None:
        yield from _reach(("digest",), document.digest)
    for step, path, _ in outline.all_steps:
        yield from _reminders((*path, "reminders"), step.reminders)
        yield from _after((*path, "overdue", "skip_after"), step.overdue.skip_after if step.overdue else None)
        for at, due in _dues(step, path):
            yield from _reach(at, due)
            yield from _unread(at, due)


def _unread(path: Path, due: Due) -> Findings:
    """Hours are elapsed time: no time of day is looked at, and they are not rolled."""
    for name in ("time", "roll") if due.unit == "hours" else ():
        if name in due.model_fields_set and getattr(due, name) not in (None, "none"):
            message = f"hours are counted from an instant, so {name} is never looked at"
            yield Finding((*path, name), "misplaced_details", message, ("business_days", "calendar_days"))


def _dues(step: Step, path: Path) -> Iterator[tuple[Path, Due]]:
    if step.due is not None:
        yield (*path, "due"), step.due
    if step.wait is not None and step.wait.until is not None:
        yield (*path, "wait", "until"), step.wait.until


def _reminders(path: Path, reminders: tuple[Reminder, ...]) -> Findings:
    for place, reminder in enumerate(reminders):
        if reminder.counted_from == "ready":
            yield from _after((*path, place), reminder)
        else:
            yield from _reach((*path, place), reminder)


def _after(path: Path, offset: Offset | None) -> Findings:
    """What can only come afterwards is not counted back."""
    if offset is None:
        return
    if offset.offset < 0:
        message = "this is counted from something that has happened: it cannot come before"
        yield Finding((*path, "offset"), "bad_range", message, ("a whole number from 0 on",))
    yield from _reach(path, offset)


def _reach(path: Path, offset: Offset) -> Findings:
    farthest = _FARTHEST[offset.unit]
    if abs(offset.offset) > farthest:
        message = f"so many {offset.unit} are out of all reach"
        yield Finding((*path, "offset"), "bad_range", message, (f"from {-farthest} to {farthest}",))
