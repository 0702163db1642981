"""The page behind the link of a mail that asks to approve something: what it is, a yes, and a no with its reason.

The link is the first tap, a button the second. Programs that fetch the addresses of mails decide nothing by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.access.guard import CALLER
from api.access.matrix import OPEN, Rule
from api.handling.form import form_of
from api.handling.orders import answered
from api.handling.services import Services
from api.run import mail_decisions
from api.run.mail_decisions import VERBS
from api.wire.problems import Problem
from web.forms import fields
from web.forms.sending import with_changes
from web.rendering.errors import accepts_json
from web.rendering.page import page
from web.words.people import NAMES
from web.words.refusals import in_words, spoken

RULES: dict[str, Rule] = {"GET /decide/{link}": OPEN, "POST /decide/{link}/{verb}": OPEN}
"""The link itself is the credential."""


def add_decide_pages(router: APIRouter) -> None:
    """Register the page and its form."""
    router.add_api_route("/decide/{link}", decide, methods=["GET"], response_model=None)
    router.add_api_route("/decide/{link}/{verb}", act, methods=["POST"], response_model=None)


async def decide(request: Request) -> Response:
    """What is to be approved, or in words why the link decides nothing (any more)."""
    NAMES.set(await _services(request).directories.recently())
    told = await answered(request, mail_decisions.show(request))
    if not told.accepted:
        done = request.query_params.get("done")
        over = done in VERBS and told.body.get("code") == "bad_decision_link"
        return _shown(request, 200 if over else told.status, problem=told.body, done=done if over else None)
    return _shown(request, 200, seen=told.body, done=request.query_params.get("done"))


async def act(request: Request) -> Response:
    """The decision; a refusal shows the page again, with what there is to decide about now."""
    verb = request.path_params["verb"]
    if verb not in VERBS:
        raise Problem("not_found", "there is nothing at this address")
    services = _services(request)
    async with form_of(request, max_files=0, max_fields=10) as form:
        pairs = [(name, str(value)) for name, value in form.multi_items()]
    house = await services.directories.now()
    NAMES.set(house)
    body = fields.body(pairs, verb, services.calendar.zone, house)
    done = await answered(request, mail_decisions.acted(request, verb, body, dict(pairs).get("command", "")))
    done = with_changes(request, done)
    if accepts_json(request):
        said = done.body if done.accepted else spoken(done.body)
        return Response(orjson.dumps(said), done.status, {"Cache-Control": "no-store"}, "application/json")
    if done.accepted:
        place = f"/decide/{request.path_params['link']}?done={verb}"
        return RedirectResponse(place, 303, headers={"Referrer-Policy": "same-origin"})
    now = await answered(request, mail_decisions.show(request))
    if not now.accepted:
        return _shown(request, done.status, problem=done.body)
    return _shown(request, done.status, seen=now.body, refused=done.body, typed=body)


def _shown(
    request: Request,
    status: int,
    *,
    seen: Mapping[str, Any] | None = None,
    problem: Mapping[str, Any] | None = None,
    done: str | None = None,
    refused: Mapping[str, Any] | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    """The page as nobody in particular sees it; the link stays here."""
    request.scope.pop(CALLER, None)
    told = typed or {}
    shown = page(
        request,
        "decide.html",
        status=status,
        seen=seen,
        problem=problem or {},
        done=done,
        refusal=in_words(refused) if refused else None,
        said=told.get("comment") or told.get("reason") or "",
        link=request.path_params["link"],
        zone=_services(request).calendar.zone,
    )
    # told to our own pages only; without any referrer browsers send the form with the origin "null"
    shown.headers["Referrer-Policy"] = "same-origin"
    return shown


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services
