"""The page of a guest: one step's form behind a signed link, without an account and without anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api.files import keep
from api.form import form_of
from api.guests import VERBS
from api.matrix import OPEN, Rule
from api.problems import Problem
from api.services import Services
from domain.shown import when
from web import forms
from web.contents import changes_in_words
from web.errors import accepts_json
from web.forwarding import Answered, forward
from web.rendering import page

RULES: dict[str, Rule] = {"GET /guest/{link}": OPEN, "POST /guest/{link}/{verb}": OPEN}
"""The link itself is the credential."""

_MOST_FILES = 20
_PART_BYTES = 1 << 16


def add_guest_pages(router: APIRouter) -> None:
    """Register the page and its form."""
    router.add_api_route("/guest/{link}", step, methods=["GET"], response_model=None)
    router.add_api_route("/guest/{link}/{verb}", act, methods=["POST"], response_model=None)


async def step(request: Request) -> Response:
    """The form of the one step, or that there is nothing to do here any more."""
    told = await _asked(request)
    if not told.accepted:
        return _shown(request, "guest_closed.html", told.status, problem=told.body)
    return _form(request, told.body)


async def act(request: Request) -> Response:
    """What the guest decided; a refusal shows the form again with what was typed."""
    verb = request.path_params["verb"]
    if verb not in VERBS:
        raise Problem("not_found", "there is nothing at this address")
    told = await _asked(request)
    if not told.accepted:
        return _shown(request, "guest_closed.html", told.status, problem=told.body)
    if (
        verb not in told.body["verbs"]
    ):  # a link acts while its step is open only, and brings no files after that
        return _closed(request)
    pairs = await _typed(request)
    body = forms.body(pairs, verb, _services(request).calendar.zone)
    link, command = request.path_params["link"], dict(pairs).get("command", "")
    done = await forward(request, f"/v1/guest/{link}/{verb}", _wanted(verb, body), csrf="", command=command)
    if accepts_json(request):
        return Response(
            orjson.dumps(done.body), done.status, {"Cache-Control": "no-store"}, "application/json"
        )
    if not done.accepted:
        now = await _asked(request)  # it may be refused because that is another by now
        return _form(request, now.body if now.accepted else told.body, done, body.get("values", {}))
    return RedirectResponse(f"/guest/{link}?done={verb}", 303, headers={"Referrer-Policy": "no-referrer"})


def _closed(request: Request) -> Response:
    """The page says how the step stands; script hears that nothing was done."""
    if not accepts_json(request):
        return RedirectResponse(
            f"/guest/{request.path_params['link']}", 303, headers={"Referrer-Policy": "no-referrer"}
        )
    body = {"code": "step_not_open", "title": "Not open", "detail": "This step is not open (any more)."}
    return Response(orjson.dumps(body), 409, {"Cache-Control": "no-store"}, "application/json")


def _wanted(verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The members that the verb takes: one form serves several."""
    taken = VERBS[verb].body.model_fields
    wanted = {name: value for name, value in body.items() if name in taken}
    if verb in ("refuse", "decline") and "reason" not in wanted:
        wanted["reason"] = body.get("comment", "")
    return wanted


async def _asked(request: Request) -> Answered:
    link = request.path_params["link"]
    return await forward(request, f"/v1/guest/{link}", {}, csrf="", method="GET")


async def _typed(request: Request) -> list[tuple[str, str]]:
    async with form_of(request, max_files=_MOST_FILES, max_fields=1_000) as form:
        pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        files: dict[str, list[Any]] = {}
        for name, value in form.multi_items():
            if isinstance(value, UploadFile) and value.filename and name.startswith("values:files:"):
                files.setdefault(name, []).append(await _kept(request, value))
        return [*pairs, *((name, orjson.dumps(found).decode()) for name, found in files.items())]


async def _kept(request: Request, file: UploadFile) -> Any:
    async def parts() -> Any:
        while part := await file.read(_PART_BYTES):
            yield part

    return await keep(_services(request), str(file.filename), file.content_type or "", parts())


def _form(
    request: Request,
    seen: Mapping[str, Any],
    refused: Answered | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    values = {**seen["values"], **(typed or {})}
    zone = _services(request).calendar.zone
    return _shown(
        request,
        "guest.html",
        refused.status if refused else 200,
        seen=seen,
        values=values,
        refused=refused and {**refused.body, "lines": changes_in_words(refused.body, zone)},
        link=request.path_params["link"],
        zone=zone,
        due=when(seen["due_at"], zone) if seen["due_at"] else "",
        done=request.query_params.get("done"),
    )


def _shown(request: Request, template: str, status: int, **facts: Any) -> Response:
    """The page as nobody in particular sees it, also when a colleague opens the link; the link stays here."""
    request.scope.pop("milepost.caller", None)
    shown = page(request, template, status=status, **facts)
    shown.headers["Referrer-Policy"] = "no-referrer"
    return shown


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services
