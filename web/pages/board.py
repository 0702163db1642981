"""The pages of a project that can be looked back on: its board, and what needs attention."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from psycopg import Connection
from starlette.responses import Response

from api.board.project_views import not_in_future
from api.handling.queries import BoardQuery, PageQuery, ThenQuery
from api.handling.registering import stream_id
from api.handling.seeing import visible_to
from api.handling.services import Services
from api.run.sight import texts_for
from api.wire.problems import Problem
from api.wire.reading import validate
from projections import answers, queries
from projections.board.queries import EVERY_CARD
from projections.lists.cards import acting
from projections.visible import EVERYTHING
from web.pages.queries import ON_A_PAGE, ask, asked_page
from web.rendering.page import page
from web.words.people import NAMES, who

_LANES = {"": "None", "person": "Person", "process": "Process", "priority": "Priority"}


async def board(request: Request) -> Response:
    """The board of a project, now or as of a moment.

    ``lanes`` lays it out by person, process or priority; a filter shows some cards.
    """
    given = request.query_params.items()
    asked = {name: text for name, text in given if text and name in BoardQuery.model_fields}
    query = validate(BoardQuery, {"limit": ON_A_PAGE, **asked})
    project, services = stream_id(request.path_params["id"]), _services(request)
    calendar, then = services.calendar, past_moment(request, services)
    shown: dict[str, Any] = {
        "calendar": calendar,
        "only": query.only,
        "lanes": query.lanes,
        "depth": query.depth,
    }
    texts = await texts_for(request, project)

    def answered(connection: Connection[Any]) -> answers.Board:
        if then is None:
            return queries.board(connection, project, texts=texts, **shown)
        moment, known = queries.at_instant(connection, then), services.app.definition
        return queries.board_then(connection, project, moment, known, **shown)

    seen = await ask(request, answered)
    people = {
        *await services.read(lambda connection: acting(connection, project)),
        *filter(None, [query.person]),
    }
    when = {"as_of": then.isoformat()} if then is not None else {}
    kept = {
        name: text for name, text in asked.items() if name not in ("lanes", *PageQuery.model_fields)
    } | when
    return page(
        request, "board.html", board=seen, lanes=query.lanes, query=query, answer=seen, everything=EVERY_CARD,
        past=then, zone=calendar.zone, kept=kept,
        people=sorted(people, key=who), held_in=_held_in(seen), lane_links=_lane_links(kept),
    )  # fmt: skip


def _held_in(board: answers.Board) -> dict[tuple[str, str], list[answers.Card]]:
    """The cards by lane and column."""
    lane_of = {card: lane.key for lane in board.lanes for card in lane.cards}
    found: dict[tuple[str, str], list[answers.Card]] = {}
    for column in board.columns:
        for card in column.cards if lane_of else ():
            found.setdefault((lane_of[card.id], column.key), []).append(card)
    return found


def _lane_links(kept: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The ways to lay a board out, each with its address; the filter and the moment stay as they are."""
    return [
        (key, name, urlencode({**kept, **({"lanes": key} if key else {})})) for key, name in _LANES.items()
    ]


async def card_menu(request: Request) -> Response:
    """What can be done with a card: where it may go, and what may be changed; opened from the card."""
    project, services = stream_id(request.path_params["id"]), _services(request)
    stream = stream_id(request.path_params["card"])

    def both(connection: Connection[Any]) -> tuple[answers.Card, list[tuple[str, str]]]:
        found = queries.card(connection, stream, calendar=services.calendar)
        if found.project != project:
            raise queries.NotFound("card", stream)
        return found, queries.columns(connection, project)

    NAMES.set(await services.directories.recently())
    try:
        one, columns = await services.read(both)
    except queries.NotFound as missing:
        raise Problem("not_found", str(missing)) from None
    return page(request, "card_menu.html", one=one, columns=columns)


async def attention(request: Request) -> Response:
    """What needs attention in a project, each with the action that fixes it, and what changed since Monday.

    As of an earlier moment it is what needed attention then.
    """
    project, services = stream_id(request.path_params["id"]), _services(request)
    texts = await texts_for(request, project)
    query = asked_page(request)
    then, calendar = past_moment(request, services), services.calendar

    def answered(connection: Connection[Any]) -> answers.Attention:
        shown: Any = {"calendar": calendar, "page": query.page}
        if then is None:
            return queries.attention(connection, project, texts=texts, visible=EVERYTHING, **shown)
        moment = queries.at_instant(connection, then)
        return queries.attention_then(connection, project, moment, services.app.definition, **shown)

    name = await services.read(lambda connection: queries.project_name(connection, project))
    seen = await ask(request, answered)
    now = then or services.clock()
    told = await services.read(
        lambda connection: queries.since(
            connection,
            project,
            queries.at_instant(connection, queries.monday(now, calendar)),
            queries.at_instant(connection, now),
            services.app.definition,
            calendar,
        )
    )
    facts: dict[str, Any] = {"attention": seen, "query": query, "since": told, "answer": seen}
    return page(request, "attention.html", project=project, name=name, past=then, zone=calendar.zone, **facts)


async def everywhere(request: Request) -> Response:
    """What needs attention in all projects, each with the action that fixes it."""
    services, query = _services(request), asked_page(request)
    texts, visible = await texts_for(request, None), await visible_to(request)

    def answered(connection: Connection[Any]) -> answers.Attention:
        return queries.attention(
            connection, texts=texts, visible=visible, calendar=services.calendar, page=query.page
        )

    seen = await ask(request, answered)
    facts: dict[str, Any] = {"attention": seen, "query": query, "since": None, "answer": seen}
    return page(request, "attention.html", project=None, name="All projects", past=None, **facts)


def past_moment(request: Request, services: Services) -> datetime | None:
    """``as_of`` of the address: an instant, or (without script) a time on the organisation's clock. Raises Problem."""
    text = request.query_params.get("as_of", "").strip()
    if not text:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        return validate(ThenQuery, {"as_of": text}).as_of
    if given.tzinfo is None:
        given = given.replace(tzinfo=services.calendar.zone)
    found = validate(ThenQuery, {"as_of": given.isoformat()}).as_of
    return found and not_in_future("as_of", found, services.clock())


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services
