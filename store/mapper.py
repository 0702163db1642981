"""Events of the domain to stored text and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent
from pydantic_core import PydanticSerializationError

from domain.events import EVENT_TYPES, Event
from domain.upcast import upcast
from store.errors import InvalidEvent
from store.events import LogEvent, StreamEvent
from store.model import NewEvent, Recorded, Row

_NOT_DATA = {"at", "by"}


class LogMapper(Mapper[UUID]):
    """The library's mapper for events that are pydantic models with permanent names, not importable classes.

    ``by`` becomes the actor in meta, ``at`` becomes occurred_at, everything else is data. Reading validates, upcasts
    older schema versions and ignores unknown fields; UnknownEvent for an event that only a newer release knows:
    nothing is decided on half a history.
    """

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> LogEvent:
        """As it goes into the log. Raises InvalidEvent for values that no JSON holds, such as half of a character."""
        assert isinstance(domain_event, StreamEvent)
        event = domain_event.event
        data, meta = _written(event, domain_event.meta)
        return LogEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            event.type,
            data,
            event.schema_version,
            meta,
            event.at,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> StreamEvent:
        """As the domain knows it today."""
        assert isinstance(stored_event, LogEvent)
        stream = stored_event.originator_id
        assert isinstance(stream, UUID)
        meta = orjson.loads(stored_event.meta)
        data = upcast(stored_event.topic, stored_event.schema_version, orjson.loads(stored_event.state))
        found = {**data, "at": stored_event.occurred_at, "by": meta.get("actor")}
        event = EVENT_TYPES[stored_event.topic].model_validate(found)
        return StreamEvent(stream, stored_event.originator_version, event, meta, stored_event.position)


def to_new_event(event: Event, meta: Mapping[str, Any]) -> NewEvent:
    """An event without a place, as the log takes it; raises as the mapper does."""
    data, told = _written(event, meta)
    return NewEvent(event.type, event.schema_version, data.decode(), told, event.at)


def to_event(recorded: Recorded | Row) -> Event:
    """A stored event as the domain knows it today; raises as the mapper does."""
    data = upcast(recorded.type, recorded.schema_version, orjson.loads(recorded.data))
    actor = orjson.loads(recorded.meta).get("actor")
    return EVENT_TYPES[recorded.type].model_validate({**data, "at": recorded.occurred_at, "by": actor})


def _written(event: Event, meta: Mapping[str, Any]) -> tuple[bytes, str]:
    """Data and meta as JSON."""
    named = dict(meta) if event.by is None else {"actor": event.by, **meta}
    try:
        data = event.__pydantic_serializer__.to_json(event, exclude=_NOT_DATA)
        return data, orjson.dumps(named).decode()
    except (PydanticSerializationError, TypeError, UnicodeError, RecursionError, ValueError) as error:
        raise InvalidEvent(f"event {event.type} cannot be written as JSON: {type(error).__name__}") from error
