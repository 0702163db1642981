"""How far each consumer is: read and moved inside the transaction that writes what it made of the events."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from store.errors import LogError

_GET = "select position from log.checkpoint where name = %s"
_CREATE = "insert into log.checkpoint (name, position) values (%s, %s) on conflict (name) do nothing"
_SWAP = """
update log.checkpoint set position = %s, moved_at = clock_timestamp() where name = %s and position = %s
"""
_DROP = "delete from log.checkpoint where name = %s"
_ALL = "select name, position from log.checkpoint order by name"


class CheckpointMoved(LogError):
    """Another worker moved this checkpoint: what was about to be written is theirs; roll back."""

    def __init__(self, name: str, expected: int) -> None:
        """``expected`` is the position the caller believed in."""
        super().__init__(f"checkpoint {name} is no longer at {expected}")
        self.name = name
        self.expected = expected


def get(connection: Connection[Any], name: str) -> int:
    """The position that ``name`` has committed; 0 when it has committed none."""
    row = connection.execute(_GET, [name]).fetchone()
    return 0 if row is None else int(row[0])


def compare_and_swap(connection: Connection[Any], name: str, expected: int, position: int) -> None:
    """Move the checkpoint from ``expected`` to ``position``, in the caller's transaction; raises CheckpointMoved.

    A checkpoint that does not exist counts as 0.
    """
    if connection.execute(_SWAP, [position, name, expected]).rowcount == 1:
        return
    if expected != 0 or connection.execute(_CREATE, [name, position]).rowcount != 1:
        raise CheckpointMoved(name, expected)


def drop(connection: Connection[Any], name: str) -> None:
    """Forget a consumer that is gone for good."""
    connection.execute(_DROP, [name])


def every(connection: Connection[Any]) -> dict[str, int]:
    """All checkpoints by name."""
    return dict(connection.execute(_ALL).fetchall())
