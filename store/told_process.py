"""Events of runs that were stored without their process, as they are told on: with the one that the run followed then.

What the log holds stays as it is, byte for byte; only what is published and filtered is filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from domain.events import EVENT_TYPES
from store.blocks import blocks
from store.model import Recorded

_SQL = blocks("told_process")


def with_process(connection: Connection[Any], rows: Sequence[Recorded]) -> list[Recorded]:
    """The rows in their order; those that lack it have ``process`` and ``process_version`` in their meta."""
    lacking = [row for row in rows if _lacks(row)]
    followed = _followed(connection, lacking) if lacking else {}
    return [_filled(row, followed.get((row.stream, row.version))) for row in rows]


def _lacks(row: Recorded) -> bool:
    known = EVENT_TYPES.get(row.type)
    return known is not None and known.aggregate == "run" and "process" not in orjson.loads(row.meta)


def _followed(
    connection: Connection[Any], rows: Sequence[Recorded]
) -> dict[tuple[UUID, int], tuple[str, int]]:
    asked = {"streams": [row.stream for row in rows], "versions": [row.version for row in rows]}
    found = connection.execute(_SQL["followed"], asked).fetchall()
    return {(stream, version): (process, number) for stream, version, process, number in found}


def _filled(row: Recorded, followed: tuple[str, int] | None) -> Recorded:
    if followed is None:
        return row
    process, number = followed
    meta = {**orjson.loads(row.meta), "process": process, "process_version": number}
    return row._replace(meta=orjson.dumps(meta).decode())
