"""What goes into the log and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to store. ``data`` and ``meta`` are JSON texts, kept byte for byte; ``occurred_at`` is aware."""

    type: str
    schema_version: int
    data: str
    meta: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Append:
    """Events for one stream. ``expected_version`` is its last version now; 0 for a stream without events.

    Without events it only says that the stream is at that version: the others of its unit are stored only if it is.
    """

    stream: UUID
    expected_version: int
    events: Sequence[NewEvent]


@dataclass(frozen=True, slots=True)
class Command:
    """Makes a repeated request the same request: its id, its body's fingerprint, the JSON text that answers it."""

    id: str
    fingerprint: bytes | str
    result: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The appends are in the log, from ``first_position`` to ``last_position`` (one below when without events)."""

    first_position: int
    last_position: int

    @property
    def positions(self) -> range:
        """The position of each event, in the order in which they were given."""
        return range(self.first_position, self.last_position + 1)


class Recorded(NamedTuple):
    """An event as the log holds it."""

    position: int
    stream: UUID
    version: int
    type: str
    schema_version: int
    data: str
    meta: str
    occurred_at: datetime
    recorded_at: datetime
    hash: bytes


class Row(NamedTuple):
    """An event as a scan hands it on: everything but the hash."""

    position: int
    stream: UUID
    version: int
    type: str
    schema_version: int
    data: str
    meta: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredCommand:
    """A command that was accepted."""

    id: str
    fingerprint: str
    result: str
    first_position: int
    last_position: int
