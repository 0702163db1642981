"""Search over HTTP."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from psycopg import Connection
from pydantic import Field, StringConstraints
from starlette.responses import Response

from api.access.guard import Caller, caller_of
from api.handling.answering import show
from api.handling.queries import ViewQuery
from api.handling.registering import add_view
from api.handling.seeing import visible_to
from api.handling.services import Services
from api.run.sight import Sight, sees_texts, sight_of
from application.refused import Refused
from domain.words import StepKey
from projections.lists.search import Found, Seer, search
from projections.paging import Page
from projections.visible import Visible

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class SearchQuery(ViewQuery):
    """What to look for."""

    q: Text = Field(description="parts of names, or the beginnings of words")
    limit: Annotated[int, Field(ge=1, le=100, description="how many of each kind a page has at most")] = 20
    after: Annotated[int, Field(ge=0, le=10_000, description="the `next_after` of the page before")] = 0

    @property
    def page(self) -> Page:
        """The page that is asked for, of each kind."""
        return Page(self.limit, self.after)


def add_search(router: APIRouter) -> None:
    """Register the view."""
    add_view(router, "/v1/search", find, Found, "Search runs, tasks, steps, people and values", tag="Work")


async def find(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
    """At most ``limit`` of each kind; never a sensitive or personal value, others for those who see them."""
    services: Services = request.app.state.services
    caller = caller_of(request)
    visible = await visible_to(request)
    return await show(
        request, query, lambda connection: found(services, caller, connection, query.q, query.page, visible)
    )


def found(
    services: Services, caller: Caller, connection: Connection[Any], text: str, page: Page, visible: Visible
) -> Found:
    """What this caller finds. Who sees a value is asked of the log, once a run."""

    @cache
    def sight(run: UUID) -> Sight | None:
        try:
            return sight_of(services, run, caller)
        except Refused:  # it is none of theirs any more
            return None

    def shows(run: UUID, step: StepKey, field: str) -> bool:
        seen = sight(run)
        return seen is not None and seen.sees_field(step, field)

    seer = Seer(str(caller.actor), sees_texts(services, None, caller), visible)
    return search(connection, text, seer, shows, page, calendar=services.calendar)
