"""The two feeds: what happened, for programs; what changed, for pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response, StreamingResponse

from api.feeds.events import KEEP_ALIVE_SECONDS, EventPage, events, stream_start, while_admitted
from api.handling.queries import Position
from api.handling.registering import ANSWER, MEDIA
from api.handling.services import Services
from api.wire.sse import HEADERS, MEDIA_TYPE, event, stopped_or


class ChangesQuery(BaseModel):
    """From where."""

    model_config = ConfigDict(extra="forbid")
    after: Position | None = None


def add_feeds(router: APIRouter) -> None:
    """Register both."""
    router.add_api_route("/v1/events", events, methods=["GET"], response_model=None, tags=["Feeds"],
                         summary="Follow what happens", operation_id="get_events",
                         openapi_extra={ANSWER: EventPage, MEDIA: [MEDIA_TYPE]})  # fmt: skip
    router.add_api_route("/v1/changes", changes, methods=["GET"], response_model=None, tags=["Feeds"],
                         summary="Follow what changed in the views", operation_id="get_changes",
                         openapi_extra={MEDIA: [MEDIA_TYPE]})  # fmt: skip


async def changes(request: Request, query: Annotated[ChangesQuery, Query()]) -> Response:
    """Server-sent events for live pages: which runs, tasks, projects and processes look different now.

    A change is told after the read models have it, so that asking again shows it. Changes that come close together are
    told as one (event `changed`). Where nothing changed for 15 seconds, and at the beginning, that is told too (event
    `unchanged`): a stream in which nothing comes for longer is dead.
    """
    services: Services = request.app.state.services
    after = await stream_start(request, query.after, services)
    stream = while_admitted(request, _changes(services, after))
    return StreamingResponse(stream, headers=HEADERS, media_type=MEDIA_TYPE)


async def _changes(services: Services, after: int) -> AsyncGenerator[bytes, None]:
    hub = services.hub
    async with hub.subscribe() as subscriber:
        missed = await hub.since(after)
        told = max(after, missed.position)
        yield (
            event(missed.told(), position=told, name="changed")
            if missed.position > after
            else _unchanged(told)
        )
        while not services.stopping.is_set():
            await stopped_or(services.stopping, subscriber.something(KEEP_ALIVE_SECONDS))
            change = subscriber.take()
            if change is None:
                yield _unchanged(told)
            elif change.position > told:
                told = change.position
                yield event(change.told(), position=told, name="changed")


def _unchanged(position: int) -> bytes:
    """As an event, not as a comment: script in a page hears of no comments."""
    return event({"position": position}, position=position, name="unchanged")
