"""A temporary database between the file and the log: gathers cases, orders their events, finds what is odd."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from interchange.bad_log import BadLog
from interchange.logs.source import MOST_BYTES, SourceCase

BATCH = 5_000
_SCHEMA = """
pragma journal_mode = off;
pragma synchronous = off;
create table "case" (ordinal integer primary key, id text not null unique, line integer not null, attributes blob);
create table event (
  sequence integer primary key, case_ordinal integer not null, at_us integer not null, activity text not null,
  transition text not null, actor text, line integer not null, extras blob, instance text);
"""
_EVENTS = """
select case_ordinal, at_us, activity, transition, actor, line, extras, instance from event
order by case_ordinal, at_us, sequence
"""
_INSERT = """
insert into event (case_ordinal, at_us, activity, transition, actor, line, extras, instance) values (?,?,?,?,?,?,?,?)
"""


@dataclass(slots=True)
class SpooledEvent:
    """One event, in the order in which it happened within its case."""

    at_us: int
    activity: str
    transition: str
    actor: str | None
    line: int
    extras: dict[str, Any]
    instance: str | None = None


@dataclass(slots=True)
class SpooledCase:
    """One whole case: attributes of all its rows, events by time and, at equal times, by their order in the file."""

    case: str
    line: int
    attributes: dict[str, Any]
    events: list[SpooledEvent]


@dataclass
class _Gathered:
    ordinals: dict[str, int] = field(default_factory=dict)
    attributes: list[dict[str, Any]] = field(default_factory=list)


def _event(row: tuple[Any, ...]) -> SpooledEvent:
    _ordinal, at_us, activity, transition, actor, line, extras, instance = row
    told = orjson.loads(extras) if extras else {}
    return SpooledEvent(at_us, activity, transition, actor, line, told, instance)


def _packed(attributes: dict[str, Any], line: int) -> bytes:
    """As JSON; what would be too much for one event of the log is a BadLog."""
    found = orjson.dumps(attributes)
    if len(found) > MOST_BYTES:
        told = f"the attributes take {len(found)} bytes"
        raise BadLog(told, line=line, accepted=f"at most {MOST_BYTES} for an event, and for a case")
    return found


class Spool:
    """Cases of one file on disk; memory holds the case ids and their attributes only."""

    def __init__(self, path: Path) -> None:
        """``path`` names a file that does not exist yet."""
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._gathered = _Gathered()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._database.close()

    def fill(self, cases: Iterable[SourceCase]) -> None:
        """Take everything in; a case that comes in several parts is put together."""
        self._database.execute("begin")
        rows: list[tuple[Any, ...]] = []
        lines: list[int] = []
        for case in cases:
            ordinal = self._ordinal(case, lines)
            rows += [self._row(ordinal, event) for event in case.events]
            if len(rows) >= BATCH:
                self._database.executemany(_INSERT, rows)
                rows.clear()
        self._database.executemany(_INSERT, rows)
        self._write_cases(lines)
        self._database.execute("commit")

    def _ordinal(self, case: SourceCase, lines: list[int]) -> int:
        known = self._gathered.ordinals.get(case.case)
        if known is not None:
            self._gathered.attributes[known].update(case.attributes)
            return known
        ordinal = self._gathered.ordinals[case.case] = len(self._gathered.attributes)
        self._gathered.attributes.append(case.attributes)
        lines.append(case.line)
        return ordinal

    @staticmethod
    def _row(ordinal: int, event: Any) -> tuple[Any, ...]:
        extras = _packed(event.extras, event.line) if event.extras else None
        named = event.at_us, event.activity, event.transition, event.actor, event.line
        return ordinal, *named, extras, event.instance

    def _write_cases(self, lines: list[int]) -> None:
        gathered = self._gathered
        self._database.executemany(
            'insert into "case" values (?,?,?,?)',
            (
                (ordinal, case, lines[ordinal], _packed(gathered.attributes[ordinal], lines[ordinal]))
                for case, ordinal in gathered.ordinals.items()
            ),
        )
        gathered.attributes.clear()

    def cases(self) -> Iterator[SpooledCase]:
        """Every case, in the order of its first row in the file."""
        events = iter(self._database.execute(_EVENTS))
        waiting = next(events, None)
        for ordinal, case, line, attributes in self._database.execute(
            'select * from "case" order by ordinal'
        ):
            own: list[SpooledEvent] = []
            while waiting is not None and waiting[0] == ordinal:
                own.append(_event(waiting))
                waiting = next(events, None)
            yield SpooledCase(case, line, orjson.loads(attributes), own)

    def attributes(self) -> set[str]:
        """The names of all attributes that a case has."""
        found = self._database.execute('select attributes from "case"')
        return {name for (attributes,) in found for name in orjson.loads(attributes)}

    def one(self, query: str) -> Any:
        """The first column of the first row of a query over the tables ``case`` and ``event``."""
        return self._database.execute(query).fetchone()[0]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query over the tables ``case`` and ``event``."""
        return self._database.execute(query).fetchall()
