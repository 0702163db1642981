"""A project as a list, a timeline and a calendar over HTTP; lists also as CSV."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from psycopg import Connection
from pydantic import Field, model_validator
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.answering import show
from api.handling.bodies import Instant
from api.handling.exports import Sheet, export
from api.handling.queries import BoardQuery, Format, ViewQuery, Who
from api.handling.registering import add_view, stream_id
from api.handling.seeing import visible_to
from api.handling.services import Services
from projections.answers import Card
from projections.lists import calendar as lists
from projections.lists import cards
from projections.visible import EVERYTHING, Visible

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


def add_lists(router: APIRouter) -> None:
    """Register the views."""
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
    begin, end = window(services, query.begin, query.end)
    person = query.person or caller_of(request).actor
    visible = EVERYTHING if person == caller_of(request).actor else await visible_to(request)
    return await show(request, query, dues(services, query.project, person, begin, end, visible))


def window(services: Services, begin: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """The first instant and the one after the last, where the reader says nothing else: a month back, a year ahead."""
    now = services.clock()
    first = begin or min(now - _BEHIND, end - timedelta(days=1) if end else now)
    return first, end or max(now + _AHEAD, first + timedelta(days=1))


def dues(
    services: Services,
    project: UUID | None,
    person: str,
    begin: datetime,
    end: datetime,
    visible: Visible = EVERYTHING,
) -> Any:
    """The question for the dues of a project, or (None) those of a person's work that are ``visible``.

    Raises NotFound when it is asked.
    """
    if project is None:
        return lambda connection: lists.person_calendar(
            connection, person, begin, end, calendar=services.calendar, visible=visible
        )
    return lambda connection: lists.project_calendar(
        connection, project, begin, end, calendar=services.calendar
    )
