"""How long the stages of a process usually take, on working time: from the runs that ended last before a moment."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any, NamedTuple
from uuid import UUID

from domain.schedule import Calendar
from domain.working_time import working_time_of
from projections.asking import Conn
from projections.engine.fold import instant
from projections.statements import ask, statements, values_of

RUNS = 200
"""The runs that are looked at: the newest tell best how it goes now."""
LEAST = 5
"""With fewer passages nothing is usual."""
_MOST_KEPT = 500


class Usual(NamedTuple):
    """The working hours that 85 of 100 runs took in a stage at most, and how many runs say so."""

    hours: float
    runs: int


class _NewestEnded(NamedTuple):
    """Of a process the run that ended last."""

    process: str
    card: UUID
    version: int
    ended_at: datetime


_SQL = statements("cards/usual_times")
_KEPT: OrderedDict[tuple[Calendar, _NewestEnded], dict[str, Usual]] = OrderedDict()


def usual_of(connection: Conn, now: datetime, calendar: Calendar) -> Callable[[str, str], Usual | None]:
    """How long a stage of a process usually takes; what there is to know is asked for once, when it is first wanted."""
    newest: dict[str, _NewestEnded] | None = None
    known: dict[str, dict[str, Usual]] = {}

    def usual(process: str, stage: str) -> Usual | None:
        nonlocal newest
        if newest is None:
            found = ask(connection, _SQL["newest_ended"], _NewestEnded, at=now)
            newest = {each.process: each for each in found}
        if process not in known:
            last = newest.get(process)
            known[process] = {} if last is None else _usual_hours(connection, process, last, now, calendar)
        return known[process].get(stage)

    return usual


def _usual_hours(
    connection: Conn, process: str, newest: _NewestEnded, at: datetime, calendar: Calendar
) -> dict[str, Usual]:
    """P85 (nearest rank) by stage over the newest runs of a process that had ended by ``at``.

    It is worked out anew only when another run was the last to end (``newest``).
    """
    key = calendar, newest
    if key not in _KEPT:
        _KEPT[key] = _measured(
            values_of(connection, _SQL["passages"], process=process, at=at, limit=RUNS), calendar
        )
        while len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    return _KEPT[key]


def _measured(found: Iterable[Sequence[Mapping[str, Any]]], calendar: Calendar) -> dict[str, Usual]:
    worked = working_time_of(calendar)
    hours: dict[str, list[float]] = {}
    for stages in found:
        for dot in stages:
            entered_at, ended_at = instant(dot["entered_at"]), instant(dot["ended_at"])
            if entered_at is not None and ended_at is not None:
                hours.setdefault(dot["key"], []).append(worked.hours(entered_at, ended_at))
    return {stage: _p85(taken) for stage, taken in hours.items() if len(taken) >= LEAST}


def _p85(taken: list[float]) -> Usual:
    ordered = sorted(taken)
    return Usual(ordered[ceil(0.85 * len(ordered)) - 1], len(ordered))
