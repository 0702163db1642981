"""How much work is ahead of whom, week by week: a sum over open and coming work, in hours of effort.

The effort of a step is its weight times its estimate in hours; without an estimate, and for a task, one hour stands for
a weight of one. Work of a group is shared evenly by its active members; what each of them has to judge is each one's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from domain.directory import Directory
from domain.document import Step
from domain.schedule import Calendar
from domain.words import Assignee

_WEEK = timedelta(days=7)
Needs = Literal["any", "all"] | int


@dataclass(frozen=True, slots=True)
class Piece:
    """A step or task as far as plans care: whose, how much, when. ``ready``: it can be worked on now.

    ``waits``: somebody could work on it, but something else has to happen first (a pause, a block, help asked for).
    ``agreed`` are those of the group who have done their part.
    """

    who: Assignee | None
    hours: float
    due: date | None
    ready: bool = True
    waits: bool = False
    needs: Needs = "any"
    agreed: tuple[str, ...] = ()


@dataclass(slots=True)
class Load:
    """Hours of somebody: by week what is ready and what is coming, and apart what no week takes.

    ``later`` lies beyond the last week or has no due yet although it is coming; ``undated`` is ready and has no due.
    """

    ready: list[float]
    coming: list[float]
    overdue: float = 0.0
    waiting: float = 0.0
    undated: float = 0.0
    later: float = 0.0
    pieces: int = 0


@dataclass(frozen=True, slots=True)
class Week:
    """An ISO week by its Monday, and the working days that it has from today on."""

    monday: date
    days: tuple[date, ...]
    of: int = field(default=0)

    @property
    def name(self) -> str:
        """As ISO 8601 writes it: ``2026-W10``."""
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def share(self) -> float:
        """Which part of a usual week somebody can work in it."""
        return len(self.days) / self.of if self.of else 0.0


def effort(step: Step) -> float:
    """The hours that a step takes."""
    return step.weight * (step.estimate_hours or 1.0)


def weeks_ahead(today: date, count: int, calendar: Calendar) -> tuple[Week, ...]:
    """This week and the following ones; of this one only what is left of it."""
    monday = today - timedelta(days=today.weekday())
    return tuple(_week(monday + number * _WEEK, today, calendar) for number in range(count))


def workload(
    pieces: Iterable[Piece], weeks: Sequence[Week], directory: Directory, calendar: Calendar, today: date
) -> dict[Assignee | None, Load]:
    """The load of everybody who has any; None is nobody, a group stands for itself when nobody is in it.

    What is ready is spread evenly over the working days until it is due; what is coming counts in the week of its due.
    """
    found: dict[Assignee | None, Load] = {}
    for piece in pieces:
        for who, hours in shares(piece, directory):
            if who not in found:
                found[who] = Load([0.0] * len(weeks), [0.0] * len(weeks))
            found[who].pieces += 1
            _count(found[who], piece, hours, weeks, calendar, today)
    return found


def shares(piece: Piece, directory: Directory) -> Iterator[tuple[Assignee | None, float]]:
    """Who has how many hours of it."""
    who = piece.who
    members = directory.members(who) if who is not None and who.startswith("group:") else ()
    if not members:
        yield who, piece.hours
        return
    left = [member for member in members if member not in piece.agreed]
    if piece.needs == "all":
        part = 1.0
    elif piece.needs == "any":
        part = 1 / len(members)
    else:
        part = min(1.0, max(0, piece.needs - len(piece.agreed)) / len(left)) if left else 0.0
    yield from ((member, piece.hours * part) for member in left)


def _count(
    load: Load, piece: Piece, hours: float, weeks: Sequence[Week], calendar: Calendar, today: date
) -> None:
    if piece.waits:
        load.waiting += hours
    elif piece.due is not None and piece.due < today:
        load.overdue += hours
    elif piece.ready and piece.due is None:
        load.undated += hours
    elif piece.due is None:
        load.later += hours
    elif piece.ready:
        load.later += _spread(load.ready, hours, piece.due, weeks, calendar, today)
    else:
        load.later += _put(load.coming, hours, piece.due, weeks)


def _spread(
    into: list[float], hours: float, due: date, weeks: Sequence[Week], calendar: Calendar, today: date
) -> float:
    """Spread hours over the working days until the due; what lies beyond the last week is left."""
    last = weeks[-1].monday + _WEEK - timedelta(days=1)
    within = [sum(1 for day in week.days if day <= due) for week in weeks]
    beyond = _working_days(last, due, calendar) if due > last else 0
    days = sum(within) + beyond
    if days == 0:  # due today or on the days off before the next working day: it is this week's
        return _put(into, hours, max(due, today), weeks)
    for number, count in enumerate(within):
        into[number] += hours * count / days
    return hours * beyond / days


def _put(into: list[float], hours: float, due: date, weeks: Sequence[Week]) -> float:
    number = (due - weeks[0].monday).days // 7
    if number >= len(weeks):
        return hours
    into[number] += hours
    return 0.0


def _working_days(after: date, upto: date, calendar: Calendar) -> int:
    """The working days later than ``after`` up to ``upto``; that may be years away, so whole weeks are not walked."""
    weeks, rest = divmod((upto - after).days, 7)
    start = after + weeks * _WEEK
    usual = calendar.working_days
    off = [
        day for day in calendar.holidays - calendar.moved if after < day <= start and day.weekday() in usual
    ]
    more = [day for day in calendar.moved if after < day <= start and day.weekday() not in usual]
    walked = sum(calendar.works_on(start + timedelta(days=number + 1)) for number in range(rest))
    return weeks * len(usual) - len(off) + len(more) + walked


def _week(monday: date, today: date, calendar: Calendar) -> Week:
    days = (monday + timedelta(days=number) for number in range(7))
    return Week(
        monday,
        tuple(day for day in days if day >= today and calendar.works_on(day)),
        len(calendar.working_days),
    )
