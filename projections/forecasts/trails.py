"""Reads the trails of runs, from which forecasts are learnt and made, out of the history read model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby
from math import isfinite
from operator import attrgetter, itemgetter
from typing import Any, assert_never, get_args
from uuid import UUID

import orjson
from psycopg import Connection

from domain import events as e
from domain import texts
from domain.forecast.trails import Mark, Trail
from projections.engine.projection import blocks
from projections.facts.run_folds import MEANINGS

Conn = Connection[Any]

SQL = {name: text.encode() for name, text in blocks("forecasts/queries").items()}
PAGE_RUNS = 2_000
"""Runs that are read in one statement."""

MARKS = {kind.type: means.mark for kind, means in MEANINGS.items() if means.mark is not None}
"""Events that leave a mark, and what the mark is called."""
_IMPORTED = {**MARKS, e.StepAssigned.type: "assigned"}
"""Here whose work a step is is known at once; an imported log has it as an event among the others."""
_Life = (
    e.RunStarted
    | e.RunTargetSet
    | e.RunPaused
    | e.RunResumed
    | e.RunCompleted
    | e.RunEndedEarly
    | e.RunCancelled
    | e.RunReopened
)
_LIVES: dict[str, type[_Life]] = {kind.type: kind for kind in get_args(_Life)}
_TYPES = [*_IMPORTED, *_LIVES]
_STREAM = itemgetter(0)


def trails_of(connection: Conn, process: str, *, imported: bool | None = None) -> list[Trail]:
    """Every run of a process, test runs aside; only imported ones, or only others, when asked for."""
    runs = [run for (run,) in connection.execute(SQL["runs_to_read"], {"process": process})]
    found: list[Trail] = []
    for at in range(0, len(runs), PAGE_RUNS):
        found += _trails(connection, runs[at : at + PAGE_RUNS])
    return found if imported is None else [trail for trail in found if trail.imported == imported]


def trail_of(connection: Conn, run: UUID, upto: int | None = None) -> Trail | None:
    """One run, as far as position ``upto``; None where nothing is known of it."""
    return next(iter(_trails(connection, [run], upto)), None)


def _trails(connection: Conn, runs: list[UUID], upto: int | None = None) -> Iterator[Trail]:
    asked = {"runs": runs, "types": _TYPES, "lives": [*_LIVES], "upto": upto}
    rows = connection.execute(SQL["marks"], asked, binary=True).fetchall()
    for stream, events in groupby(rows, _STREAM):
        read = _Reading(str(stream))
        read.through(events)
        if read.started_at is not None:
            yield read.trail()


class _Reading:
    """One run while its events go by."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.target_at: float | None = None
        self.imported = False
        self.numbers: dict[str, float] = {}
        self.marks: list[Mark] = []
        self.pauses: list[tuple[float, float | None]] = []

    def through(self, events: Iterable[tuple[Any, ...]]) -> None:
        """Take in all events, oldest first."""
        for _stream, kind, step, round_, by, at, data in events:
            if (life := _LIVES.get(kind)) is not None:  # the end of a run may name a step too
                self._life(
                    life.model_validate({**orjson.loads(data), "at": datetime.fromtimestamp(at, UTC)}), at
                )
            elif self.imported or kind in MARKS:
                self.marks.append(Mark(at, step, _IMPORTED[kind], by, round_))

    def _life(self, event: _Life, at: float) -> None:
        match event:
            case e.RunStarted():
                self._start(event, at)
            case e.RunTargetSet():
                self.target_at = _seconds(event.target_at)
            case e.RunPaused():
                self.pauses.append((at, None))
            case e.RunResumed():
                self._go_on(at)
            case e.RunReopened():
                self.ended_at = None
            case e.RunCompleted() | e.RunEndedEarly() | e.RunCancelled():
                self._go_on(at)
                self.ended_at = at
            case _:
                assert_never(event)

    def _start(self, event: e.RunStarted, at: float) -> None:
        self.started_at = at
        self.imported = event.imported
        self.target_at = _seconds(event.target_at)
        self.numbers = {name: number for name, value in event.inputs.items() for number in _number(value)}

    def _go_on(self, at: float) -> None:
        if self.pauses and self.pauses[-1][1] is None:
            self.pauses[-1] = (self.pauses[-1][0], at)

    def trail(self) -> Trail:
        """What was read."""
        assert self.started_at is not None  # the caller looked
        return Trail(
            self.run, self.started_at, tuple(sorted(self.marks, key=attrgetter("at"))), self.ended_at, self.target_at,
            self.numbers, tuple(self.pauses), self.imported,
        )  # fmt: skip


def _number(value: Any) -> list[float]:
    """The number that an input is; imported ones are text."""
    if isinstance(value, str):
        with suppress(texts.NotOne):
            number = texts.number(value)
            return [] if number is None else [number]
        return []
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return []
    return [float(value)] if isfinite(value) else []


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
