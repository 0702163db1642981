"""The moment, and the organisation's calendar, by which lateness is judged when a question is asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from uuid import UUID

from domain.schedule import Calendar, end_of_day, target_after

WEEKDAYS = Calendar()
"""Where nobody says otherwise: Monday to Friday, nine to five in UTC."""


@dataclass(frozen=True, slots=True)
class Judge:
    """What time makes of a row: targets in working days, days in the organisation's zone, what a forecast warns of."""

    now: datetime
    calendar: Calendar = WEEKDAYS
    at_risk: Collection[UUID] = field(default=frozenset())

    def target(self, started_at: datetime, working_days: float) -> datetime | None:
        """When a stage is to be over: so many working days after its run began."""
        return _target(self.calendar, self.calendar.local_day(started_at), started_at, working_days)

    def end_of(self, day: date) -> datetime:
        """When a day is over."""
        return _end(self.calendar, day)

    def day(self, instant: datetime) -> str:
        """A day as people write it: ``12 Nov``, with the year when it is another one than now."""
        day, today = self.calendar.local_day(instant), self.calendar.local_day(self.now)
        return f"{day:%-d %b}" if day.year == today.year else f"{day:%-d %b %Y}"


def judge(now: datetime | None, calendar: Calendar | None, at_risk: Collection[UUID] = frozenset()) -> Judge:
    """A judge for this moment (without one: now)."""
    return Judge(now or datetime.now(UTC), calendar or WEEKDAYS, at_risk)


def _target(calendar: Calendar, day: date, started_at: datetime, working_days: float) -> datetime | None:
    """Whole days depend on the day alone, so that a board of many runs asks the calendar once a day."""
    if working_days == int(working_days):
        return _whole_days(calendar, day, int(working_days))
    return target_after(started_at, working_days, calendar)


@lru_cache(maxsize=50_000)
def _whole_days(calendar: Calendar, day: date, working_days: int) -> datetime | None:
    return target_after(calendar.instant(day, calendar.opens), working_days, calendar)


@lru_cache(maxsize=50_000)
def _end(calendar: Calendar, day: date) -> datetime:
    return end_of_day(day, calendar)
