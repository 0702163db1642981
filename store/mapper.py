"""Events of the domain to stored text and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic_core import PydanticSerializationError

from domain.events import EVENT_TYPES, Event
from domain.upcast import upcast
from store.errors import InvalidEvent
from store.model import NewEvent, Recorded, Row

_NOT_DATA = {"at", "by"}


def to_new_event(event: Event, meta: Mapping[str, Any]) -> NewEvent:
    """``event`` as it is stored: ``by`` becomes meta's actor, ``at`` becomes occurred_at, everything else is data.

    Raises InvalidEvent for values that no JSON holds, such as half of a character.
    """
    named = dict(meta) if event.by is None else {"actor": event.by, **meta}
    try:
        data = event.__pydantic_serializer__.to_json(event, exclude=_NOT_DATA).decode()
        told = orjson.dumps(named).decode()
    except (PydanticSerializationError, TypeError, UnicodeError, RecursionError, ValueError) as error:
        raise InvalidEvent(f"event {event.type} cannot be written as JSON: {type(error).__name__}") from error
    return NewEvent(event.type, event.schema_version, data, told, event.at)


def to_event(recorded: Recorded | Row) -> Event:
    """A stored event as the domain knows it today: older schema versions are upcast, unknown fields ignored.

    Raises UnknownEvent for one that only a newer release knows: nothing is decided on half a history.
    """
    data = upcast(recorded.type, recorded.schema_version, orjson.loads(recorded.data))
    actor = orjson.loads(recorded.meta).get("actor")
    return EVENT_TYPES[recorded.type].model_validate({**data, "at": recorded.occurred_at, "by": actor})
