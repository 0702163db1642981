"""The page of a process: stages and steps, its runs, how they go, and the form that starts one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.handling.registering import stream_id
from api.handling.seeing import visible_to
from api.handling.services import Services
from api.run.commands import STARTING
from domain.document import Document
from projections import queries
from projections.answers import ProcessView
from web.forms.sending import answered, body_of, carried_out, form_of
from web.pages import changes
from web.pages.queries import ask
from web.pages.selection import asked_roles
from web.rendering.errors import accepts_json
from web.rendering.page import page
from web.words.refusals import Refusal, in_words, titles_of_form

_RUNS = 50


async def process(request: Request) -> Response:
    """A process: its stages and steps in the newest version, its runs, and the form that starts one.

    With ``?draft=yes`` the form starts a test run of the draft instead, where it can be one.
    """
    seen = await _process(request, request.path_params["key"])
    tried = changes.draft_to_try(seen) if request.query_params.get("draft") else None
    return await _shown(request, seen, tried, request.query_params.get("project"))


async def start(request: Request) -> Response:
    """Start a run; refused without script, the form comes again with what was typed and why not."""
    sent = await form_of(request)
    body = await body_of(request, sent)
    told = await carried_out(request, sent, STARTING, body)
    if told.accepted or told.status in (401, 403):
        return answered(request, told, sent)
    seen = await _process(request, str(body.get("process", "")))
    tried = changes.draft_to_try(seen) if body.get("draft") else None
    asked = tried or _newest(seen)
    titles = titles_of_form(asked.inputs) | {role.key: role.title for role in asked.roles} if asked else {}
    if accepts_json(request):
        return answered(request, told, sent, titles)
    typed = {
        **body.get("inputs", {}),
        **{f"roles.{role}": who for role, who in body.get("roles", {}).items()},
    }
    return await _shown(
        request, seen, tried, body.get("project"), told.status, in_words(told.body, titles), typed
    )


async def _process(request: Request, key: str) -> ProcessView:
    return await ask(request, lambda connection: queries.process(connection, key))


def _newest(seen: ProcessView) -> Document | None:
    return Document.model_validate(seen.versions[0].document) if seen.versions else None


async def _shown(
    request: Request,
    seen: ProcessView,
    tried: Document | None,
    project: str | None,
    status: int = 200,
    refusal: Refusal | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    services: Services = request.app.state.services
    key, document = seen.key, _newest(seen)
    after = request.query_params.get("after")
    begin = stream_id(after) if after else None
    visible = await visible_to(request)
    rows = await ask(
        request,
        lambda connection: queries.runs(
            connection, key, None, None, _RUNS, begin, visible=visible, calendar=services.calendar
        ),
    )
    asked = tried or document
    return page(
        request,
        "process.html",
        status=status,
        process=seen,
        runs=rows.rows,
        begun=begin,
        answer=rows,
        tried=tried is not None,
        inputs=asked.model_dump()["inputs"] if asked else (),
        roles=asked_roles(asked) if asked else [],
        project=project,
        zone=services.calendar.zone,
        refusal=refusal,
        typed=typed or {},
        wrong=refusal.at if refusal else {},
    )
