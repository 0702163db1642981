"""One task over HTTP: its card, checklist, comments and dependencies; and what happened to it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from psycopg import Connection
from starlette.responses import Response

from api.feeds.paged import show_history
from api.handling.answering import calendar_of, services_of, show
from api.handling.queries import HistoryQuery, ViewQuery
from api.handling.registering import add_view, stream_id
from projections import answers, queries
from projections.board.task_queries import TaskView, task


def add_task_views(router: APIRouter) -> None:
    """Register the views of single tasks."""
    add_view(router, "/v1/tasks/{id}", view, TaskView, "A task in full", tag="Tasks")
    add_view(
        router,
        "/v1/tasks/{id}/history",
        history,
        answers.History,
        "Everything that happened to a task",
        tag="Tasks",
    )


async def view(request: Request, id: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """The card as on the board, the lines of the checklist, the comments, and what the task waits for."""
    stream = stream_id(id)
    return await show(
        request,
        query,
        lambda connection: task(
            connection, stream, now=services_of(request).clock(), calendar=calendar_of(request)
        ),
    )


async def history(request: Request, id: str, query: Annotated[HistoryQuery, Query()]) -> Response:  # noqa: A002 - as above
    """Every event of the task as it was recorded, oldest first."""
    stream = stream_id(id)

    def told(connection: Connection[Any], after: int, limit: int) -> answers.History:
        task(connection, stream)  # an id of something else has no history here
        return queries.run_history(connection, stream, after, limit)

    return await show_history(request, query, told)
