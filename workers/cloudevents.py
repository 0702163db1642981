"""Events of the log as messages of the broker: their public form, a subject, and a name for ever."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import orjson

from domain.cloudevents import envelope
from domain.events import EVENT_TYPES, Event
from domain.upcast import upcast
from store.model import Recorded, Row

SUBJECT_ROOT = "milepost.v1"
NO_PROCESS = "-"


class Message(NamedTuple):
    """One event as the broker gets it. ``id`` names it for ever, for the broker's own check against duplicates."""

    position: int
    subject: str
    id: str
    payload: bytes


def message(log: UUID, row: Row | Recorded) -> Message:
    """The public message of a stored event, lifted to its newest version; raises UnknownEvent: nothing is skipped."""
    data = upcast(row.type, row.schema_version, orjson.loads(row.data))
    event, meta = EVENT_TYPES[row.type], orjson.loads(row.meta)
    body = envelope(
        log=log,
        position=row.position,
        stream=row.stream,
        type=row.type,
        schema_version=event.schema_version,
        occurred_at=row.occurred_at,
        meta=meta,
        data=data,
    )
    process = meta.get("process") or NO_PROCESS
    return Message(row.position, subject(event, process), message_id(log, row.position), orjson.dumps(body))


def subject(event: type[Event], process: str) -> str:
    """Where an event of a process travels: ``milepost.v1.<aggregate>.<process key or ->.<event type>``."""
    return f"{SUBJECT_ROOT}.{event.aggregate}.{process}.{event.type}"


def message_id(log: UUID, position: int) -> str:
    """The name of a message: the log's and the position in it."""
    return f"{log}-{position}"


def position_of(log: UUID, name: str | None) -> int | None:
    """The position that a message's name says, if it is one of this log's."""
    prefix = f"{log}-"
    if name is None or not name.startswith(prefix):
        return None
    digits = name.removeprefix(prefix)
    return int(digits) if digits.isdigit() else None
