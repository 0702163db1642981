"""Answers about how much work is ahead of whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class WeekLoad:
    """One ISO week of somebody, in hours: ready and coming work, and what they can work (None: not known).

    ``working_days`` are those from today on; ``free`` is what is left of the capacity, negative when there is too much.
    """

    week: str
    monday: date
    working_days: int
    ready: float
    coming: float
    capacity: float | None
    free: float | None


@dataclass(frozen=True, slots=True)
class PersonLoad:
    """Somebody's weeks, and apart from them what is overdue, waits, has no due, or lies beyond the last week.

    ``who`` is a person, a group that nobody active is in, or None for work that is nobody's yet.
    """

    who: str | None
    name: str | None
    active: bool
    weekly_hours: float | None
    weeks: tuple[WeekLoad, ...]
    overdue: float
    waiting: float
    undated: float
    later: float
    pieces: int


@dataclass(frozen=True, slots=True)
class Workload:
    """Everybody who has work, the most loaded first; all figures in hours of effort, to two decimals."""

    rows: tuple[PersonLoad, ...]
    weeks: tuple[str, ...]
    today: date
    position: int
    as_of: datetime
    behind: int = 0
