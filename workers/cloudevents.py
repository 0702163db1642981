"""Events of the log as messages of the broker: their public form, a subject, and a name for ever."""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple
from uuid import UUID

import orjson

from domain.cloudevents import envelope
from domain.events import EVENT_TYPES, Event
from domain.upcast import upcast
from store.model import Recorded, Row

SUBJECT_ROOT = "milepost.v1"
NO_PROCESS = "-"
_DIGITS = 20


class Message(NamedTuple):
    """One event as the broker gets it. ``id`` names it for ever: the log, and the position in it."""

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


def marked(message: Message, sequence: int, key: str) -> str:
    """The name with a mark that only who knows the key can make, for this very place in the stream.

    So the relay knows its own messages from whatever else somebody may have put there: forged ones, and copies of its
    own at another place. And nobody can use up a name before the relay does: the broker would drop the real message.
    """
    return f"{message.id}-{_mark(message.id, sequence, message.subject, message.payload, key)}"


def own_position(
    log: UUID, name: str | None, sequence: int, subject: str, payload: bytes, key: str
) -> int | None:
    """The position of a message of the stream that our relay put there; None for any other."""
    plain, _, mark = (name or "").rpartition("-")
    position = position_of(log, plain)
    if position is None or not mark.isascii():
        return None
    if not hmac.compare_digest(mark, _mark(plain, sequence, subject, payload, key)):
        return None
    return position


def position_of(log: UUID, name: str | None) -> int | None:
    """The position that a message's name says, if it is one of this log's; whoever wrote it."""
    prefix = f"{log}-"
    if name is None or not name.startswith(prefix):
        return None
    digits = name.removeprefix(prefix)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < _DIGITS else None


def _mark(name: str, sequence: int, subject: str, payload: bytes, key: str) -> str:
    said = f"{name}\0{sequence}\0{subject}\0".encode() + payload
    return hmac.new(key.encode(), said, hashlib.sha256).hexdigest()[:32]
