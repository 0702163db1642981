"""The page of a guest: one step's form behind a signed link, without an account and without anything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.access.guard import CALLER
from api.access.matrix import OPEN, Rule
from api.handling.form import form_of
from api.handling.orders import Answered, answered
from api.handling.services import Services
from api.run import guests
from api.run.guest_seen import is_looked_at
from api.run.guests import VERBS
from api.wire.problems import Problem
from domain.shown import when
from web.forms import fields
from web.forms.sending import pairs_of, with_changes
from web.rendering.errors import accepts_json
from web.rendering.page import page
from web.words.people import NAMES
from web.words.refusals import in_words, spoken

RULES: dict[str, Rule] = {"GET /guest/{link}": OPEN, "POST /guest/{link}/{verb}": OPEN}
"""The link itself is the credential."""

_MOST_FILES = 20


def add_guest_pages(router: APIRouter) -> None:
    """Register the page and its form."""
    router.add_api_route("/guest/{link}", step, methods=["GET"], response_model=None)
    router.add_api_route("/guest/{link}/{verb}", act, methods=["POST"], response_model=None)


async def step(request: Request) -> Response:
    """The form of the one step, or that there is nothing to do here any more."""
    told = await _asked(request)
    if not told.accepted:
        thanked = request.query_params.get("done") in VERBS and told.body.get("code") == "bad_guest_link"
        status = 200 if thanked else told.status
        return _shown(request, "guest_closed.html", status, problem=told.body, thanked=thanked)
    if is_looked_at(request.headers):
        await guests.seen(request)
    NAMES.set(replace(await _services(request).directories.recently(), discreet=True))
    return _form(request, told.body)


async def act(request: Request) -> Response:
    """What the guest decided; a refusal shows the form again with what was typed."""
    verb = request.path_params["verb"]
    if verb == "code":
        return await _code(request)
    if verb not in VERBS:
        raise Problem("not_found", "there is nothing at this address")
    told = await _asked(request)
    if not told.accepted:
        return _shown(request, "guest_closed.html", told.status, problem=told.body, thanked=False)
    if (
        verb not in told.body["verbs"]
    ):  # a link acts while its step is open only, and brings no files after that
        return _closed(request)
    async with form_of(request, max_files=_MOST_FILES, max_fields=1_000) as form:
        pairs = await pairs_of(request, form.multi_items())
    house = replace(await _services(request).directories.now(), discreet=True)
    NAMES.set(house)
    body = fields.body(pairs, verb, _services(request).calendar.zone, house)
    link, command = request.path_params["link"], dict(pairs).get("command", "")
    done = await answered(request, guests.acted(request, verb, body, command))
    done = with_changes(request, done)
    if accepts_json(request):
        said = done.body if done.accepted else spoken(done.body, _titles(told.body))
        return Response(orjson.dumps(said), done.status, {"Cache-Control": "no-store"}, "application/json")
    if not done.accepted:
        now = await _asked(request)  # it may be refused because that is another by now
        return _form(request, now.body if now.accepted else told.body, done, body)
    return RedirectResponse(f"/guest/{link}?done={verb}", 303, headers={"Referrer-Policy": "no-referrer"})


async def _code(request: Request) -> Response:
    """Have a code sent, then the form again."""
    told = await answered(request, guests.ask_for_code(request))
    if not told.accepted:
        seen = await _asked(request)
        if not seen.accepted:
            return _shown(request, "guest_closed.html", seen.status, problem=seen.body, thanked=False)
        NAMES.set(replace(await _services(request).directories.recently(), discreet=True))
        return _form(request, seen.body, told, {})
    place = f"/guest/{request.path_params['link']}?done=code"
    return RedirectResponse(place, 303, headers={"Referrer-Policy": "no-referrer"})


def _closed(request: Request) -> Response:
    """The page says how the step stands; script hears that nothing was done."""
    if not accepts_json(request):
        return RedirectResponse(
            f"/guest/{request.path_params['link']}", 303, headers={"Referrer-Policy": "no-referrer"}
        )
    body = {"code": "step_not_open", "title": "Not open", "detail": "This step is not open (any more)."}
    return Response(orjson.dumps(spoken(body)), 409, {"Cache-Control": "no-store"}, "application/json")


async def _asked(request: Request) -> Answered:
    return await answered(request, guests.show(request))


def _form(
    request: Request,
    seen: Mapping[str, Any],
    refused: Answered | None = None,
    body: Mapping[str, Any] | None = None,
) -> Response:
    told = body or {}
    refusal = in_words(refused.body, _titles(seen)) if refused else None
    zone = _services(request).calendar.zone
    return _shown(
        request,
        "guest.html",
        refused.status if refused else 200,
        seen={**seen, "did": [{**one, "when": when(one["at"], zone)} for one in seen["did"]]},
        refusal=refusal,
        typed={**told.get("values", {}), "comment": told.get("comment") or told.get("reason")}
        if refused
        else {},
        wrong=refusal.at if refusal else {},
        link=request.path_params["link"],
        zone=zone,
        due=when(seen["due_at"], zone) if seen["due_at"] else "",
        done=request.query_params.get("done"),
    )


def _titles(seen: Mapping[str, Any]) -> dict[str, str]:
    asked = [*seen["fields"], *seen["refusal_fields"]]
    return {field.get("path", field["key"]): field["title"] for field in asked}


def _shown(request: Request, template: str, status: int, **facts: Any) -> Response:
    """The page as nobody in particular sees it, also when a colleague opens the link; the link stays here."""
    request.scope.pop(CALLER, None)
    shown = page(request, template, status=status, **facts)
    shown.headers["Referrer-Policy"] = "no-referrer"
    return shown


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services
