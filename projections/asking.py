"""What all queries share: named statements, and how fresh an answer is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from projections.engine.projection import blocks

Conn = Connection[Any]

_DUE = "coalesce(i.due_at, (i.due_on + %(closes)s::time) at time zone %(zone)s)"


def _load() -> dict[str, str]:
    return {name: text.format(due=_DUE) for name, text in blocks("queries").items()}


SQL = _load()


class NotFound(Exception):
    """No such run, project or process in the read models (yet)."""

    def __init__(self, kind: str, id_: UUID | str, accepted: Sequence[int] | None = None) -> None:
        """``accepted``: what there is instead, where that is known."""
        super().__init__(f"no {kind} {id_}")
        self.kind = kind
        self.id = id_
        self.accepted = accepted


class Fresh(NamedTuple):
    """The position an answer reflects, the instant at which it was true, and how many events it lacks."""

    position: int
    as_of: datetime
    behind: int


def rows(connection: Conn, name: str, **values: Any) -> list[tuple[Any, ...]]:
    """All rows of a named statement."""
    return connection.execute(SQL[name].encode(), values, prepare=True).fetchall()


def no_version(connection: Conn, process: str, version: int) -> NotFound:
    """That a process has no such version, and which it has."""
    there = sorted(row[0] for row in rows(connection, "process_versions", process=process))
    return NotFound("process version", f"{process} {version}", there)


def fresh(connection: Conn, *names: str) -> Fresh:
    """How fresh the named read models are. Ask before the rows, so that they are at least as fresh."""
    position, moved_at, head, now = rows(connection, "freshness", names=list(names))[0]
    behind = max(head - position, 0)
    return Fresh(position, now if behind == 0 or moved_at is None else moved_at, behind)


def moment(now: datetime | None) -> datetime:
    """The instant for which lateness is worked out: the caller's, or now."""
    return datetime.now(UTC) if now is None else now
