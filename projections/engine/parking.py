"""The rows of one stream as far as its history can be told: up to an event that cannot be digested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from projections.engine.projection import Definitions, Row, Source, Subject
from projections.engine.reading import LogEvent

Rows = list[tuple[int, Row]]


class Told(NamedTuple):
    """The rows of the longest beginning of a history that has some; ``stop`` is where and why the rest has none."""

    rows: Rows
    stop: tuple[int, Exception] | None = None


class Beginning(NamedTuple):
    """A history up to one of its events: the rows that it has there, or why it has none."""

    position: int
    rows: Rows | Exception


def tell(source: Source, stream: UUID, history: Sequence[LogEvent], definitions: Definitions) -> Told:
    """Fold a history and make its rows; when that raises, those of its longest beginning that does not."""
    try:
        return Told(_at_once(source, stream, history, definitions))
    except Exception:  # noqa: BLE001 - whatever a projection raises is found again, and told, one event at a time
        return tell_slowly(source, stream, history, definitions)


def tell_slowly(source: Source, stream: UUID, history: Sequence[LogEvent], definitions: Definitions) -> Told:
    """Make the rows after every event, as the live read model may have done."""
    told = Told([])
    for position, rows in beginnings(source, stream, history, definitions):
        if not isinstance(rows, Exception):
            told = Told(rows)
        elif told.stop is None:
            told = Told(told.rows, (position, rows))
    return told


def beginnings(
    source: Source, stream: UUID, history: Sequence[LogEvent], definitions: Definitions, after: int = 0
) -> Iterator[Beginning]:
    """Every beginning of the history that ends above ``after``; the last is the one that cannot be folded, if any."""
    states = [fold.make() for fold in source.folds]
    for event in history:
        try:
            _apply(source, states, event)
        except Exception as error:  # noqa: BLE001 - the stream stands still here, for people to see
            yield Beginning(event[0], error)
            return
        if event[0] > after:
            yield Beginning(event[0], rows_or_why_not(source, Subject(stream, event[2], states, definitions)))


def rows_or_why_not(source: Source, subject: Subject) -> Rows | Exception:
    """The rows of a stream as it stands, or what was raised when they were made."""
    try:
        return list(source.rows(subject))
    except Exception as error:  # noqa: BLE001 - the stream may stand still here, for people to see
        return error


def _at_once(source: Source, stream: UUID, history: Sequence[LogEvent], definitions: Definitions) -> Rows:
    states = [fold.make() for fold in source.folds]
    for event in history:
        _apply(source, states, event)
    version = history[-1][2] if history else 0
    return list(source.rows(Subject(stream, version, states, definitions)))


def _apply(source: Source, states: Sequence[object], event: LogEvent) -> None:
    fact = event[4]
    if isinstance(fact, Exception):
        raise fact
    for fold, state in zip(source.folds, states, strict=True):
        fold.take(state, fact)
