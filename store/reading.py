"""The statements that read the log, and what they return."""

# ruff: noqa: S608 - the statements are put together from constants of this file only

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection

from store.model import Recorded, Row, StoredCommand

_COLUMNS = (
    "position, stream, version, type, schema_version, data::text, meta::text, occurred_at, recorded_at, hash"
)
_ROW_COLUMNS = (
    "position, stream, version, type, schema_version, data::text, meta::text, occurred_at, recorded_at"
)

_LAST_VERSION = 2**31 - 1

READ = f"select {_COLUMNS} from log.event where position > %s order by position limit %s"
READ_TYPES = (
    f"select {_COLUMNS} from log.event where position > %s and type = any(%s) order by position limit %s"
)
READ_STREAM = f"select {_COLUMNS} from log.event where stream = %s and version > %s order by version"
READ_STREAMS = f"select {_COLUMNS} from log.event where stream = any(%s) order by stream, version"
SELECT_STREAM = f"""
select {_COLUMNS} from log.event where stream = %s and version > %s and version <= %s order by version limit %s
"""
SELECT_STREAM_BACK = f"""
select {_COLUMNS} from log.event where stream = %s and version > %s and version <= %s order by version desc limit %s
"""
EXPORT = f"select {_COLUMNS} from log.event where position > %s and position <= %s order by position"
HASHES_BEFORE = """
select distinct on (stream) stream, version, hash from log.event
where stream = any(%s) and position <= %s order by stream, version desc
"""
SCAN = f"select {_ROW_COLUMNS} from log.event where position > %s and position <= %s order by position"
HEAD = "select position from log.head"
LOG = "select log from log.head"
COMMAND = "select id, fingerprint, result, first_position, last_position from log.command where id = %s"


def read(
    connection: Connection[Any], after: int, limit: int, types: Collection[str] | None = None
) -> list[Recorded]:
    """Up to ``limit`` events above ``after``, in order; only those of ``types`` when given."""
    if types is None:
        cursor = connection.execute(READ, [after, limit], binary=True)
    else:
        cursor = connection.execute(READ_TYPES, [after, list(types), limit], binary=True)
    return list(map(Recorded._make, cursor.fetchall()))


def read_stream(connection: Connection[Any], stream: UUID, after_version: int) -> list[Recorded]:
    """The events of one stream above a version, in order."""
    return list(
        map(Recorded._make, connection.execute(READ_STREAM, [stream, after_version], binary=True).fetchall())
    )


def read_streams(connection: Connection[Any], streams: Iterable[UUID]) -> dict[UUID, list[Recorded]]:
    """All events of these streams, each in order."""
    found: dict[UUID, list[Recorded]] = {}
    for row in connection.execute(READ_STREAMS, [list(streams)], binary=True):
        found.setdefault(row[1], []).append(Recorded._make(row))
    return found


def select_stream(
    connection: Connection[Any],
    stream: UUID,
    after: int,
    upto: int | None,
    limit: int | None,
    *,
    descending: bool,
) -> list[Recorded]:
    """Events of one stream with versions above ``after`` up to ``upto``, from either end."""
    statement = SELECT_STREAM_BACK if descending else SELECT_STREAM
    last = _LAST_VERSION if upto is None else upto
    return list(map(Recorded._make, connection.execute(statement, [stream, after, last, limit], binary=True)))


def export(connection: Connection[Any], after: int, upto: int, batch: int) -> Iterator[list[Recorded]]:
    """As ``scan``, with the hashes."""
    for start in range(after, upto, batch):
        end = min(start + batch, upto)
        rows = connection.execute(EXPORT, [start, end], binary=True, prepare=True).fetchall()
        yield list(map(Recorded._make, rows))


def hashes_before(
    connection: Connection[Any], position: int, streams: Iterable[UUID]
) -> dict[UUID, tuple[int, bytes]]:
    """The last version and hash of each stream at or below a position."""
    rows = connection.execute(HASHES_BEFORE, [list(streams), position], binary=True).fetchall()
    return {stream: (version, digest) for stream, version, digest in rows}


def scan(connection: Connection[Any], after: int, upto: int, batch: int) -> Iterator[Sequence[Row]]:
    """Everything above ``after`` up to ``upto`` in batches: each is a statement of its own, so no snapshot is held."""
    while after < upto:
        end = min(after + batch, upto)
        rows = connection.execute(SCAN, [after, end], binary=True, prepare=True).fetchall()
        yield list(map(Row._make, rows))
        after = end


def head(connection: Connection[Any]) -> int:
    """The newest position; 0 for an empty log."""
    row = connection.execute(HEAD, prepare=True).fetchone()
    assert row is not None
    position: int = row[0]
    return position


def log_id(connection: Connection[Any]) -> UUID:
    """The name of this log, made when its database was."""
    row = connection.execute(LOG).fetchone()
    assert row is not None
    log: UUID = row[0]
    return log


def find_command(connection: Connection[Any], command: str) -> StoredCommand | None:
    """The accepted command with this id."""
    row = connection.execute(COMMAND, [command], prepare=True).fetchone()
    return None if row is None else StoredCommand(*row)
