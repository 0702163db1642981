"""The public form of an event: CloudEvents 1.0 in JSON, with nothing personal in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.events import EVENT_TYPES

CONTENT_TYPE = "application/cloudevents+json"


def envelope(
    *,
    log: UUID,
    position: int,
    stream: UUID,
    type: str,  # noqa: A002 - the word that the log and CloudEvents use
    schema_version: int,
    occurred_at: datetime,
    meta: Mapping[str, Any],
    data: Mapping[str, Any],
) -> dict[str, Any]:
    """One stored event as every subscriber sees it; of ``data`` only the fields that its event class calls public.

    ``data`` and ``schema_version`` belong together: both as stored, or both after upcasting. An event type that
    this release does not know has no public field.
    """
    known = EVENT_TYPES.get(type)
    public = () if known is None else known.public
    return {
        "specversion": "1.0",
        "id": str(position),
        "source": f"/milepost/log/{log}",
        "type": f"milepost.{type}.v{schema_version}",
        "subject": str(stream),
        "time": _instant(occurred_at),
        "datacontenttype": "application/json",
        "sequence": f"{position:020d}",
        "partitionkey": str(stream),
        **_extensions(stream, "" if known is None else known.aggregate, meta, data),
        "data": {name: data[name] for name in public if name in data},
    }


def _extensions(
    stream: UUID, aggregate: str, meta: Mapping[str, Any], data: Mapping[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if aggregate == "run":
        found["runid"] = str(stream)
        found["stepkey"] = data.get("step")
    found["processkey"] = meta.get("process")
    found["processversion"] = meta.get("process_version")
    return {name: value for name, value in found.items() if value is not None}


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
