"""Saved views over HTTP: save, change, remove; and those that somebody is offered."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.answering import show
from api.handling.bodies import Body, Line, Nothing
from api.handling.carrying import making, on_id
from api.handling.orders import Order
from api.handling.queries import After, Limit, ViewQuery
from api.handling.registering import add_command, add_view
from api.handling.verbs import On, Verb, verb
from application import views
from domain.view import LONGEST_QUERY
from projections.lists.saved_views import SavedViews, saved_views
from projections.paging import Page

_QueryText = Annotated[str, Field(max_length=LONGEST_QUERY + 1)]


class SaveView(Body):
    """A page of Milepost with the query string that holds its filters; ``shared`` views are offered to everybody."""

    name: Line
    page: Annotated[str, Field(max_length=200)]
    query: _QueryText = ""
    shared: Annotated[bool, Field(strict=True)] = False


class ChangeView(Body):
    """Name, filters and readers, all of them."""

    name: Line
    query: _QueryText = ""
    shared: Annotated[bool, Field(strict=True)] = False


class ViewsQuery(ViewQuery):
    """Of which page of the browser's, and how many of them, behind how many others."""

    page: Annotated[str, Field(max_length=200)] | None = None
    limit: Limit = 200
    after: After = 0


_EXAMPLE = {"name": "Late ones", "query": "state=late&sort=due", "shared": True}
SAVE: Verb[On, Any] = verb(
    "save",
    "Save a view",
    SaveView,
    lambda on, body: views.save_view(
        on.app, on.id, on.asked, name=body.name, page=body.page, query=body.query, shared=body.shared
    ),
    {**_EXAMPLE, "page": "/projects/01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55/list"},
)
VERBS: tuple[Verb[On, Any], ...] = (
    verb(
        "change",
        "Change a saved view",
        ChangeView,
        lambda on, body: views.change_view(
            on.app, on.id, on.asked, name=body.name, query=body.query, shared=body.shared
        ),
        _EXAMPLE,
    ),
    verb("remove", "Remove a saved view", Nothing, lambda on, _: views.remove_view(on.app, on.id, on.asked)),
)


def add_saved_views(router: APIRouter) -> None:
    """Register the verbs and the list."""
    add_command(router, SAVING, SAVE, tag="Work")
    for each in VERBS:
        order = Order(f"POST /v1/views/{{id}}/{each.name}", on_id(each))
        add_command(router, order, each, tag="Work")
    add_view(router, "/v1/views", offered, SavedViews, "Saved views: one's own, and shared ones", tag="Work")


async def offered(request: Request, query: Annotated[ViewsQuery, Query()]) -> Response:
    """Each with the address that leads to it."""
    me, wanted = caller_of(request).actor, Page(query.limit, query.after)
    return await show(request, query, lambda connection: saved_views(connection, me, query.page, wanted))


SAVING = Order("POST /v1/views", making(SAVE, lambda _, __: "/v1/views"))
