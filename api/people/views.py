"""Views of people and groups."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.handling.answering import services_of, show
from api.handling.queries import PageQuery, ViewQuery
from api.handling.registering import add_view
from application.found import group_key, person_key
from projections import answers, queries


class WorkloadQuery(ViewQuery):
    """How far ahead, and of which project."""

    weeks: Annotated[int, Field(ge=1, le=26)] = 4
    project: UUID | None = Field(None, description="all projects, and runs of none, without it")


def add_people_views(router: APIRouter) -> None:
    """Register every view of people and groups."""
    add_view(router, "/v1/people", people, answers.People, "Everybody who works here", tag="People")
    add_view(router, "/v1/people/{key}", person, answers.PersonView, "A person", tag="People")
    add_view(
        router, "/v1/workload", workload, answers.Workload, "How much work is ahead of whom", tag="People"
    )
    add_view(router, "/v1/groups", groups, answers.Groups, "Groups and their members", tag="People")
    add_view(router, "/v1/groups/{key}", group, answers.GroupView, "A group", tag="People")


async def people(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """By name, those who left last; with their groups and how much open work they have."""
    return await show(request, query, lambda connection: queries.people(connection, query.page))


async def person(request: Request, key: str, query: Annotated[ViewQuery, Query()]) -> Response:
    """Name, address, manager, hours, groups, whether they take work."""
    name = person_key(key)
    return await show(request, query, lambda connection: queries.person(connection, name))


async def groups(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """By title, closed ones last; with their members and how much open work waits for one of them."""
    return await show(request, query, lambda connection: queries.groups(connection, query.page))


async def group(request: Request, key: str, query: Annotated[ViewQuery, Query()]) -> Response:
    """Title, members, and how much open work waits for one of them."""
    name = group_key(key)
    return await show(request, query, lambda connection: queries.group(connection, name))


async def workload(request: Request, query: Annotated[WorkloadQuery, Query()]) -> Response:
    """Hours of effort by person and ISO week: ready work spread until its due, coming work in the week of its due."""
    services = services_of(request)
    return await show(
        request,
        query,
        lambda connection: queries.workload(
            connection,
            services.app.definition,
            services.calendar,
            weeks=query.weeks,
            project=query.project,
            now=services.clock(),
        ),
    )
