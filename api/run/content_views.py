"""What a step shows to whoever decides there: over HTTP, and the files in it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.guard import Caller, caller_of
from api.handling.answering import log_position, to_json
from api.handling.queries import ViewQuery
from api.handling.registering import add_view, stream_id
from api.handling.services import Services
from api.run.contents import ContentView, as_staff, content_view, may_look, must_have
from api.run.sight import sight_of
from api.wire.problems import Problem
from domain.directory import Directory


def add_contents(router: APIRouter) -> None:
    """Register what a step shows."""
    add_view(
        router,
        "/v1/runs/{id}/steps/{step}/content",
        content,
        ContentView,
        "What a step shows to whoever approves or signs it",
        tag="Steps",
    )


async def content(
    request: Request,
    id: str,  # noqa: A002 - its name in the address
    step: str,
    query: Annotated[ViewQuery, Query()],
) -> Response:
    """Texts, values and files with their hash, as the log has them now; for whose decision it is, and who see values.

    Send the hash as `content_sha256` with the decision: it is taken on this content, or not at all.
    """
    services: Services = request.app.state.services
    headers = await log_position(services, query)
    directory = await services.directories.recently()
    seen = await run_in_threadpool(look, services, stream_id(id), step, caller_of(request), directory)
    return to_json(seen, headers)


def look(services: Services, stream: UUID, key: str, caller: Caller, directory: Directory) -> ContentView:
    """The content as this caller sees it; a problem where they see none. Blocks."""
    sight = sight_of(services, stream, caller)
    step = must_have(sight.definition, key)
    if not may_look(sight, step, directory):
        raise Problem(
            "not_allowed",
            "what a step shows is for those whose decision it is, and for those who see the values",
            needs=["manage"],
        )
    reader = as_staff(sight, step, directory)
    return content_view(services, stream, sight.run, sight.definition, step, reader)
