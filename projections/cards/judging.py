"""The moment, and the organisation's calendar, by which lateness is judged when a question is asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from domain.schedule import Calendar, target_after
from domain.working_time import working_time_of
from projections.answers.forecasts import ForecastFace
from projections.asking import Conn
from projections.cards.usual_times import Usual, usual_of

_BEGINNING = datetime(1990, 1, 2, tzinfo=UTC)
_MOST_KEPT = 10_000
WEEKDAYS = Calendar()
"""Where nobody says otherwise: Monday to Friday, nine to five in UTC."""


def _nothing_usual(_process: str, _stage: str) -> Usual | None:
    return None


@dataclass(frozen=True, slots=True)
class Judge:
    """What time makes of a row: targets in working days, days in the organisation's zone, what a forecast warns of."""

    now: datetime
    calendar: Calendar = WEEKDAYS
    at_risk: Collection[UUID] = field(default=frozenset())
    faces: Mapping[UUID, ForecastFace] = field(default_factory=dict, compare=False)
    usual: Callable[[str, str], Usual | None] = field(default=_nothing_usual, compare=False)
    _known: _Known = field(init=False, repr=False, compare=False)
    year: int = field(init=False, repr=False, compare=False)
    _until_now: float = field(init=False, repr=False, compare=False)
    _usual_days: dict[tuple[str, str], float | None] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", _known_of(self.calendar))
        object.__setattr__(self, "year", self.calendar.local_day(self.now).year)
        object.__setattr__(self, "_until_now", self._worked_up_to(self.now))

    def target(self, started_at: datetime, working_days: float) -> datetime | None:
        """When a stage is to be over: so many working days after its run began.

        Whole days depend on the day alone, so that a board of many runs asks the calendar once a day.
        """
        if working_days != int(working_days):
            return target_after(started_at, working_days, self.calendar)
        key = self.calendar.local_day(started_at), int(working_days)
        known = self._known.targets
        if key not in known:
            opened = self.calendar.instant(key[0], self.calendar.opens)
            known[key] = target_after(opened, key[1], self.calendar)
        return known[key]

    @property
    def kept(self) -> dict[Any, Any]:
        """Where the stages of cards are kept ready under this calendar (see projections/cards/stages.py)."""
        return self._known.stages

    def end_of(self, day: date) -> datetime:
        """When a business day is over: a day without a time is due then."""
        known = self._known.ends
        if day not in known:
            known[day] = self.calendar.closing(day)
        return known[day]

    def worked_days(self, since: datetime) -> float:
        """The working days from an instant until now, rounded as people tell them."""
        return self.in_days(self.worked_hours(since))

    def worked_hours(self, since: datetime) -> float:
        """The working hours from an instant until now, to a few milliseconds; 0 of what is still to come."""
        return max(0.0, round(self._until_now - self._worked_up_to(since), 6))

    def _worked_up_to(self, instant: datetime) -> float:
        """The working hours of all years up to an instant; kept, because boards ask for the same ones again."""
        known = self._known.worked
        hours = known.get(instant)
        if hours is None:
            if len(known) >= _MOST_KEPT:
                known.clear()
            hours = known[instant] = self._known.working.hours(_BEGINNING, instant)
        return hours

    def usual_days(self, process: str | None, stage: str) -> float | None:
        """How many working days runs of this process usually stay in this stage at most."""
        key = process or "", stage
        if key not in self._usual_days:
            usual = self.usual(process, stage) if process else None
            self._usual_days[key] = None if usual is None else self.in_days(usual.hours)
        return self._usual_days[key]

    def in_days(self, hours: float) -> float:
        """Working hours as working days."""
        return round(hours / self._known.day_hours, 1)

    def day(self, instant: datetime) -> str:
        """A day as people write it: ``12 Nov``, with the year when it is another one than now."""
        return _written(self.calendar.local_day(instant), self.year)


class _Known:
    """What was asked of a calendar before: days, cards' stages, and instants in working hours."""

    def __init__(self, calendar: Calendar) -> None:
        self.working = working_time_of(calendar)
        self.day_hours = self.working.day_hours
        self.targets: dict[tuple[date, int], datetime | None] = {}
        self.ends: dict[date, datetime] = {}
        self.stages: dict[Any, Any] = {}
        self.worked: dict[datetime, float] = {}


@lru_cache(maxsize=16)
def _known_of(calendar: Calendar) -> _Known:
    return _Known(calendar)


@lru_cache(maxsize=10_000)
def _written(day: date, year: int) -> str:
    return f"{day:%-d %b}" if day.year == year else f"{day:%-d %b %Y}"


def judge(
    now: datetime | None,
    calendar: Calendar | None,
    faces: Mapping[UUID, ForecastFace] | None = None,
    connection: Conn | None = None,
) -> Judge:
    """A judge for this moment (without one: now), who knows these forecasts, and with a connection what is usual."""
    known, at, by = faces or {}, now or datetime.now(UTC), calendar or WEEKDAYS
    usual = _nothing_usual if connection is None else usual_of(connection, at, by)
    return Judge(at, by, at_risk(known), known, usual)


def at_risk(faces: Mapping[UUID, ForecastFace]) -> frozenset[UUID]:
    """The runs that will more likely be late than their target allows, or that do not move."""
    return frozenset(run for run, face in faces.items() if face.state in {"at_risk", "late", "stalled"})
