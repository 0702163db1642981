"""The page of a task: its card with every verb, its checklist, its comments, what it waits for, its history."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from psycopg import Connection
from starlette.responses import Response

from api.handling.answering import answer
from api.handling.registering import stream_id
from api.handling.services import Services
from api.wire.problems import Problem
from projections import queries
from projections.board.task_queries import TaskView, task
from web.pages.queries import latest_history
from web.rendering.page import page
from web.words.people import NAMES


async def task_page(request: Request) -> Response:
    """A task in full."""
    services: Services = request.app.state.services
    stream = stream_id(request.path_params["id"])
    least = request.query_params.get("min_position", "")
    wanted = int(least[:18]) if least.isascii() and least.isdigit() else None

    def both(connection: Connection[Any]) -> TaskView:
        return task(connection, stream, calendar=services.calendar)

    NAMES.set(await services.directories.recently())
    try:
        seen = await answer(services, both, wanted)
    except queries.NotFound as missing:
        raise Problem("not_found", str(missing)) from None
    history = await latest_history(request, stream)
    return page(request, "task.html", task=seen, one=seen.card, history=history, answer=seen)
