"""Saved views over HTTP: save, change, remove; and those that somebody is offered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.asked import After, Limit, ViewQuery
from api.bodies import Body, Line, Nothing
from api.commands import Call, carry_out
from api.guard import caller_of
from api.ids import uuid7
from api.reading import validate
from api.registering import Handle, add_command, add_view, stream_id
from api.streams import VIEWS, known_view
from api.verbs import Given, Verb
from api.views import show
from domain import view as views
from domain.events import Event
from domain.view import View
from projections.lists.saved_views import SavedViews, saved_views
from projections.paging import Page

_QueryText = Annotated[str, Field(max_length=views.LONGEST_QUERY + 1)]


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
SAVE = Verb(
    "save",
    "Save a view",
    SaveView,
    views.save_view,
    {**_EXAMPLE, "page": "/projects/01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55/list"},
)
VERBS = (
    Verb("change", "Change a saved view", ChangeView, views.change_view, _EXAMPLE),
    Verb("remove", "Remove a saved view", Nothing, views.remove_view),
)


def add_saved_views(router: APIRouter) -> None:
    """Register the verbs and the list."""
    add_command(router, "POST", "/v1/views", SAVE, _save, tag="Work")
    for verb in VERBS:
        add_command(router, "POST", f"/v1/views/{{id}}/{verb.name}", verb, _on_view(verb), tag="Work")
    add_view(router, "/v1/views", offered, SavedViews, "Saved views: one's own, and shared ones", tag="Work")


async def offered(request: Request, query: Annotated[ViewsQuery, Query()]) -> Response:
    """Each with the address that leads to it."""
    me, wanted = caller_of(request).actor, Page(query.limit, query.after)
    return await show(request, query, lambda connection: saved_views(connection, me, query.page, wanted))


async def _save(call: Call) -> Response:
    body = validate(SaveView, call.body)
    stream = uuid7()
    given = Given(call.caller.actor, call.services.clock(), call.services.calendar, stream)

    def decide(view: View | None) -> Sequence[Event]:
        return SAVE.decide(view, body, given)

    return await carry_out(
        call, VIEWS, stream, decide, name=str(stream), meta=call.caller.meta, created="/v1/views"
    )


def _on_view(verb: Verb) -> Handle:
    async def handle(call: Call) -> Response:
        stream = stream_id(call.request.path_params["id"])
        body = validate(verb.body, call.body)
        given = Given(call.caller.actor, call.services.clock(), call.services.calendar, stream)

        def decide(view: View | None) -> Sequence[Event]:
            return verb.decide(known_view(view, stream), body, given)

        return await carry_out(call, VIEWS, stream, decide, name=str(stream), meta=call.caller.meta)

    return handle
