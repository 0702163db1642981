"""Views of people and groups."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.registering import add_view
from api.streams import group_key, person_key
from api.views import ViewQuery, show
from projections import answers, queries


def add_people_views(router: APIRouter) -> None:
    """Register every view of people and groups."""
    add_view(router, "/v1/people", people, answers.People, "Everybody who works here", tag="People")
    add_view(router, "/v1/people/{key}", person, answers.PersonView, "A person", tag="People")
    add_view(router, "/v1/groups", groups, answers.Groups, "Groups and their members", tag="People")
    add_view(router, "/v1/groups/{key}", group, answers.GroupView, "A group", tag="People")


async def people(request: Request, query: Annotated[ViewQuery, Query()]) -> Response:
    """By name, those who left last; with their groups and how much open work they have."""
    return await show(request, query, queries.people)


async def person(request: Request, key: str, query: Annotated[ViewQuery, Query()]) -> Response:
    """Name, address, manager, hours, groups, whether they take work."""
    name = person_key(key)
    return await show(request, query, lambda connection: queries.person(connection, name))


async def groups(request: Request, query: Annotated[ViewQuery, Query()]) -> Response:
    """By title, closed ones last; with their members and how much open work waits for one of them."""
    return await show(request, query, queries.groups)


async def group(request: Request, key: str, query: Annotated[ViewQuery, Query()]) -> Response:
    """Title, members, and how much open work waits for one of them."""
    name = group_key(key)
    return await show(request, query, lambda connection: queries.group(connection, name))
