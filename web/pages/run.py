"""The page of a run: its phases, the form of the chosen step, its history; and what its forms do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.orders import Answered, Order
from api.handling.registering import stream_id
from api.handling.services import Services
from api.machine.automation import ON_INCIDENT
from api.run.commands import ON_RUN
from api.run.guest_seen import guests_of
from api.run.sight import SeenRun, sight_of
from api.run.step_commands import ON_STEP
from domain.words import Rejected
from projections import answers, queries
from web.forms.sending import answered, body_of, carried_out, form_of
from web.pages.queries import ask, latest_history
from web.pages.run_panels import PROBLEMS, beside
from web.pages.selection import chosen_step, unmasked
from web.rendering.contents import about
from web.rendering.errors import accepts_json
from web.rendering.page import page
from web.rendering.rights import step_rights
from web.words.refusals import Refusal, in_words, titles_of


async def run(request: Request) -> Response:
    """A run: its phases, its steps, the form of the selected one, its history."""
    view = await run_view(request, stream_id(request.path_params["id"]))
    return await _shown(request, view, request.query_params.get("step"))


async def on_run(request: Request) -> Response:
    """A form about the run as a whole."""
    return await _told(request, ON_RUN.get(request.path_params["verb"]))


async def on_incident(request: Request) -> Response:
    """A form about an incident in the run."""
    return await _told(request, ON_INCIDENT.get(request.path_params["verb"]))


async def _told(request: Request, order: Order | None) -> Response:
    sent = await form_of(request)
    told = await carried_out(request, sent, order, await body_of(request, sent))
    return answered(request, told, sent, await _titles(request, told))


async def on_step(request: Request) -> Response:
    """A form about a step; refused without script, its page comes again with what was typed and why not."""
    sent = await form_of(request)
    body = await body_of(request, sent)
    told = await carried_out(request, sent, ON_STEP.get(request.path_params["verb"]), body)
    if told.accepted or told.status in (401, 403, 404) or accepts_json(request):
        return answered(request, told, sent, await _titles(request, told))
    view = await run_view(request, stream_id(request.path_params["id"]))
    said = in_words(told.body, titles_of(view))
    typed = {**body.get("values", {}), "comment": body.get("comment") or body.get("reason")}
    return await _shown(request, view, request.path_params["step"], told.status, said, typed)


async def run_view(request: Request, stream: UUID) -> answers.RunView:
    """The run as the read models have it, as new as the page asks for."""
    services: Services = request.app.state.services
    return await ask(request, lambda connection: queries.run(connection, stream, calendar=services.calendar))


async def _titles(request: Request, told: Answered) -> Mapping[str, str]:
    """What steps and fields of the run are called, when something has to be said about them."""
    if told.accepted or told.status in (401, 403, 404):
        return {}
    return titles_of(await run_view(request, stream_id(request.path_params["id"])))


async def _shown(
    request: Request,
    view: answers.RunView,
    step: str | None,
    status: int = 200,
    refusal: Refusal | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    """The run as its reader sees it; the same rule as for every other answer."""
    services: Services = request.app.state.services
    caller = caller_of(request)
    sight = await run_in_threadpool(sight_of, services, view.id, caller)
    seen = sight.of_run(view)
    chosen = unmasked(chosen_step(seen, step, caller.actor))
    every = "every" in request.query_params.getlist("history")
    told = await latest_history(request, seen.id) if every else None
    house = await services.directories.recently()
    rights = await run_in_threadpool(step_rights, services, sight, chosen.key, caller.actor, house)
    return page(
        request,
        "run.html",
        status=status,
        beside=await beside(request, seen.id, sight.sees_step),
        PROBLEMS=PROBLEMS,
        run=seen,
        answer=seen,
        chosen=chosen,
        rights=rights,
        barred=_barred(rights.barred, seen),
        about=await about(request, seen.id, sight, chosen.key),
        history=sight.of_history(told) if told else None,
        guests=await guests_of(services, seen.id, sight) if sight.sees_values else (),
        zone=services.calendar.zone,
        refusal=refusal,
        typed=typed or {},
        wrong=refusal.at if refusal else {},
    )


def _barred(refusal: Rejected | None, seen: SeenRun) -> str | None:
    if refusal is None:
        return None
    return in_words({**refusal.facts, "code": refusal.code, "detail": refusal.detail}, titles_of(seen)).says
