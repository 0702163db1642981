"""When something is due: the organisation's calendar, and the instant that a due rule gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from domain.document import Anchor, AnchorField, Due, Offset
from domain.reach import in_reach

Roll = Literal["next", "previous", "none"]
Anchors = Callable[[Anchor], "datetime | date | None"]
"""Gives the instant, or the day, that an anchor stands for; None while it is not set."""

_DAY = timedelta(days=1)
_FARTHEST_DAYS = 40_000
"""No working day within a century: the calendar has none, and nothing is due."""


@dataclass(frozen=True)
class Calendar:
    """The organisation's working time. ``name`` says which version of it a due was computed with.

    ``working_days`` are weekdays (0 = Monday), hours are local times of ``zone``. ``moved`` are days that are worked in
    place of others, although the weekday is off: such as a Saturday before a bridge day.
    """

    name: str = "weekdays"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    working_days: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    opens: time = time(9)
    closes: time = time(17)
    holidays: frozenset[date] = frozenset()
    moved: frozenset[date] = frozenset()

    def works_on(self, day: date) -> bool:
        """Whether the organisation works on this day."""
        return (day.weekday() in self.working_days and day not in self.holidays) or day in self.moved

    def local_day(self, instant: datetime) -> date:
        """The day that this instant falls on where the organisation is."""
        return instant.astimezone(self.zone).date()

    def instant(self, day: date, clock: time) -> datetime:
        """The UTC instant of a local time; a time that the clocks skip is the one an hour later."""
        return datetime.combine(day, clock, self.zone).astimezone(UTC)

    def closing(self, day: date) -> datetime:
        """The end of this business day as a UTC instant."""
        return self.instant(day, self.closes)

    def roll(self, day: date, direction: Roll) -> date | None:
        """The day itself when the organisation works on it (or nothing is rolled), else the nearest one."""
        if direction == "none" or self.works_on(day):
            return day
        return self.working_day(day, 1 if direction == "next" else -1)

    def working_day(self, day: date, count: int) -> date | None:
        """The ``count``-th working day after ``day`` (before it, when negative); None where there is none."""
        step = _DAY if count > 0 else -_DAY
        left = abs(count)
        for _ in range(_FARTHEST_DAYS):
            if left == 0:
                return day
            day += step
            left -= self.works_on(day)
        return None

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two instants."""
        total, day = timedelta(), self.local_day(start)
        while day <= self.local_day(end):
            if self.works_on(day):
                opened = max(start, self.instant(day, self.opens))
                total += max(timedelta(), min(end, self.closing(day)) - opened)
            day += _DAY
        return total

    def later(self, instant: datetime, working: timedelta) -> datetime:
        """The instant that comes so much working time after ``instant``."""
        day = self.local_day(instant)
        for _ in range(_FARTHEST_DAYS):
            if working <= timedelta():
                break
            if self.works_on(day):
                start = max(instant, self.instant(day, self.opens))
                spent = min(working, max(timedelta(), self.closing(day) - start))
                if spent:
                    instant, working = start + spent, working - spent
            day += _DAY
        return instant


def due_at(due: Due, anchors: Anchors, calendar: Calendar) -> datetime | None:
    """The UTC instant at which something is due; None while its anchor is not set (or out of all reach).

    A due without a time is the end of the business day; hours are elapsed time and are never rolled. What is counted
    from something that happened is not due before it: after the end of business it is the next day's.
    """
    anchor = anchors(due.anchor)
    if anchor is None:
        return None
    return _reached(lambda: _from(anchor, due, calendar))


def target_after(start: datetime, working_days: float, calendar: Calendar) -> datetime | None:
    """The end of the business day so many working days after ``start``; a part of a day counts in working hours."""
    return _reached(lambda: _target(start, working_days, calendar))


def _target(start: datetime, working_days: float, calendar: Calendar) -> datetime | None:
    day = calendar.working_day(calendar.local_day(start), int(working_days))
    if day is None:
        return None
    part = working_days - int(working_days)
    if not part:
        return calendar.closing(day)
    length = calendar.closing(day) - calendar.instant(day, calendar.opens)
    return calendar.later(calendar.instant(day, start.astimezone(calendar.zone).time()), part * length)


def after(instant: datetime, offset: Offset, calendar: Calendar) -> datetime | None:
    """The instant so far after (or before) another: for reminders and time-outs. Days keep the local time.

    None where that is out of all reach.
    """
    return _reached(lambda: _after(instant, offset, calendar))


def _after(instant: datetime, offset: Offset, calendar: Calendar) -> datetime | None:
    if offset.unit == "hours":
        return instant + timedelta(hours=offset.offset)
    day = _shifted(calendar.local_day(instant), offset, calendar)
    return None if day is None else calendar.instant(day, instant.astimezone(calendar.zone).time())


def _reached(find: Callable[[], datetime | None]) -> datetime | None:
    """The instant that is found; None where it is out of all reach, or what it is counted from is."""
    try:
        found = find()
    except OverflowError:
        return None
    return found if found is not None and in_reach(found) else None


def _from(anchor: datetime | date, due: Due, calendar: Calendar) -> datetime | None:
    if due.unit == "hours":
        return _instant(anchor, calendar) + timedelta(hours=due.offset)
    day = calendar.local_day(anchor) if isinstance(anchor, datetime) else anchor
    found = _on(_shifted(day, due, calendar), due, calendar)
    if found is not None and due.offset >= 0 and is_event(due.anchor) and found < _instant(anchor, calendar):
        following = due.model_copy(update={"roll": "none" if due.roll == "none" else "next"})
        return _on(_shifted(day, Offset(offset=1, unit=due.unit), calendar), following, calendar)
    return found


def _on(day: date | None, due: Due, calendar: Calendar) -> datetime | None:
    rolled = None if day is None else calendar.roll(day, due.roll)
    clock = time.fromisoformat(due.time) if due.time else calendar.closes
    return None if rolled is None else calendar.instant(rolled, clock)


def is_event(anchor: Anchor) -> bool:
    """Whether the anchor is something that happened, from which a clock runs; not a date that somebody named."""
    return anchor != "run_target" and not isinstance(anchor, AnchorField)


def _shifted(day: date, offset: Offset, calendar: Calendar) -> date | None:
    if offset.unit == "calendar_days":
        return day + timedelta(days=offset.offset)
    return calendar.working_day(day, offset.offset)


def _instant(anchor: datetime | date, calendar: Calendar) -> datetime:
    if isinstance(anchor, datetime):
        return anchor.astimezone(UTC)
    return calendar.instant(anchor, calendar.opens)
