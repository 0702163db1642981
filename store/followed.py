"""Which calendar the dues of all open steps follow, and how far a change to another one is."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

_GET = "select name, changing_to, after_run from log.calendar where id = 1"
_BEGIN = """
insert into log.calendar (id, name, changing_to, after_run) values (1, '', %s, null)
on conflict (id) do update set changing_to = excluded.changing_to, after_run = null
"""
_MOVE = "update log.calendar set after_run = %s where id = 1 and changing_to = %s"
_END = """
update log.calendar set name = changing_to, changing_to = null, after_run = null where id = 1 and changing_to = %s
"""


class Followed(NamedTuple):
    """The calendar's name; while ``changing_to`` is set, only runs up to ``after_run`` follow that one already."""

    name: str = ""
    changing_to: str | None = None
    after_run: UUID | None = None


def get(connection: Connection[Any]) -> Followed:
    """What is followed now; no name before the first change."""
    row = connection.execute(_GET).fetchone()
    return Followed() if row is None else Followed(*row)


def begin(connection: Connection[Any], name: str) -> None:
    """From now on dues are to follow this calendar; a change to another one under way is given up."""
    connection.execute(_BEGIN, [name])


def move(connection: Connection[Any], name: str, run: UUID) -> None:
    """Runs up to this one follow the calendar."""
    connection.execute(_MOVE, [run, name])


def end(connection: Connection[Any], name: str) -> None:
    """All runs follow the calendar."""
    connection.execute(_END, [name])
