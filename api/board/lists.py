"""A project as a list, a timeline and a calendar over HTTP; lists as CSV, calendars as feeds for calendar programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from api.access import grants as access
from api.access.guard import caller_of
from api.feeds.calendar import feed_of
from api.handling.answering import show
from api.handling.bodies import Instant
from api.handling.exports import Sheet, export
from api.handling.queries import BoardQuery, Format, ViewQuery, Who
from api.handling.registering import ANSWER, BODY, add_view, stream_id
from api.handling.services import Services
from api.wire.conditional import conditional
from api.wire.problems import Problem
from api.wire.reading import parse_json, read_body, validate
from projections.answers import Card
from projections.asking import NotFound
from projections.lists import calendar as lists
from projections.lists import cards

_COLUMNS = (
    "kind", "id", "name", "stage", "state", "progress", "next_action", "who", "due_at", "overdue", "priority", "labels",
    "outcome", "started_at", "target_at", "ended_at", "process", "process_version",
)  # fmt: skip
_BEHIND, _AHEAD = timedelta(days=31), timedelta(days=366)
_LONGEST = timedelta(days=1_100)


class ListQuery(BoardQuery):
    """Which cards, in which order and groups, and which page of them; as CSV all of them."""

    lanes: None = None
    sort: cards.SortKey = Field(
        "rank", description="what the cards are ordered by; rank is the board's own order"
    )
    group: cards.GroupKey | None = None
    ended: bool = Field(False, description="whether cards that have ended are in it too")
    limit: Annotated[int, Field(ge=1, le=5_000)] = 500  # a list has always been this long
    format: Format = "json"


class TimelineQuery(BoardQuery):
    """Which cards, and which page of them."""

    lanes: None = None
    ended: bool = Field(False, description="whether cards that have ended are in it too")


class CalendarQuery(ViewQuery):
    """Of a project or of a person (the caller's own without either), between two instants."""

    project: UUID | None = None
    person: Who | None = None
    begin: Instant | None = Field(None, description="the first instant; a month ago without it")
    end: Instant | None = Field(None, description="the instant after the last; in a year without it")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.project is not None and self.person is not None:
            raise ValueError("name a project or a person, not both")
        if self.begin and self.end and not timedelta() < self.end - self.begin <= _LONGEST:
            raise ValueError("end must come after begin, by three years at most")
        return self


class CalendarLink(BaseModel):
    """Whose dues the feed shows: a project's, or (without one) the caller's own."""

    model_config = ConfigDict(extra="forbid")
    project: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewLink:
    """A feed for calendar programs; whoever has the address sees it, until its token is revoked."""

    id: UUID
    url: str


def add_lists(router: APIRouter) -> None:
    """Register the views, the links and the feed."""
    views: tuple[tuple[str, Any, type[Any], str, str], ...] = (
        (
            "/v1/projects/{id}/list",
            card_list,
            cards.CardList,
            "A project's cards as a list, or as CSV",
            "Projects",
        ),
        ("/v1/projects/{id}/timeline", timeline, cards.Timeline, "A project's cards over time", "Projects"),
        ("/v1/calendar", calendar, lists.DueCalendar, "What is due when", "Work"),
    )
    for path, ask, told, summary, tag in views:
        add_view(router, path, ask, told, summary, tag=tag)
    router.add_api_route(
        "/v1/calendar-links",
        make_link,
        methods=["POST"],
        response_model=None,
        status_code=201,
        summary="Make the address of a calendar feed",
        operation_id="post_calendar_links",
        tags=["Work"],
        openapi_extra={BODY: {"model": CalendarLink, "example": {"project": None}}, ANSWER: NewLink},
    )
    router.add_api_route(
        "/calendar/{name}", feed, methods=["GET", "HEAD"], response_model=None, include_in_schema=False
    )


async def card_list(request: Request, id: str, query: Annotated[ListQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """The cards that the board shows under the same filter, in another order; never a value of a step."""
    services: Services = request.app.state.services
    project = stream_id(id)

    wanted = cards.Wanted(query.only, query.sort, query.group, query.ended)
    known: dict[str, Any] = {"calendar": services.calendar, "now": services.clock()}

    def every(connection: Connection[Any]) -> Sheet:
        found = cards.every_card(connection, project, wanted, **known)
        return Sheet(found.name, _COLUMNS, (_cells(found, card) for card in found.cards), found.position)

    if query.format == "csv":
        return await export(request, query, every)
    return await show(
        request,
        query,
        lambda connection: cards.card_list(connection, project, wanted, query.page, **known),
    )


def _cells(found: cards.EveryCard, card: Card) -> list[Any]:
    """What a spreadsheet shows of a card; its stage as people call it."""
    stage = found.stages.get(card.stage, card.stage)
    return [stage if name == "stage" else getattr(card, name) for name in _COLUMNS]


async def timeline(request: Request, id: str, query: Annotated[TimelineQuery, Query()]) -> Response:  # noqa: A002 - as above
    """Planned by targets, actual by stages; open stretches have no end."""
    services: Services = request.app.state.services
    project = stream_id(id)
    return await show(
        request,
        query,
        lambda connection: cards.timeline(
            connection, project, cards.Wanted(query.only, ended=query.ended), query.page, calendar=services.calendar,
            now=services.clock(),
        ),
    )  # fmt: skip


async def calendar(request: Request, query: Annotated[CalendarQuery, Query()]) -> Response:
    """The dues of steps and tasks, and the targets of runs, the earliest first."""
    services: Services = request.app.state.services
    begin, end = _window(services, query.begin, query.end)
    person = query.person or caller_of(request).actor
    return await show(request, query, _dues(services, query.project, person, begin, end))


async def make_link(request: Request) -> Response:
    """The address is told this once; it works without signing in, so it is as secret as a password."""
    services: Services = request.app.state.services
    caller = caller_of(request)
    body = validate(CalendarLink, parse_json(request, await read_body(request)))
    if body.project is not None:
        begin, end = _window(services, None, None)
        await services.read(
            _dues(services, body.project, "", begin, end)
        )  # NotFound: there is no such project
    token = await services.read(
        lambda connection: access.create_token(connection, caller.actor, (access.CALENDAR,), None)
    )
    query = f"?{urlencode({'project': body.project})}" if body.project else ""
    told = NewLink(token.id, f"{services.site.base_url}/calendar/{token.secret}.ics{query}")
    return Response(orjson.dumps(asdict(told)), 201, {"Cache-Control": "no-store"}, "application/json")


async def feed(request: Request, name: str, project: UUID | None = None) -> Response:
    """The feed of a link, as iCalendar (RFC 5545); a link that is not known is not found."""
    services: Services = request.app.state.services
    grant = await services.leases.get(name.removesuffix(".ics"))
    if not name.endswith(".ics") or grant is None or access.CALENDAR not in grant.scopes:
        raise Problem("not_found", "this link does not lead to a calendar (any more)")
    begin, end = _window(services, None, None)
    try:
        found = await services.read(_dues(services, project, grant.actor, begin, end))
    except NotFound:
        raise Problem("not_found", "this calendar's project is not there") from None
    name = f"Milepost: {grant.actor.partition(':')[2]}"
    body = feed_of(name, found.entries, services.site.base_url)
    headers = {"Cache-Control": "private, max-age=300", "Referrer-Policy": "no-referrer"}
    return conditional(request, body, "text/calendar; charset=utf-8", headers)


def _window(services: Services, begin: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    now = services.clock()
    first = begin or min(now - _BEHIND, end - timedelta(days=1) if end else now)
    return first, end or max(now + _AHEAD, first + timedelta(days=1))


def _dues(services: Services, project: UUID | None, person: str, begin: datetime, end: datetime) -> Any:
    if project is None:
        return lambda connection: lists.person_calendar(
            connection, person, begin, end, calendar=services.calendar
        )
    return lambda connection: lists.project_calendar(
        connection, project, begin, end, calendar=services.calendar
    )
