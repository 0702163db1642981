"""An event at its place in a stream: as an application has it, and as the log takes it and gives it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.events import Event


class StreamEvent(NamedTuple):
    """An event of the domain in its stream; what the library calls a domain event.

    ``meta`` is what is kept beside it: the actor, the command, the process. ``position`` is its place in the log, 0
    for one that is not stored yet.
    """

    originator_id: UUID
    originator_version: int
    event: Event
    meta: Mapping[str, Any] = MappingProxyType({})
    position: int = 0


@dataclass(frozen=True)
class LogEvent(StoredEvent):
    """What the library calls a stored event, with what this log keeps besides; ``state`` and ``meta`` are JSON."""

    schema_version: int
    meta: str
    occurred_at: datetime
    position: int = 0


def in_stream(
    stream: UUID, after_version: int, events: Sequence[Event], meta: Mapping[str, Any]
) -> list[StreamEvent]:
    """These events behind that version of the stream; ``meta`` is kept beside each."""
    return [
        StreamEvent(stream, version, event, meta)
        for version, event in enumerate(events, start=after_version + 1)
    ]
