"""/v1/events: the public feed of everything that happened, as pages or as a stream of server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from api.access.guard import Caller, caller_of, still_admitted
from api.handling.queries import BIGGEST_POSITION, Position
from api.handling.seeing import events_seen, visible_of
from api.handling.services import Services
from api.wire.problems import Problem
from api.wire.sse import HEADERS, MEDIA_TYPE, event, keep_alive, stopped_or
from domain.cloudevents import envelope
from domain.document_part import Key
from domain.events import EVENT_TYPES
from domain.upcast import upcast
from store.log import Recorded

BATCH = 500
_SCAN_BATCHES = 20
KEEP_ALIVE_SECONDS = 15.0


class FeedQuery(BaseModel):
    """Which events, and from where."""

    model_config = ConfigDict(extra="forbid")
    after: Position | None = Field(
        None, description="events above this position; a stream starts from now without it"
    )
    types: str | None = Field(
        None,
        max_length=4_000,
        description="names of event types, separated by commas",
        examples=["run_started,run_completed"],
    )
    process: Key | None = Field(None, description="only events of this process and its runs")
    limit: int = Field(100, ge=1, le=1_000, description="events on a page")


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """One stored event as every subscriber sees it: CloudEvents 1.0, ``data`` with the public members alone."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"]
    sequence: str
    partitionkey: str
    data: dict[str, Any]
    runid: UUID | None = None
    stepkey: str | None = None
    processkey: str | None = None
    processversion: int | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order; how far was looked (``after``), the newest position, and the address of what follows."""

    events: list[PublicEvent]
    after: int
    head: int
    next: str | None


@dataclass(frozen=True, slots=True)
class _Filter:
    types: frozenset[str] | None
    process: str | None


async def events(request: Request, query: Annotated[FeedQuery, Query()]) -> Response:
    """The events of the log in order: a page, or with `Accept: text/event-stream` a stream that goes on.

    A program with the scope `service` is told all of them, everybody else those of what they see.
    """
    services: Services = request.app.state.services
    wanted = _Filter(_types(query.types), query.process)
    if "text/event-stream" in request.headers.get("accept", ""):
        after = await stream_start(request, query.after, services)
        stream = while_admitted(request, _stream(services, caller_of(request), after, wanted))
        return StreamingResponse(stream, headers=HEADERS, media_type=MEDIA_TYPE)
    return await _page(services, caller_of(request), query, wanted)


def _types(given: str | None) -> frozenset[str] | None:
    if given is None:
        return None
    names = frozenset(name.strip() for name in given.split(",") if name.strip())
    unknown = sorted(names - EVENT_TYPES.keys())
    if unknown or not names:
        detail = f"no such event type: {', '.join(unknown)}" if unknown else "names no event type"
        errors = [{"field": "types", "code": "unknown_type", "detail": detail}]
        raise Problem("invalid", detail, errors=errors, accepted=sorted(EVENT_TYPES))
    return names


async def while_admitted(request: Request, stream: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """The stream for as long as its caller is let in: asked before each part, and a quiet stream has keep-alives."""
    async with aclosing(stream):
        async for part in stream:
            if not await still_admitted(request):
                return
            yield part


async def stream_start(request: Request, after: int | None, services: Services) -> int:
    """Where a stream begins: behind Last-Event-ID, else behind ``after``, else now."""
    last = request.headers.get("last-event-id")
    if last is not None:
        if not last.isascii() or not last.isdigit() or int(last[:20]) > BIGGEST_POSITION:
            raise Problem("bad_header", "Last-Event-ID must be a position of the log", header="Last-Event-ID")
        return await _in_log(services, int(last[:20]))
    if after is None:
        return await run_in_threadpool(services.log.head)
    return await _in_log(services, after)


async def _in_log(services: Services, position: int) -> int:
    if position > services.log.follower.head:
        head = await run_in_threadpool(services.log.head)
        if position > head:
            raise Problem("ahead_of_log", f"the log ends at {head}", head=head)
    return position


async def _page(services: Services, caller: Caller, query: FeedQuery, wanted: _Filter) -> Response:
    after = await _in_log(services, query.after or 0)
    found, reached, head = await _find(services, caller, after, query.limit, wanted)
    following = None
    if reached < head:
        again = {"after": reached, "types": query.types, "process": query.process, "limit": query.limit}
        following = "/v1/events?" + urlencode(
            {name: value for name, value in again.items() if value is not None}
        )
    body = {"events": found, "after": reached, "head": head, "next": following}
    links = {} if following is None else {"Link": f'<{following}>; rel="next"'}
    return Response(
        orjson.dumps(body), headers={"Cache-Control": "no-store", **links}, media_type="application/json"
    )


async def _find(
    services: Services, caller: Caller, after: int, limit: int, wanted: _Filter
) -> tuple[list[dict[str, Any]], int, int]:
    """Up to ``limit`` events; how far was looked; the head. Looks at a bounded number of events."""
    head = await run_in_threadpool(services.log.head)
    found: list[dict[str, Any]] = []
    for _ in range(_SCAN_BATCHES):
        most = min(limit, BATCH) if wanted.process is None else BATCH
        rows = await run_in_threadpool(services.log.read_to_tell, after, most, wanted.types)
        if not rows:
            return found, max(after, head), head
        told = {row.position for row in await _seen(services, caller, rows)}
        for row in rows:
            after = row.position
            found += _public(services, row, wanted) if after in told else []
            if len(found) == limit:
                return found, after, max(head, after)
    return found, after, max(head, after)


async def _seen(services: Services, caller: Caller, rows: list[Recorded]) -> list[Recorded]:
    """Those of the events that the caller is told of, by how they stand to it now."""
    if not rows or "service" in caller.grant.scopes:
        return rows
    return await events_seen(services, caller, await visible_of(services, caller), rows)


def _public(services: Services, row: Recorded, wanted: _Filter) -> list[dict[str, Any]]:
    meta = orjson.loads(row.meta)
    data = orjson.loads(row.data)
    if wanted.process is not None and wanted.process not in (meta.get("process"), data.get("process")):
        return []
    known = EVENT_TYPES.get(row.type)
    made = envelope(
        log=services.log.id,
        position=row.position,
        stream=row.stream,
        type=row.type,
        schema_version=known.schema_version if known else row.schema_version,
        occurred_at=row.occurred_at,
        meta=meta,
        data=upcast(row.type, row.schema_version, data) if known else {},
    )
    return [made]


async def _stream(
    services: Services, caller: Caller, after: int, wanted: _Filter
) -> AsyncGenerator[bytes, None]:
    """Every event from ``after`` on until the client leaves or the server stops; a slow client is waited for."""
    yield keep_alive(after)
    follower = services.log.follower
    while not services.stopping.is_set():
        seen = follower.head
        rows = await run_in_threadpool(_rows, services, after, wanted.types)
        parts = [
            event(made, position=row.position, name=row.type)
            for row in await _seen(services, caller, rows)
            for made in _public(services, row, wanted)
        ]
        if parts:
            yield b"".join(parts)
        if len(rows) == BATCH:
            after = rows[-1].position
            continue
        after = max(
            [after, seen, *(row.position for row in rows[-1:])]
        )  # all up to `seen` was there to be read
        await stopped_or(services.stopping, follower.wait_async(after, KEEP_ALIVE_SECONDS))
        if follower.head <= after:
            yield keep_alive(after)


def _rows(services: Services, after: int, types: Collection[str] | None) -> list[Recorded]:
    return services.log.read_to_tell(after, BATCH, types)
