"""The contract of the broker's messages for other services: an AsyncAPI 3 document made from the event classes."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from domain.cloudevents import CONTENT_TYPE
from domain.events import EVENT_TYPES, Event
from workers.cloudevents import subject
from workers.subjects import STREAM, SUBJECTS

PATH = "docs/reference/asyncapi.json"
POSITION_PATTERN = "^[0-9]{1,19}$"
STREAM_ID = {"type": "string", "format": "uuid", "description": "The run, project, task or process."}
ENVELOPE: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0. A subscriber that has seen an id of a source has seen the event.",
    "required": [
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "datacontenttype",
        "sequence",
        "partitionkey",
        "data",
    ],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "pattern": POSITION_PATTERN, "description": "The position in the log."},
        "source": {"type": "string", "pattern": "^/milepost/log/[0-9a-f-]{36}$", "description": "The log."},
        "type": {"type": "string"},
        "subject": STREAM_ID,
        "time": {"type": "string", "format": "date-time", "description": "When it happened, in UTC."},
        "datacontenttype": {"const": "application/json"},
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{20}$",
            "description": "The position, so padded that text order is log order. Positions have no holes.",
        },
        "partitionkey": STREAM_ID,
        "runid": {"type": "string", "format": "uuid", "description": "On events of runs."},
        "stepkey": {"type": "string", "description": "On events of steps."},
        "processkey": {"type": "string", "description": "On events of runs and processes."},
        "processversion": {"type": "integer", "minimum": 1, "description": "On events of runs."},
    },
}


def document() -> dict[str, Any]:
    """The whole document: one channel and one message per event type, in the order of their names."""
    events = sorted(EVENT_TYPES.values(), key=lambda event: event.type)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Milepost events",
            "version": "1.0.0",
            "description": (
                f"Every event of the log, in order, on the JetStream stream {STREAM} ({SUBJECTS}). "
                "Messages carry keys, numbers and states; for everything else ask the HTTP API."
            ),
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "nats": {"host": "localhost:4222", "protocol": "nats", "description": "MILEPOST_NATS_URL"}
        },
        "channels": {event.type: _channel(event) for event in events},
        "operations": {f"receive_{event.type}": _operation(event) for event in events},
        "components": {
            "schemas": {"envelope": ENVELOPE} | _shared_schemas(events),
            "messages": {event.type: _message(event) for event in events},
        },
    }


def text() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def asyncapi() -> dict[str, str]:
    """The generated file, by its path."""
    return {PATH: text()}


def data_schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's public fields."""
    whole = _schema(event)
    public = {name: whole["properties"][name] for name in event.public}
    schema: dict[str, Any] = {"type": "object", "properties": public, "additionalProperties": False}
    if required := [name for name in event.public if name in whole.get("required", [])]:
        schema["required"] = required
    return schema


def _schema(event: type[Event]) -> dict[str, Any]:
    # as it is written: a field with a default is always there, but older events may lack it
    return TypeAdapter(event).json_schema(ref_template="#/components/schemas/{model}")


def _shared_schemas(events: list[type[Event]]) -> dict[str, Any]:
    """What public fields refer to."""
    found: dict[str, Any] = {}
    for event in events:
        definitions = _schema(event).get("$defs", {})
        used = json.dumps(data_schema(event))
        found |= {
            name: body for name, body in definitions.items() if f'"#/components/schemas/{name}"' in used
        }
    return found


def _channel(event: type[Event]) -> dict[str, Any]:
    return {
        "address": subject(event, "{process}"),
        "parameters": {"process": {"description": "The key of the process, or - where there is none."}},
        "messages": {event.type: {"$ref": f"#/components/messages/{event.type}"}},
    }


def _operation(event: type[Event]) -> dict[str, Any]:
    """Seen from a subscriber: it receives."""
    return {"action": "receive", "channel": {"$ref": f"#/channels/{event.type}"}}


def _message(event: type[Event]) -> dict[str, Any]:
    narrowed = {
        "type": {"const": f"milepost.{event.type}.v{event.schema_version}"},
        "data": data_schema(event),
    }
    return {
        "name": event.type,
        "title": event.type.replace("_", " "),
        "summary": (event.__doc__ or "").strip().split("\n", 1)[0],
        "contentType": CONTENT_TYPE,
        "payload": {
            "allOf": [{"$ref": "#/components/schemas/envelope"}, {"type": "object", "properties": narrowed}]
        },
    }
