"""The two feeds: what happened, for programs; what changed, for pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response, StreamingResponse

from api.access.guard import Caller, caller_of
from api.feeds.events import KEEP_ALIVE_SECONDS, EventPage, events, stream_start, while_admitted
from api.handling.live import Change
from api.handling.queries import Position
from api.handling.registering import ANSWER, MEDIA
from api.handling.seeing import visible_of
from api.handling.services import Services
from api.wire.sse import HEADERS, MEDIA_TYPE, event, stopped_or
from projections.visible import places_of


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
    """Server-sent events for live pages: what looks different now of the runs, tasks and projects that the caller sees.

    A change is told after the read models have it, so that asking again shows it. Changes that come close together are
    told as one (event `changed`). Where nothing changed for 15 seconds, and at the beginning, that is told too (event
    `unchanged`): a stream in which nothing comes for longer is dead.
    """
    services: Services = request.app.state.services
    after = await stream_start(request, query.after, services)
    stream = while_admitted(request, _changes(services, caller_of(request), after))
    return StreamingResponse(stream, headers=HEADERS, media_type=MEDIA_TYPE)


async def _changes(services: Services, caller: Caller, after: int) -> AsyncGenerator[bytes, None]:
    hub = services.hub
    async with hub.subscribe() as subscriber:
        missed = await _seen(services, caller, await hub.since(after))
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
                shown = await _seen(services, caller, change)
                yield event(shown.told(), position=told, name="changed")


async def _seen(services: Services, caller: Caller, change: Change) -> Change:
    """As much of a change as the caller sees now."""
    if change.everything:
        return change
    visible = await visible_of(services, caller)
    if visible.everything:
        return change
    cards = change.runs | change.tasks
    places = await services.read(lambda connection: places_of(connection, cards))
    shown = {card for card, place in places.items() if visible.shows(*place)}
    projects = {project for project in change.projects if visible.shows_project(project)}
    return replace(change, runs=change.runs & shown, tasks=change.tasks & shown, projects=projects)


def _unchanged(position: int) -> bytes:
    """As an event, not as a comment: script in a page hears of no comments."""
    return event({"position": position}, position=position, name="unchanged")
