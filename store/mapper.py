"""Events of the domain to stored text and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from domain.events import EVENT_TYPES, Event
from domain.upcast import upcast
from store.model import NewEvent, Recorded, Row

_NOT_DATA = {"at", "by"}


def to_new_event(event: Event, meta: Mapping[str, Any]) -> NewEvent:
    """``event`` as it is stored: ``by`` becomes meta's actor, ``at`` becomes occurred_at, everything else is data."""
    data = event.__pydantic_serializer__.to_json(event, exclude=_NOT_DATA).decode()
    named = dict(meta) if event.by is None else {"actor": event.by, **meta}
    return NewEvent(event.type, event.schema_version, data, orjson.dumps(named).decode(), event.at)


def to_event(recorded: Recorded | Row) -> Event:
    """A stored event as the domain knows it today: older schema versions are upcast, unknown fields ignored.

    Raises UnknownEvent for one that only a newer release knows: nothing is decided on half a history.
    """
    data = upcast(recorded.type, recorded.schema_version, orjson.loads(recorded.data))
    actor = orjson.loads(recorded.meta).get("actor")
    return EVENT_TYPES[recorded.type].model_validate({**data, "at": recorded.occurred_at, "by": actor})
