"""Folds events for all projections that stand at the same position, and finds out which rows change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from domain.events import EVENT_TYPES, Event
from projections.engine.fold import Fold, Handler
from projections.engine.parking import Beginning, Told, beginnings, tell
from projections.engine.projection import Definitions, Projection, Row, Source, Subject
from projections.engine.reading import LogEvent, read_streams

Key = tuple[Any, ...]
_AGGREGATE: dict[str, str] = {name: event.aggregate for name, event in EVENT_TYPES.items()}


@dataclass
class TableChange:
    """What is to be done with one table: rows to take away by key or by stream, then rows to put in."""

    keys: list[Key] = field(default_factory=list)
    streams: list[UUID] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


class Parked(NamedTuple):
    """A stream that a projection gives up on."""

    projection: str
    stream: UUID
    position: int
    error: str


@dataclass
class Changes:
    """What a batch of events changes, by (projection, number of the table).

    ``again`` are the (projection, stream) pairs given up before about which there is news: they may be whole again.
    """

    tables: dict[tuple[str, int], TableChange]
    parked: list[Parked] = field(default_factory=list)
    again: list[tuple[str, UUID]] = field(default_factory=list)


class _Part(NamedTuple):
    """One projection's share of an aggregate: where its states are among those of the cohort."""

    projection: Projection
    source: Source
    states: tuple[int, ...]


class _Kind:
    """All that a cohort does with one aggregate."""

    def __init__(self, aggregate: str, projections: Sequence[Projection]) -> None:
        folds: list[Fold] = []
        self.parts: list[_Part] = []
        for projection in projections:
            if (source := projection.sources.get(aggregate)) is not None:
                folds += [fold for fold in source.folds if fold not in folds]
                self.parts.append(
                    _Part(projection, source, tuple(folds.index(fold) for fold in source.folds))
                )
        self.folds = folds
        kinds = {kind for fold in folds for kind in fold.handlers}
        self.handlers: dict[type[Event], tuple[tuple[int, Handler], ...]] = {
            kind: tuple(
                (place, fold.handlers[kind]) for place, fold in enumerate(folds) if kind in fold.handlers
            )
            for kind in kinds
        }


class _Entry:
    """One stream in memory: the states of the cohort's folds, and the rows it has in the tables."""

    __slots__ = ("kind", "rows", "states", "version")

    def __init__(self, kind: _Kind) -> None:
        self.kind = kind
        self.version = 0
        self.states = [fold.make() for fold in kind.folds]
        self.rows: list[dict[Key, Row]] = [{} for _ in kind.parts]


class Cohort:
    """Projections at one position, fed with every event once. Streams are kept in memory, the most recent first."""

    def __init__(
        self,
        projections: Sequence[Projection],
        connection: Connection[Any],
        definitions: Definitions,
        *,
        capacity: int = 4_000,
    ) -> None:
        """``connection`` reads streams that are not in memory; ``capacity`` is how many streams are kept there."""
        self.projections = [projection for projection in projections if projection.sources]
        self._connection = connection
        self._definitions = definitions
        self._capacity = capacity
        aggregates = dict.fromkeys(aggregate for each in self.projections for aggregate in each.sources)
        self._kinds = {aggregate: _Kind(aggregate, self.projections) for aggregate in aggregates}
        self._entries: OrderedDict[UUID, _Entry] = OrderedDict()
        self._parked: set[tuple[str, UUID]] = set()
        self._slow: set[UUID] = set()

    @property
    def parked(self) -> set[tuple[str, UUID]]:
        """The (projection, stream) pairs that are not applied any more."""
        return self._parked

    def forget(self, parked: set[tuple[str, UUID]]) -> None:
        """Drop everything held in memory; ``parked`` are the (projection, stream) pairs given up before."""
        self._entries.clear()
        self._parked = set(parked)
        folded = {projection.name for projection in self.projections}
        self._slow = {stream for name, stream in parked if name in folded}

    def apply(self, events: Sequence[LogEvent], checkpoint: int) -> Changes:
        """Fold the events that follow ``checkpoint`` and tell what changes. Call ``forget`` if it is not written."""
        changes = Changes({
            (projection.name, number): TableChange()
            for projection in self.projections
            for number in range(len(projection.tables))
        })  # fmt: skip
        self._load(events, checkpoint)
        dirty, broken = self._fold(events)
        for stream, entry in dirty.items():
            if stream not in broken and not self._emit(stream, entry, changes):
                broken[stream] = events[-1][0]
        self._isolate(broken, events, changes)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
        return changes

    def beginnings(self, name: str, stream: UUID, after: int, upto: int) -> Iterator[Beginning]:
        """What a projection makes of a stream as of each of its events above ``after`` up to ``upto``."""
        history = read_streams(self._connection, [stream], upto).get(stream, [])
        projection = next(each for each in self.projections if each.name == name)
        if (source := projection.sources.get(_aggregate(history))) is not None:
            yield from beginnings(source, stream, history, self._definitions, after)

    def give_up(self, name: str, stream: UUID) -> None:
        """The database refused rows of this stream: nothing of it is in memory any more."""
        self._parked.add((name, stream))
        if any(name == projection.name for projection in self.projections):
            self._slow.add(stream)
            self._entries.pop(stream, None)

    def take_up(self, name: str, stream: UUID) -> None:
        """A stream that was given up is whole again."""
        self._parked.discard((name, stream))

    def _load(self, events: Sequence[LogEvent], checkpoint: int) -> None:
        """Bring the streams into memory that began before this batch."""
        begun = {event[1] for event in events if event[2] == 1}
        missing = {event[1] for event in events} - self._entries.keys() - begun - self._slow
        if not missing:
            return
        for stream, history in read_streams(self._connection, missing, checkpoint).items():
            dirty, broken = self._fold(history)
            if stream in dirty and stream not in broken:
                self._emit(stream, dirty[stream], None)

    def _fold(self, events: Sequence[LogEvent]) -> tuple[dict[UUID, _Entry], dict[UUID, int]]:
        """The entries that changed, and the streams whose fold raised or that are handled one event at a time."""
        entries, kinds, slow = self._entries, self._kinds, self._slow
        dirty: dict[UUID, _Entry] = {}
        broken: dict[UUID, int] = {}
        for position, stream, version, kind_name, event, _, _ in events:
            if stream in slow:
                broken[stream] = position
                continue
            entry = dirty.get(stream) or self._entry(stream, kind_name, kinds)
            if entry is None:
                continue
            dirty[stream] = entry
            entry.version = version
            try:
                if isinstance(event, Exception):
                    raise event
                for place, handler in entry.kind.handlers.get(type(event), ()):
                    handler(entry.states[place], event)
            except Exception:  # noqa: BLE001 - whatever a handler raises parks its stream, see _isolate
                broken[stream] = position
                slow.add(stream)
                entries.pop(stream, None)
        return dirty, broken

    def _entry(self, stream: UUID, kind_name: str, kinds: dict[str, _Kind]) -> _Entry | None:
        entry = self._entries.get(stream)
        if entry is None:
            kind = kinds.get(_AGGREGATE.get(kind_name, ""))
            if kind is None:
                return None
            entry = self._entries[stream] = _Entry(kind)
        else:
            self._entries.move_to_end(stream)
        return entry

    def _emit(self, stream: UUID, entry: _Entry, changes: Changes | None) -> bool:
        """Work out the stream's rows and note what differs; without ``changes`` the rows are those in the tables."""
        for place, part in enumerate(entry.kind.parts):
            subject = Subject(
                stream, entry.version, [entry.states[i] for i in part.states], self._definitions
            )
            tables = part.projection.tables
            try:
                new = {(number, *row[: tables[number].key]): row for number, row in part.source.rows(subject)}
            except Exception:  # noqa: BLE001 - whatever a projection raises parks its stream, see _isolate
                self._slow.add(stream)
                self._entries.pop(stream, None)
                return False
            if changes is not None:
                _difference(changes, part.projection.name, entry.rows[place], new)
            entry.rows[place] = new
        return True

    def _isolate(self, broken: dict[UUID, int], events: Sequence[LogEvent], changes: Changes) -> None:
        """Go through the streams that raise one projection at a time, and park where it happens."""
        if not broken:
            return
        upto = events[-1][0]
        for stream, history in read_streams(self._connection, broken, upto).items():
            kind = self._kinds.get(_aggregate(history))
            for part in kind.parts if kind else ():
                if (part.projection.name, stream) in self._parked:
                    changes.again.append((part.projection.name, stream))
                else:
                    self._replay(part.projection, stream, history, changes)

    def _replay(
        self, projection: Projection, stream: UUID, history: list[LogEvent], changes: Changes
    ) -> None:
        """The rows of the longest beginning of the history that does not raise replace those of the stream."""
        source = projection.sources.get(_aggregate(history))
        told = tell(source, stream, history, self._definitions) if source else Told([])
        if told.stop is not None:
            position, error = told.stop
            self._parked.add((projection.name, stream))
            changes.parked.append(
                Parked(projection.name, stream, position, f"{type(error).__name__}: {error}")
            )
        _replace(changes, projection, stream, told.rows)


def _aggregate(history: Sequence[LogEvent]) -> str:
    """What the stream is, told by the first of its events that this release knows."""
    return next((_AGGREGATE[event[3]] for event in history if event[3] in _AGGREGATE), "")


def _difference(changes: Changes, projection: str, old: dict[Key, Row], new: dict[Key, Row]) -> None:
    tables = changes.tables
    if not old:
        for key, row in new.items():
            tables[projection, key[0]].rows.append(row)
        return
    for key, row in new.items():
        before = old.get(key)
        if before is None:
            tables[projection, key[0]].rows.append(row)
        elif before != row:
            tables[projection, key[0]].keys.append(key[1:])
            tables[projection, key[0]].rows.append(row)
    for key in old:
        if key not in new:
            tables[projection, key[0]].keys.append(key[1:])


def _replace(changes: Changes, projection: Projection, stream: UUID, rows: list[tuple[int, Row]]) -> None:
    for number in range(len(projection.tables)):
        change = changes.tables[projection.name, number]
        change.streams.append(stream)
        change.keys = [key for key in change.keys if key[0] != stream]
        change.rows = [row for row in change.rows if row[0] != stream]
    for number, row in rows:
        changes.tables[projection.name, number].rows.append(row)
