"""What a project shows: its board and attention list, now or as of a moment, why a card is so, what changed since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from psycopg import Connection
from pydantic import Field
from starlette.responses import Response

from api.handling.answering import calendar_of, services_of, show
from api.handling.bodies import Instant
from api.handling.queries import PastBoardQuery, ProjectAttentionQuery, ThenQuery, ViewQuery
from api.handling.registering import add_view, stream_id
from api.run.sight import texts_for
from api.wire.problems import Problem
from projections import answers, queries
from projections.visible import EVERYTHING


class SinceQuery(ViewQuery):
    """Between which moments; from Monday to now, when nothing is said."""

    begins_at: Instant | None = Field(None, alias="from", description="Monday of this week without it")
    ends_at: Instant | None = Field(None, alias="to", description="now without it")


def add_project_views(router: APIRouter) -> None:
    """Register every view of a project that is told in time."""
    views: tuple[tuple[str, Any, type[Any], str], ...] = (
        ("board", board, answers.Board, "A project's board"),
        ("board/{card}/why", why, answers.Why, "Which events made a card what it is"),
        ("attention", attention, answers.Attention, "What needs attention in a project"),
        ("since", since, answers.Since, "What changed in a project between two moments"),
    )
    for path, shown, told, summary in views:
        add_view(router, f"/v1/projects/{{id}}/{path}", shown, told, summary, tag="Projects")


async def board(request: Request, id: str, query: Annotated[PastBoardQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """The columns with their cards: stage outcomes, next action, who, due; never a value of a step."""
    project, services, calendar = stream_id(id), services_of(request), calendar_of(request)
    texts = await texts_for(request, project)

    def ask(connection: Connection[Any]) -> answers.Board:
        moment = moment_of(connection, query, services.clock())
        if moment is None:
            return queries.board(
                connection,
                project,
                now=services.clock(),
                calendar=calendar,
                only=query.only,
                lanes=query.lanes,
                depth=query.depth,
                texts=texts,
            )
        return queries.board_then(
            connection, project, moment, services.app.definition, calendar=calendar, only=query.only,
            lanes=query.lanes, depth=query.depth,
        )  # fmt: skip

    return await show(request, query, ask)


async def why(request: Request, id: str, card: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - as above
    """For every cell of the card, and for each of its stages, the events that made it so, without any value."""
    project, stream, services = stream_id(id), stream_id(card), services_of(request)
    ask: Callable[[Connection[Any]], answers.Why] = lambda connection: queries.why(  # noqa: E731 - named for its type
        connection,
        project,
        stream,
        services.app.definition,
        now=services.clock(),
        calendar=calendar_of(request),
    )
    return await show(request, query, ask)


async def attention(request: Request, id: str, query: Annotated[ProjectAttentionQuery, Query()]) -> Response:  # noqa: A002 - as above
    """The worst first: each row says why in plain words and carries the one action that fixes it."""
    project, services, calendar = stream_id(id), services_of(request), calendar_of(request)
    texts = await texts_for(request, project)

    def ask(connection: Connection[Any]) -> answers.Attention:
        moment = moment_of(connection, query, services.clock())
        if moment is None:
            return queries.attention(
                connection,
                project,
                now=services.clock(),
                calendar=calendar,
                page=query.page,
                texts=texts,
                visible=EVERYTHING,
            )
        return queries.attention_then(
            connection, project, moment, services.app.definition, calendar=calendar, page=query.page,
        )  # fmt: skip

    return await show(request, query, ask)


async def since(request: Request, id: str, query: Annotated[SinceQuery, Query()]) -> Response:  # noqa: A002 - as above
    """Which runs started, finished, moved on, became late and were helped, in sentences and card by card."""
    project, services, calendar = stream_id(id), services_of(request), calendar_of(request)
    now = services.clock()
    ends_at = not_in_future("to", query.ends_at, now) if query.ends_at else now
    begins_at = query.begins_at or queries.monday(ends_at, calendar)
    if begins_at > ends_at:
        raise Problem("invalid", "`from` must not lie after `to`", errors=[_after(begins_at, ends_at)])

    def ask(connection: Connection[Any]) -> answers.Since:
        before, after = queries.at_instant(connection, begins_at), queries.at_instant(connection, ends_at)
        return queries.since(connection, project, before, after, services.app.definition, calendar)

    return await show(request, query, ask)


def moment_of(connection: Connection[Any], query: ThenQuery, now: datetime) -> queries.Moment | None:
    """The moment that a question is about; None is now. Raises Problem when it has not come yet."""
    if query.as_of is not None and query.as_of_position is not None:
        raise Problem("invalid", "say `as_of` or `as_of_position`, not both", errors=[])
    if query.as_of is not None:
        return queries.at_instant(connection, not_in_future("as_of", query.as_of, now))
    if query.as_of_position is None:
        return None
    try:
        return queries.at_position(connection, query.as_of_position)
    except queries.AheadOfLog as ahead:
        raise Problem("ahead_of_log", f"the log ends at {ahead.head}", head=ahead.head) from None


def not_in_future(field: str, at: datetime, now: datetime) -> datetime:
    """The instant; a problem when nobody can know yet how things will stand then."""
    if at > now:
        told = f"{at.isoformat()} has not come yet: it is {now.isoformat(timespec='seconds')}"
        errors = [{"field": field, "code": "in_future", "detail": told}]
        raise Problem("invalid", f"`{field}` must not lie in the future", errors=errors)
    return at


def _after(begins_at: datetime, ends_at: datetime) -> dict[str, str]:
    return {"field": "from", "code": "after_to", "detail": f"{begins_at} is after {ends_at}"}
