"""The one way from events to read models: the live worker and every rebuild apply spans of the log through here."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol, Self
from uuid import UUID

from psycopg import Connection

from projections.engine import generations
from projections.engine.careful_writing import write_anew, write_changes
from projections.engine.cohort import Cohort
from projections.engine.generations import Standing
from projections.engine.projection import Projection
from projections.engine.reading import LogDefinitions, LogEvent, Part, head, read_part, read_span
from projections.engine.writing import BY_KEY, LOCK, CheckpointLost, Writer, connect

SMALL_SPAN = 500
"""Up to here a span is read where it is applied; longer ones are read ahead on a connection of their own."""
CAPACITY = 4_000
"""Streams kept in memory, by all parts of a rebuild together."""
Progress = Callable[[int, int], None]
"""Hears (position reached, position aimed at)."""


class HasHead(Protocol):
    """Whatever knows how far the log is."""

    def head(self) -> int:
        """The newest position."""


class Span:
    """Generations that stand at the same position, applied together. Holds the memory of their folds."""

    def __init__(
        self,
        connection: Connection[Any],
        standing: Iterable[Standing],
        by_name: Mapping[str, Projection],
        part: Part | None = None,
    ) -> None:
        """With ``part`` only that share of the streams is applied, under the part's own checkpoint."""
        standings = list(standing)
        self.position = standings[0].position
        self.names = tuple(each.schema for each in standings)
        self._connection = connection
        self._part = part
        self._writers = {
            each.projection: Writer(connection, each.schema, by_name[each.projection]) for each in standings
        }
        projections = [by_name[each.projection] for each in standings]
        self.cohort = Cohort(
            projections, connection, LogDefinitions(connection), capacity=CAPACITY // (part.of if part else 1)
        )
        self.cohort.forget(parked_in(standings))

    def read(self, upto: int) -> list[LogEvent]:
        """The events from here up to ``upto``; none when nobody needs them in memory."""
        return self.read_on(self._connection, self.position, upto) if self.reads else []

    def read_on(self, connection: Connection[Any], after: int, upto: int) -> list[LogEvent]:
        """The events above ``after`` up to ``upto`` that are this span's to apply."""
        if self._part is None:
            return read_span(connection, after, upto)
        return read_part(connection, after, upto, self._part)

    @property
    def reads(self) -> bool:
        """Whether any of them needs the events in memory."""
        return bool(self.cohort.projections)

    def apply(self, events: list[LogEvent], upto: int) -> None:
        """Fold the events up to ``upto`` and write what they change; raises CheckpointLost, with nothing written.

        A stream whose rows cannot be made, or that the database refuses, is parked; all others are written.
        """
        try:
            changes = self.cohort.apply(events, self.position) if events else None
            suffix = self._part.suffix if self._part else ""
            write_changes(self._connection, self._writers, self.cohort, changes, self.position, upto, suffix)
        except BaseException:
            self.cohort.forget(self.cohort.parked)
            raise
        self.position = upto


def parked_in(standing: Iterable[Standing]) -> set[tuple[str, UUID]]:
    """The (projection, stream) pairs that these generations gave up on."""
    return {(each.projection, stream) for each in standing for stream in each.parked}


class Projector:
    """Keeps the live generations of the read models at the head of the log. For one thread at a time."""

    def __init__(
        self,
        app_url: str,
        log: HasHead | None = None,
        *,
        projections: Iterable[Projection],
        batch: int = 10_000,
    ) -> None:
        """``log`` is asked for the head when given, else the database is; ``batch`` is the most events of one span."""
        self._url = app_url
        self._log = log
        self._by_name = {projection.name: projection for projection in projections}
        self._batch = batch
        self._connection: Connection[Any] | None = None
        self._span: Span | None = None

    def catch_up(self) -> int:
        """Apply everything up to the head; return the position that all live read models have reached.

        Notices when a read model was flipped, and when another process was faster.
        """
        try:
            return self._catch_up(self._opened())
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection and of all memory; the next catch-up begins anew."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._span = None

    def __enter__(self) -> Self:
        """Nothing to begin: the first catch-up connects."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def outdated(self) -> list[str]:
        """Read models whose live generation is of another version than the code: they have to be rebuilt."""
        return generations.outdated(self._opened(), self._by_name.values())

    def _opened(self) -> Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url, "live")
            self._connection.execute(BY_KEY)
            generations.prepare(self._connection, self._by_name.values())
            self._span = None
        return self._connection

    def _catch_up(self, connection: Connection[Any]) -> int:
        while True:
            standing = [
                each
                for each in generations.live(connection)
                if each.projection in self._by_name and each.version == self._by_name[each.projection].version
            ]
            target = max(
                self._log.head() if self._log else head(connection), *(each.position for each in standing)
            )
            lowest = min(each.position for each in standing)
            if lowest == target:
                return target
            behind = [each for each in standing if each.position == lowest]
            ahead = min((each.position for each in standing if each.position > lowest), default=target)
            try:
                advance(self._url, self._span_of(connection, behind), min(ahead, target), self._batch)
            except CheckpointLost:
                self._span = None

    def _span_of(self, connection: Connection[Any], behind: list[Standing]) -> Span:
        """The span of the last time, when these generations still stand where it left them."""
        span = self._span
        if (
            span is None
            or span.names != tuple(each.schema for each in behind)
            or span.position != behind[0].position
        ):
            span = self._span = Span(connection, behind, self._by_name)
        elif span.cohort.parked != (parked := parked_in(behind)):
            span.cohort.forget(parked)
        return span


def advance(url: str, span: Span, upto: int, batch: int, progress: Progress | None = None) -> None:
    """Apply everything above the span's position up to ``upto``, in batches; read ahead when it is much."""
    if upto - span.position <= SMALL_SPAN or not span.reads:
        _advance_here(span, upto, batch, progress)
        return
    with (
        connect(url, "read ahead") as connection,
        ThreadPoolExecutor(1, "read ahead") as reader,
        _no_collector(),
    ):
        begin = span.position
        coming = reader.submit(span.read_on, connection, begin, min(begin + batch, upto))
        while begin < upto:
            events, end = coming.result(), min(begin + batch, upto)
            if end < upto:
                coming = reader.submit(span.read_on, connection, end, min(end + batch, upto))
            span.apply(events, end)
            begin = end
            if progress:
                progress(end, upto)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Folding makes no cycles, and looking for some in millions of young objects costs as much as the work itself."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _advance_here(span: Span, upto: int, batch: int, progress: Progress | None) -> None:
    while span.position < upto:
        end = min(span.position + batch, upto)
        span.apply(span.read(end), end)
        if progress:
            progress(end, upto)


def retry(app_url: str, schema: str, stream: UUID, *, projections: Iterable[Projection]) -> bool:
    """Take up a parked stream again: its rows are made anew from its whole history. False when it is parked again."""
    by_name = {projection.name: projection for projection in projections}
    with connect(app_url, "retry") as connection, connection.transaction():
        connection.execute(LOCK, [[schema]])
        standing = generations.standing(connection, schema)
        projection = by_name[standing.projection]
        writer = Writer(connection, schema, projection)
        cohort = Cohort([projection], connection, LogDefinitions(connection))
        return write_anew(connection, writer, cohort, stream, standing.position) is None
