"""Writes a batch; what the database refuses parks the stream it comes from, and everything else is written."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.errors import ProgramLimitExceeded

from projections.engine.cohort import Changes, Cohort, Parked, TableChange
from projections.engine.parking import Rows
from projections.engine.writing import UNPARK, Writer, move, park

REFUSED = (
    psycopg.DataError,
    psycopg.IntegrityError,
    ProgramLimitExceeded,
    struct.error,
    ValueError,
    OverflowError,
    TypeError,
)
"""What is raised for a row that cannot be stored: by the database, or by the driver while it packs the values."""
_STREAMS = "select distinct stream from log.event where position > %s and position <= %s"
_POSITIONS = (
    "select position from log.event where stream = %s and position > %s and position <= %s order by position"
)
Write = Callable[[], None]


def write_changes(
    connection: Connection[Any],
    writers: Mapping[str, Writer],
    cohort: Cohort,
    changes: Changes | None,
    after: int,
    upto: int,
    suffix: str = "",
) -> None:
    """Move the checkpoints and write the changes in one transaction; raises CheckpointLost.

    ``writers`` are the cohort's, by name of the projection; ``suffix`` ends the names of the checkpoints.
    """
    names = [writer.schema + suffix for writer in writers.values()]
    batch = _Batch(connection, writers, cohort, changes or Changes({}), after, upto)
    try:
        with connection.transaction():
            move(connection, names, after, upto)
            batch.write_at_once()
    except REFUSED:
        with connection.transaction():
            move(connection, names, after, upto)
            batch.write_with_care()


def write_anew(
    connection: Connection[Any], writer: Writer, cohort: Cohort, stream: UUID, upto: int
) -> Parked | None:
    """Make all rows of a parked stream anew, in the caller's transaction; the answer is why it is parked again."""
    connection.execute(UNPARK, [writer.schema, stream])
    writer.purge(connection, stream)
    batch = _Batch(connection, {writer.projection.name: writer}, cohort, Changes({}), 0, upto)
    return batch.take_on(writer, stream)


class _Batch:
    """One batch, and the two ways to write it."""

    def __init__(
        self,
        connection: Connection[Any],
        writers: Mapping[str, Writer],
        cohort: Cohort,
        changes: Changes,
        after: int,
        upto: int,
    ) -> None:
        self._connection = connection
        self._writers = writers
        self._cohort = cohort
        self._changes = changes
        self._after, self._upto = after, upto
        self._taken_on: set[tuple[str, UUID]] = set()
        self._given_up = cohort.parked - {(each.projection, each.stream) for each in changes.parked}

    def write_at_once(self) -> None:
        """Everything with one statement of each kind per table."""
        for (name, number), change in self._changes.tables.items():
            self._writers[name].write(self._connection, number, change)
        for writer in self._writers.values():
            if writer.projection.statement is not None:
                parked = [stream for name, stream in self._cohort.parked if name == writer.projection.name]
                writer.run_statement(self._connection, self._after, self._upto, parked=parked)
        self._finish()

    def write_with_care(self) -> None:
        """Every projection by itself; the streams whose rows are refused are found by halving."""
        for name, writer in self._writers.items():
            if writer.projection.statement is not None:
                found = self._connection.execute(_STREAMS, [self._after, self._upto]).fetchall()
                streams = [stream for (stream,) in found if (name, stream) not in self._cohort.parked]
                self._halve(writer, streams, partial(self._run, writer))
            else:
                pieces = _by_stream({n: each for (p, n), each in self._changes.tables.items() if p == name})
                self._halve(writer, list(pieces), partial(self._put, writer, pieces))
        self._finish()

    def take_on(self, writer: Writer, stream: UUID) -> Parked | None:
        """Write the stream as of the last of its events of this batch as of which it can be; park it at the next.

        So the rows of a parked stream are those of its longest beginning that has some, in whatever batches it came.
        """
        name, is_written, stop = writer.projection.name, False, None
        self._taken_on.add((name, stream))
        for position, write in self._beginnings(writer, stream):
            error = write if isinstance(write, Exception) else self._refusal(write)
            if error is None:
                is_written, stop = True, None
            elif stop is None:
                stop = Parked(name, stream, position, _said(error))
            if stop is not None and writer.projection.statement is not None:
                break  # each event is a row of its own there, and later ones do not mend it
        self._note(writer, stream, stop, is_written=is_written)
        return stop

    def _note(self, writer: Writer, stream: UUID, stop: Parked | None, *, is_written: bool) -> None:
        name = writer.projection.name
        if stop is not None and (is_written or (name, stream) not in self._given_up):
            park(self._connection, writer.schema, stop)
        if stop is not None:
            self._cohort.give_up(name, stream)
        elif is_written:
            self._connection.execute(UNPARK, [writer.schema, stream])
            self._cohort.take_up(name, stream)

    def _finish(self) -> None:
        """Note what raised before anything was written, and look again at streams given up in earlier batches."""
        for parked in self._changes.parked:
            if (parked.projection, parked.stream) not in self._taken_on:
                park(self._connection, self._writers[parked.projection].schema, parked)
        for name, stream in self._changes.again:
            self.take_on(self._writers[name], stream)

    def _halve(
        self, writer: Writer, streams: Sequence[UUID], write: Callable[[Sequence[UUID]], None]
    ) -> None:
        if not streams or self._refusal(partial(write, streams)) is None:
            return
        if len(streams) == 1:
            self.take_on(writer, streams[0])
            return
        middle = len(streams) // 2
        self._halve(writer, streams[:middle], write)
        self._halve(writer, streams[middle:], write)

    def _refusal(self, write: Write) -> Exception | None:
        """Why nothing could be written; None when it is."""
        try:
            with self._connection.transaction():
                write()
        except REFUSED as error:
            return error
        return None

    def _beginnings(self, writer: Writer, stream: UUID) -> Iterator[tuple[int, Write | Exception]]:
        """As of each event of the stream in this batch: how to write it so, or why it has no rows then."""
        if writer.projection.statement is not None:
            asked = [stream, self._after, self._upto]
            for (position,) in self._connection.execute(_POSITIONS, asked).fetchall():
                yield position, partial(self._run, writer, [stream], position)
            return
        name = writer.projection.name
        for position, rows in self._cohort.beginnings(name, stream, self._after, self._upto):
            yield (
                position,
                rows if isinstance(rows, Exception) else partial(self._replace, writer, stream, rows),
            )

    def _run(self, writer: Writer, only: Sequence[UUID], position: int | None = None) -> None:
        after, upto = (self._after, self._upto) if position is None else (position - 1, position)
        writer.run_statement(self._connection, after, upto, only=only)

    def _replace(self, writer: Writer, stream: UUID, rows: Rows) -> None:
        writer.purge(self._connection, stream)
        tables: dict[int, TableChange] = {}
        for number, row in rows:
            tables.setdefault(number, TableChange()).rows.append(row)
        for number, change in tables.items():
            writer.write(self._connection, number, change)

    def _put(self, writer: Writer, pieces: Pieces, streams: Sequence[UUID]) -> None:
        tables: dict[int, TableChange] = {}
        for stream in streams:
            for number, piece in pieces[stream].items():
                whole = tables.setdefault(number, TableChange())
                whole.keys += piece.keys
                whole.streams += piece.streams
                whole.rows += piece.rows
        for number, change in tables.items():
            writer.write(self._connection, number, change)


Pieces = dict[UUID, dict[int, TableChange]]
"""What changes, by stream and number of the table."""


def _by_stream(tables: Mapping[int, TableChange]) -> Pieces:
    pieces: Pieces = {}

    def piece(stream: UUID, number: int) -> TableChange:
        return pieces.setdefault(stream, {}).setdefault(number, TableChange())

    for number, change in tables.items():
        for stream in change.streams:
            piece(stream, number).streams.append(stream)
        for key in change.keys:
            piece(key[0], number).keys.append(key)
        for row in change.rows:
            piece(row[0], number).rows.append(row)
    return pieces


def _said(error: Exception) -> str:
    """Why, without the row: the database may tell all of it."""
    text = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return f"{type(error).__name__}: {text or error}"
