"""The pages of a project as a list and as a timeline, the search, and the views that people save of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from psycopg import Connection
from pydantic import BaseModel
from starlette.responses import Response

from api.access.guard import caller_of
from api.access.matrix import Rule
from api.board.lists import ListQuery, TimelineQuery
from api.board.search import SearchQuery, found
from api.handling.registering import stream_id
from api.handling.seeing import visible_to
from api.handling.services import Services
from api.wire.reading import validate
from projections.lists import cards as lists
from projections.lists.saved_views import SavedViews, saved_views
from projections.lists.search import Found
from web.rendering.page import page
from web.words.people import NAMES, who

_READ = Rule(frozenset({"read"}))
RULES: dict[str, Rule] = {
    "GET /search": _READ,
    "GET /projects/{id}/list": _READ,
    "GET /projects/{id}/timeline": _READ,
}
"""Whoever may look; the same answers as the HTTP interface gives."""

SORTS: Mapping[str, str] = {
    "rank": "Board order", "due": "Due", "name": "Name", "state": "State", "priority": "Priority", "who": "Who",
    "progress": "Progress", "started": "Started", "target": "Target", "stage": "Stage", "ended": "Ended",
}  # fmt: skip
GROUPS: Mapping[str, str] = {
    "stage": "Stage", "state": "State", "who": "Who", "priority": "Priority", "process": "Process", "kind": "Kind",
}  # fmt: skip
_PAGE = 100
_TICKS = 8
_MARGIN = timedelta(days=1)

Q = TypeVar("Q", bound=BaseModel)
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A bar of the timeline, placed within the window in hundredths of its width."""

    bar: lists.Bar
    left: float
    width: float
    open: bool

    @property
    def top(self) -> float:
        """Where it begins from above: what was planned, what came, what is to come."""
        return {"planned": 0.6, "forecast": 5.6}.get(self.bar.kind, 2.6)

    @property
    def height(self) -> float:
        """What came is told thicker than what was or is thought."""
        return 2.6 if self.bar.kind == "actual" else 1.4

    def days(self, zone: tzinfo, between: str = "to", going_on: str = "now") -> str:
        """What it is, from which day to which."""
        begins, ends = self.bar.begins_at.astimezone(zone).date(), self.bar.ends_at
        return f"{self.bar.title}: {begins} {between} {ends.astimezone(zone).date() if ends else going_on}"


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a timeline shows, and the instants that its scale names."""

    begin: datetime
    end: datetime
    now: datetime

    def place(self, instant: datetime) -> float:
        """Where an instant lies, from 0 to 100."""
        share = (instant - self.begin) / (self.end - self.begin)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def ticks(self) -> Iterator[tuple[float, datetime]]:
        """Instants in equal distances with their places."""
        for number in range(_TICKS):
            instant = self.begin + (self.end - self.begin) * number / _TICKS
            yield self.place(instant), instant

    def stretches(self, row: lists.TimelineRow) -> list[Stretch]:
        """The bars of a card; one that goes on reaches up to now."""
        made = []
        for bar in row.bars:
            left, right = self.place(bar.begins_at), self.place(bar.ends_at or self.now)
            made.append(Stretch(bar, left, max(right - left, 0.4), bar.ends_at is None))
        return made


def add_list_pages(router: APIRouter) -> None:
    """Register the three pages."""
    router.add_api_route("/search", search, methods=["GET"], response_model=None)
    router.add_api_route("/projects/{id}/list", card_list, methods=["GET"], response_model=None)
    router.add_api_route("/projects/{id}/timeline", timeline, methods=["GET"], response_model=None)


async def search(request: Request) -> Response:
    """What fits the words that somebody typed."""
    services, caller = _services(request), caller_of(request)
    text = request.query_params.get("q", "").strip()
    told: Found | None = None
    if text:
        given = {name: request.query_params[name] for name in ("after",) if name in request.query_params}
        query = validate(SearchQuery, {"q": text[:200], **given})
        visible = await visible_to(request)
        told = await _read(
            request, lambda connection: found(services, caller, connection, query.q, query.page, visible)
        )
    fresh: dict[str, Any] = {"answer": told} if told else {}
    return page(request, "search.html", query=text, found=told, place="search", **fresh)


async def card_list(request: Request) -> Response:
    """The cards of a board in another order, with a form for filter, order and groups."""
    services, project = _services(request), stream_id(request.path_params["id"])
    query = _asked(request, ListQuery)

    wanted = lists.Wanted(query.only, query.sort, query.group, query.ended)
    known: dict[str, Any] = {"calendar": services.calendar, "now": services.clock()}
    seen = await _read(
        request, lambda connection: lists.card_list(connection, project, wanted, query.page, **known)
    )
    kept = _kept(request)
    people = sorted({*seen.acting, *([query.person] if query.person else ())}, key=who)
    return page(
        request, "list.html", seen=seen, answer=seen, query=query, sorts=SORTS, groups=GROUPS, kept=kept, people=people,
        csv=f"/v1/projects/{project}/list?{urlencode({**kept, 'format': 'csv'})}",
        views=await _views(request, project),
    )  # fmt: skip


async def timeline(request: Request) -> Response:
    """Planned, actual and forecast stretches of every card, over the time that they span."""
    services, project = _services(request), stream_id(request.path_params["id"])
    query = _asked(request, TimelineQuery)

    now = services.clock()
    wanted = lists.Wanted(query.only, ended=query.ended)
    known: dict[str, Any] = {"calendar": services.calendar, "now": now}
    seen = await _read(
        request, lambda connection: lists.timeline(connection, project, wanted, query.page, **known)
    )
    window = _window(seen, now)
    rows = [(row, window.stretches(row)) for row in seen.rows]
    return page(
        request, "timeline.html", seen=seen, answer=seen, rows=rows, ticks=list(window.ticks()),
        today=window.place(now), zone=services.calendar.zone, query=query, kept=_kept(request),
    )  # fmt: skip


def _window(seen: lists.Timeline, now: datetime) -> Window:
    bars = [bar for row in seen.rows for bar in row.bars]
    instants = [
        now,
        *(bar.begins_at for bar in bars),
        *(bar.ends_at for bar in bars if bar.ends_at is not None),
    ]
    return Window(min(instants) - _MARGIN, max(instants) + _MARGIN, now)


def _asked(request: Request, model: type[Q]) -> Q:
    given = {name: text for name, text in request.query_params.items() if text and name != "min_position"}
    return validate(model, {"limit": _PAGE, **given})


def _kept(request: Request) -> dict[str, str]:
    """The filters that say something, as they stand in the address; not which page of what they let through."""
    of_page = ("min_position", "after", "limit")
    return {name: text for name, text in request.query_params.items() if text and name not in of_page}


async def _views(request: Request, project: UUID) -> SavedViews:
    me = caller_of(request).actor
    ask: Callable[[Connection[Any]], SavedViews] = lambda connection: saved_views(  # noqa: E731 - typed once
        connection, me, f"/projects/{project}/list"
    )
    return await _services(request).read(ask)


async def _read(request: Request, ask: Callable[[Connection[Any]], A]) -> A:
    """What a query answers; the page calls people as the directory does."""
    NAMES.set(await _services(request).directories.recently())
    return await _services(request).read(ask)


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services
