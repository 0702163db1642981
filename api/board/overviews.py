"""What a person sees first, all projects, and how far the runs of one got."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.answering import calendar_of, services_of, show
from api.handling.queries import HomeQuery, PageQuery, ViewQuery
from api.handling.registering import add_view, stream_id
from api.handling.seeing import visible_to
from api.run.sight import texts_for
from projections import answers, queries


def add_overviews(router: APIRouter) -> None:
    """Register the views."""
    add_view(
        router,
        "/v1/projects/{id}/funnel",
        project_funnel,
        answers.Funnel,
        "How far the runs of a project got",
        tag="Projects",
    )
    add_view(router, "/v1/projects", projects, answers.Projects, "All projects", tag="Projects")
    add_view(router, "/v1/home", home, answers.Home, "What a person sees first", tag="Work")


async def project_funnel(request: Request, id: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - as above
    """How many runs reached each stage, stand in it, and how the others ended."""
    project = stream_id(id)
    return await show(request, query, lambda connection: queries.funnel(connection, project))


async def projects(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """Open ones first."""
    visible = await visible_to(request)
    return await show(
        request,
        query,
        lambda connection: queries.projects(
            connection,
            visible=visible,
            now=services_of(request).clock(),
            calendar=calendar_of(request),
            page=query.page,
        ),
    )


async def home(request: Request, query: Annotated[HomeQuery, Query()]) -> Response:
    """A person's work, projects and processes, and what needs attention."""
    person = query.person or caller_of(request).actor
    texts, visible = await texts_for(request, None), await visible_to(request)
    own = person == caller_of(request).actor
    return await show(
        request,
        query,
        lambda connection: queries.home(
            connection,
            person,
            texts=texts,
            visible=visible,
            own=own,
            now=services_of(request).clock(),
            calendar=calendar_of(request),
        ),
    )
