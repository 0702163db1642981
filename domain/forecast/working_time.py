"""The organisation's working time as an axis: instants to working seconds and back, many at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from domain.forecast.features import Floats
from domain.schedule import Calendar

_DAY = timedelta(days=1)
_FEWEST_DAYS = 5


@dataclass(frozen=True)
class Axis:
    """Working spans of a calendar in order, seconds since 1970; ``before`` is the working time before each of them.

    Outside of the years that it was made for, every second counts: nothing is lost, and nothing is refused.
    """

    opens: Floats
    closes: Floats
    before: Floats
    day_seconds: float

    @classmethod
    def of(cls, calendar: Calendar, first: date, last: date) -> Axis:
        """The working days from ``first`` to ``last``. A calendar without working days counts every second."""
        days = [first + _DAY * number for number in range((last - first).days + 1)]
        worked = [day for day in days if calendar.works_on(day)]
        if len(worked) < _FEWEST_DAYS:
            begin, end = np.array([_seconds(first)]), np.array([_seconds(last + _DAY)])
            return cls(begin, end, np.zeros(1), 86_400.0)
        opens = np.array([calendar.instant(day, calendar.opens).timestamp() for day in worked])
        closes = np.array([calendar.closing(day).timestamp() for day in worked])
        spans = closes - opens
        return cls(opens, closes, np.concatenate([[0.0], np.cumsum(spans)[:-1]]), float(np.median(spans)))

    def working(self, instants: ArrayLike) -> Floats:
        """The working seconds before each instant, counted from the first day of the axis."""
        at = np.asarray(instants, float)
        place = np.maximum(np.searchsorted(self.opens, at, "right") - 1, 0)
        inside = np.minimum(at, self.closes[place]) - self.opens[place]
        beyond = np.maximum(at - self.closes[-1], 0.0)
        return np.asarray(
            self.before[place] + np.where(at < self.opens[0], at - self.opens[0], inside) + beyond
        )

    def instants(self, working: ArrayLike) -> Floats:
        """The instants before which there is so much working time; the end of a day rather than the next morning."""
        seconds = np.asarray(working, float)
        place = np.maximum(np.searchsorted(self.before, seconds, "left") - 1, 0)
        return np.asarray(self.opens[place] + seconds - self.before[place])


@lru_cache(maxsize=8)
def axis_of(calendar: Calendar, first_year: int, last_year: int) -> Axis:
    """The axis of whole years, kept: making one takes some milliseconds a year."""
    return Axis.of(calendar, date(first_year, 1, 1), date(last_year, 12, 31))


def _seconds(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
