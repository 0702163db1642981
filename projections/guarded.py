"""The rows of one stream as far as its history can be told: up to an event that cannot be digested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from domain.upcast import UnknownEvent
from projections.projection import Definitions, Row, Source, Subject
from projections.reading import Event


class Told(NamedTuple):
    """The rows of the longest beginning of a history that raises nothing; ``stop`` is where and why it ended."""

    rows: list[tuple[int, Row]]
    stop: tuple[int, Exception] | None = None


def tell(source: Source, stream: UUID, history: Sequence[Event], definitions: Definitions) -> Told:
    """Fold a history and make its rows; when that raises, once more event by event, up to the one that does."""
    try:
        return Told(_at_once(source, stream, history, definitions))
    except Exception:  # noqa: BLE001 - whatever a projection raises is found again, and told, one event at a time
        return tell_slowly(source, stream, history, definitions)


def tell_slowly(source: Source, stream: UUID, history: Sequence[Event], definitions: Definitions) -> Told:
    """Make the rows after every event, as the live read model may have done."""
    states = [fold.make() for fold in source.folds]
    rows: list[tuple[int, Row]] = []
    for event in history:
        try:
            _apply(source, states, event)
            rows = list(source.rows(Subject(stream, event[2], states, definitions)))
        except Exception as error:  # noqa: BLE001 - the stream stands still here, for people to see
            return Told(rows, (event[0], error))
    return Told(rows)


def _at_once(
    source: Source, stream: UUID, history: Sequence[Event], definitions: Definitions
) -> list[tuple[int, Row]]:
    states = [fold.make() for fold in source.folds]
    for event in history:
        _apply(source, states, event)
    version = history[-1][2] if history else 0
    return list(source.rows(Subject(stream, version, states, definitions)))


def _apply(source: Source, states: Sequence[object], event: Event) -> None:
    _, _, _, kind, data, actor, at = event
    if isinstance(data, UnknownEvent):
        raise data
    for fold, state in zip(source.folds, states, strict=True):
        if (handler := fold.handlers.get(kind)) is not None:
            handler(state, data, at, actor)
