"""How much working time lies between two instants, for many pairs of them: sums by day, made once for a calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

from domain.schedule import Calendar

_FIRST, _LAST = date(1990, 1, 1), date(2110, 1, 1)
_NOTHING = timedelta()


class WorkingTime:
    """`Calendar.working_time`, as quick for years as for a day; what lies outside 1990 to 2109 is walked."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        day = timedelta(days=1)
        worked, self._before, now = 0, [0], _FIRST
        while now < _LAST:
            worked += calendar.works_on(now)
            self._before.append(worked)
            now += day
        self._length = timedelta(
            hours=calendar.closes.hour - calendar.opens.hour,
            minutes=calendar.closes.minute - calendar.opens.minute,
        )

    @property
    def day_hours(self) -> float:
        """The hours of a working day."""
        return self._length / timedelta(hours=1)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from ``start`` to ``end``; nothing when it ends before it starts."""
        first, last = self.calendar.local_day(start), self.calendar.local_day(end)
        if first >= last or first < _FIRST or last >= _LAST:
            return self.calendar.working_time(start, end) if start < end else _NOTHING
        whole = self._before[(last - _FIRST).days] - self._before[(first - _FIRST).days + 1]
        return whole * self._length + self._part(first, start, None) + self._part(last, None, end)

    def hours(self, start: datetime, end: datetime) -> float:
        """The same in hours."""
        return self.between(start, end) / timedelta(hours=1)

    def _part(self, day: date, start: datetime | None, end: datetime | None) -> timedelta:
        if not self.calendar.works_on(day):
            return _NOTHING
        opened, closed = self.calendar.instant(day, self.calendar.opens), self.calendar.closing(day)
        begin = opened if start is None else max(start, opened)
        return max(_NOTHING, (closed if end is None else min(end, closed)) - begin)


@lru_cache(maxsize=16)
def working_time_of(calendar: Calendar) -> WorkingTime:
    """The sums of a calendar, made once."""
    return WorkingTime(calendar)
