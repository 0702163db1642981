"""Approving from a mail: a link shows one approval to one person and takes their yes or no; looking changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.grants import Grant
from api.access.guard import CALLER, Caller, check_first_form
from api.handling.answering import to_json
from api.handling.commands import Call, carry_out, endpoint
from api.handling.orders import Order, performed
from api.handling.registering import ANSWER, BODY, KEYED, MEDIA
from api.handling.services import Services
from api.handling.verbs import OnStep, Verb
from api.run.contents import ContentView, Reader, as_mail, content_view, told_of_changes
from api.run.files import send_file
from api.run.step_commands import STEP_VERBS
from api.wire.problems import Problem
from api.wire.reading import validate
from application.asked import Asked
from application.found import RUNS
from application.mail_decisions import CODE, must_decide_at
from application.milepost import Outcome
from domain.directory import Directory
from domain.mail_decisions import MailDecision, unseal_decision
from domain.run import Run
from domain.run.content import content_of
from domain.run.files import files_in
from domain.sealing import id_of
from domain.visible import Versions
from domain.words import Rejected

VERBS: dict[str, Verb[OnStep, Any]] = {
    verb.name: verb for verb in STEP_VERBS if verb.name in ("approve", "refuse")
}
_ROUTE = "/v1/mail-decisions/{link}"


@dataclass(frozen=True, slots=True)
class AskedByMail:
    """The approval that a link opens, for the person whose link it is.

    ``verbs`` are empty when there is nothing to decide any more; ``said``: what this person has decided in this round.
    """

    run: UUID
    run_name: str
    acts_as: str
    verbs: tuple[str, ...]
    said: str | None
    content: ContentView


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link opened, as the run stands: what it decides, and the short name of the link."""

    run_id: UUID
    held: MailDecision
    run: Run
    versions: Versions
    directory: Directory
    link: str


def add_mail_decisions(router: APIRouter) -> None:
    """Register what the link of a mail shows, and what can be decided with it."""
    router.add_api_route(_ROUTE, show, methods=["GET"], response_model=None, tags=["Guests"],
                         summary="The approval that the link of a mail opens", operation_id="get_mail_decision",
                         openapi_extra={ANSWER: AskedByMail})  # fmt: skip
    router.add_api_route(f"{_ROUTE}/files/{{sha256}}", file, methods=["GET"], response_model=None, tags=["Guests"],
                         summary="The content of a file that the approval shows",
                         operation_id="get_mail_decision_file",
                         openapi_extra={MEDIA: ["application/octet-stream", "*/*"]})  # fmt: skip
    for verb in VERBS.values():
        router.add_api_route(
            f"{_ROUTE}/{verb.name}",
            _entered(verb),
            methods=["POST"],
            response_model=None,
            tags=["Guests"],
            summary=f"{verb.summary}, as the person whose link it is",
            operation_id=f"post_mail_decision_{verb.name}",
            openapi_extra={BODY: {"model": verb.body, "example": dict(verb.example)}, KEYED: True},
        )


async def show(request: Request) -> Response:
    """What is to be approved, with its hash; what is no more to be decided says so."""
    opened = await _open(request)
    services: Services = request.app.state.services
    seen = await run_in_threadpool(_seen, services, opened)
    return to_json(seen, {"Referrer-Policy": "no-referrer"})


async def file(request: Request, sha256: str) -> Response:
    """A file that the approval shows, as long as it is to be decided."""
    opened = await _open(request)
    services: Services = request.app.state.services
    reader = _reader(opened)
    parts = content_of(opened.run, opened.versions[0], opened.held.step).parts
    for kept in (kept for part in parts if reader.sees(part) for kept in files_in(part.value)):
        if kept["sha256"] == sha256 and _is_open(opened):
            return await send_file(services, sha256, kept["name"], kept["type"])
    raise Problem("unknown_file", f"this approval shows you no file {sha256}")


def _entered(asked_for: Verb[OnStep, Any]) -> Any:
    """The command's own way of carrying out, with the person whose link it is as the caller."""

    async def entered(request: Request) -> Response:
        check_first_form(request, request.app.state.services.site)
        opened = await _open(request)
        request.scope[CALLER] = _as_caller(opened)
        carried = endpoint(lambda call: _act(asked_for, call, opened))
        return await carried(request)

    return entered


async def acted(request: Request, verb: str, body: Any, command: str) -> Response:
    """As a command that the page of the link sends: its form was read already. Raises Problem and Rejected."""
    check_first_form(request, request.app.state.services.site)
    opened = await _open(request)
    order = Order(f"POST {_ROUTE}/{verb}", lambda call: _act(VERBS[verb], call, opened))
    path = {"link": request.path_params["link"]}
    return await performed(request, _as_caller(opened), order, path, body, command)


def _as_caller(opened: Opened) -> Caller:
    """The person, with no right but what the link decides."""
    return Caller(opened.held.person, Grant(UUID(int=0), opened.held.person, frozenset()), None, None)


async def _act(asked_for: Verb[OnStep, Any], call: Call, opened: Opened) -> Response:
    body, held = validate(asked_for.body, call.body), opened.held
    if body.content_sha256 is None:
        detail = "the decision names what was in view: the content_sha256 that the link shows"
        errors = [{"field": "content_sha256", "code": "missing", "detail": detail}]
        raise Problem("invalid", detail, errors=errors)

    def do(asked: Asked) -> Awaitable[Outcome[Any]]:
        meta = {"authenticated_by": "mail_link", "link": opened.link}
        return asked_for.do(
            OnStep(call.app, replace(asked, by_mail=held, meta=meta), opened.run_id, held.step), body
        )

    try:
        return await carry_out(call, opened.run_id, do, name=held.step)
    except Rejected as refusal:
        if refusal.code != "content_changed":
            raise
        seen = body.content_sha256
        raise await run_in_threadpool(
            told_of_changes, refusal, call.services, opened.run_id, held.step, seen, _reader(opened)
        ) from None


async def _open(request: Request) -> Opened:
    services: Services = request.app.state.services
    link = request.path_params["link"]
    found = unseal_decision(link, services.link_secret, services.clock())
    if found is None:
        services.throttle.count(f"bad {request.client.host if request.client else ''}")
        raise Problem(CODE, "the link is not one of ours, or has expired: the page of the run decides")
    run_id, held = found
    services.throttle.count(id_of(link))
    caller: Caller | None = request.scope.get(CALLER)
    if caller is not None and caller.actor != held.person:
        detail = f"this link is for {held.person}; this browser is signed in as {caller.actor}"
        raise Problem("not_your_link", detail)
    directory = await services.directories.now()
    return await run_in_threadpool(_load, services, run_id, held, directory, id_of(link))


def _load(services: Services, run_id: UUID, held: MailDecision, directory: Directory, link: str) -> Opened:
    run = services.app.load(RUNS, run_id)
    if run is None:
        raise Problem(CODE, "what the link leads to is not here")
    versions = services.app.versions(run)
    must_decide_at(run, versions, held, directory)
    return Opened(run_id, held, run, versions, directory, link)


def _reader(opened: Opened) -> Reader:
    return as_mail(opened.versions, opened.directory)


def _is_open(opened: Opened) -> bool:
    run = opened.run
    return run.state == "running" and not run.ended and run.step(opened.held.step).is_open


def _seen(services: Services, opened: Opened) -> AskedByMail:
    run, step, person = opened.run, opened.held.step, opened.held.person
    now = run.step(step)
    said = "approved" if person in now.approvals else None
    return AskedByMail(
        run=opened.run_id,
        run_name=run.name,
        acts_as=person,
        verbs=tuple(VERBS) if _is_open(opened) and said is None else (),
        said=said,
        content=content_view(services, opened.run_id, run, opened.versions[0], step, _reader(opened)),
    )
