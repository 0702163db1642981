"""The view of a run."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.answering import calendar_of, services_of, show
from api.handling.queries import ViewQuery
from api.handling.registering import add_view, stream_id
from api.run.sight import SeenRun, sight_of
from projections import queries


def add_run_views(router: APIRouter) -> None:
    """Register the view."""
    add_view(router, "/v1/runs/{id}", run, SeenRun, "A run: every step by stage", tag="Runs")


async def run(request: Request, id: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """Every stage and step with state, people, times, and what it waits for; values for those whom they concern."""
    stream = stream_id(id)
    seen = await run_in_threadpool(sight_of, services_of(request), stream, caller_of(request))
    return await show(
        request,
        query,
        lambda connection: seen.of_run(
            queries.run(
                connection,
                stream,
                seen.definition,
                now=services_of(request).clock(),
                calendar=calendar_of(request),
            )
        ),
    )
