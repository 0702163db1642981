"""Whole lists as CSV files: every row, of one state of the read models, and never a part that looks like the whole.

The rows go into a file of the server's first. So memory stays bounded however long the list is, nobody who reads slowly
holds a connection to the database, and what is sent says how long it is: a transfer that broke is seen to be one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any
from urllib.parse import quote

from fastapi import Request
from psycopg import Connection
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import Response, StreamingResponse

from api.handling.answering import answer, services_of
from api.handling.queries import ViewQuery
from api.wire.tables import write_csv
from projections.asking import fresh
from projections.registry import PROJECTIONS

_IN_MEMORY_BYTES = 1 << 20
_PART_BYTES = 1 << 16
_ONE_STATE = "set transaction isolation level repeatable read, read only"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an export holds: its name, the titles of its columns, rows that may be read while they are written."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]]
    position: int


@dataclass(frozen=True, slots=True)
class _Whole:
    file: SpooledTemporaryFile[bytes]
    name: str
    bytes: int
    rows: int
    position: int


async def export(request: Request, query: ViewQuery, ask: Callable[[Connection[Any]], Sheet]) -> Response:
    """The sheet as a download called ``name``.csv; ``Milepost-Rows`` says how many rows it has."""
    services = services_of(request)
    if query.min_position is not None:
        every = [projection.name for projection in PROJECTIONS]
        await answer(services, lambda connection: fresh(connection, *every), query.min_position)
    written = await services.read(lambda connection: _written(connection, ask))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(written.name, safe='')}.csv",
        "Content-Length": str(written.bytes),
        "Milepost-Position": str(written.position),
        "Milepost-Rows": str(written.rows),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    parts = iterate_in_threadpool(_parts(written.file))
    return StreamingResponse(parts, headers=headers, media_type="text/csv; charset=utf-8")


def _written(connection: Connection[Any], ask: Callable[[Connection[Any]], Sheet]) -> _Whole:
    file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed when it is sent
    try:
        with connection.transaction():
            connection.execute(_ONE_STATE)
            sheet = ask(connection)
            count = write_csv(file, sheet.header, sheet.rows)
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    return _Whole(file, sheet.name, size, count, sheet.position)


def _parts(file: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(_PART_BYTES):
            yield part
