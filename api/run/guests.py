"""Guests: one step of one run through a signed link, without an account. The link says who acts and on what."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.grants import Grant
from api.access.guard import CALLER, Caller
from api.handling.answering import to_json
from api.handling.bodies import Nothing
from api.handling.commands import Call, carry_out, endpoint
from api.handling.orders import Order, performed
from api.handling.registering import ANSWER, BODY, KEYED, MEDIA
from api.handling.services import Services
from api.handling.verbs import OnStep, Verb
from api.run.contents import ContentView, Reader, as_guest, content_view, told_of_changes
from api.run.files import send_file
from api.run.guest_codes import must_have_code
from api.run.guest_seen import keep_seen
from api.run.guest_story import Act, Phase, Theirs, acts, phases, theirs
from api.run.step_commands import STEP_VERBS
from api.wire.problems import Problem
from api.wire.reading import validate
from application.asked import Asked
from application.found import RUNS
from application.guest_links import request_guest_code
from application.guests import must_act_at
from application.milepost import Outcome
from domain.definition import Definition
from domain.directory import EMPTY, Directory
from domain.guests import Pass, guest_of, is_open_to_guests
from domain.passes import expiry_of, unseal
from domain.run import Run
from domain.run.content import STATEMENT, content_of
from domain.run.files import files_in
from domain.run.finishing import present
from domain.run.guest_codes import asks_for_code
from domain.sealing import id_of
from domain.words import Actor, Rejected
from projections.engine.refusing import refusal_of

VERBS: dict[str, Verb[OnStep, Any]] = {
    verb.name: verb
    for verb in STEP_VERBS
    if verb.name in ("complete", "save", "approve", "refuse", "decline")
}


@dataclass(frozen=True, slots=True)
class GuestStep:
    """The one step that a link opens, as its guest sees it: of the run only how far it is, and what is theirs."""

    run_name: str
    step: str
    title: str
    kind: str
    instructions: str
    state: str
    due_at: Any
    fields: tuple[dict[str, Any], ...]
    values: dict[str, Any]
    refusal_fields: tuple[dict[str, Any], ...]
    """Of an approval: the fields, each with its ``path``, that want a new value together with a refusal."""
    acts_as: str
    verbs: tuple[str, ...]
    content: ContentView | None = None
    """What is to be seen and read there; null while there is nothing to do."""
    statement: str | None = None
    """What a signature here says; null where nothing is signed."""
    phases: tuple[Phase, ...] = ()
    yours: tuple[Theirs, ...] = ()
    did: tuple[Act, ...] = ()
    needs_code: bool = False
    """Whether it takes the `code` from a second mail to do anything but keep values; ask for it with `…/code`."""
    link_id: str = ""
    """What the link is called beside whatever is done with it; it opens nothing."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link opened: the pass, and who acts with it as the run stands."""

    run_id: UUID
    held: Pass
    run: Run
    definition: Definition
    guest: Actor
    link_id: str
    expires_at: datetime


def add_guests(router: APIRouter) -> None:
    """Register what a link opens, and what can be done with it."""
    router.add_api_route("/v1/guest/{link}", show, methods=["GET"], response_model=None, tags=["Guests"],
                         summary="The step that a guest's link opens", operation_id="get_guest",
                         openapi_extra={ANSWER: GuestStep})  # fmt: skip
    router.add_api_route("/v1/guest/{link}/files/{sha256}", file, methods=["GET"], response_model=None, tags=["Guests"],
                         summary="The content of a file that the step shows",
                         operation_id="get_guest_file",
                         openapi_extra={MEDIA: ["application/octet-stream", "*/*"]})  # fmt: skip
    router.add_api_route("/v1/guest/{link}/code", _code_entered, methods=["POST"], response_model=None, tags=["Guests"],
                         summary="Have a code sent to the guest whose link it is",
                         operation_id="post_guest_code",
                         openapi_extra={BODY: {"model": Nothing, "example": {}}, KEYED: True})  # fmt: skip
    for verb in VERBS.values():
        router.add_api_route(
            f"/v1/guest/{{link}}/{verb.name}",
            _entered(verb),
            methods=["POST"],
            response_model=None,
            tags=["Guests"],
            summary=f"{verb.summary}, as the guest whose link it is",
            operation_id=f"post_guest_{verb.name}",
            openapi_extra={BODY: {"model": verb.body, "example": dict(verb.example)}, KEYED: True},
        )


async def show(request: Request) -> Response:
    """Title, instructions, fields and the values given so far; what ended says so."""
    opened = await _open(request)
    services: Services = request.app.state.services
    reader = await run_in_threadpool(_reader, services, opened, await services.directories.recently())
    told = await run_in_threadpool(_seen, services, opened, reader)
    return to_json(told, {"Referrer-Policy": "no-referrer"})


async def seen(request: Request) -> None:
    """Remember that somebody looks at the page of a link, where it opens."""
    opened = await _open(request)
    await _keep_seen(request.app.state.services, opened)


async def _keep_seen(services: Services, opened: Opened) -> None:
    told = (opened.link_id, opened.run_id, opened.held, opened.expires_at, services.clock())
    await services.read(lambda connection: keep_seen(connection, *told))


async def file(request: Request, sha256: str) -> Response:
    """A file that the step shows to the guest, or that was given there."""
    opened = await _open(request)
    services: Services = request.app.state.services
    for kept in await run_in_threadpool(lambda: list(_files(services, opened))):
        if kept["sha256"] == sha256 and is_open_to_guests(opened.run, opened.held.step):
            return await send_file(services, sha256, kept["name"], kept["type"])
    raise Problem("unknown_file", f"this step shows you no file {sha256}")


def _entered(asked_for: Verb[OnStep, Any]) -> Any:
    """The command's own way of carrying out, with the guest as the caller."""

    async def entered(request: Request) -> Response:
        opened = await _open(request)
        request.scope[CALLER] = as_caller(opened)
        carried = endpoint(lambda call: act(asked_for, call, opened))
        return await carried(request)

    return entered


def as_caller(opened: Opened) -> Caller:
    """The guest as who makes a request: with no right but what the link opens."""
    return Caller(opened.guest, Grant(UUID(int=0), opened.guest, frozenset()), None, None)


async def acted(request: Request, verb: str, body: Any, command: str) -> Response:
    """As a command that the guest's page sends: its form was read already. Raises Problem and Rejected."""
    opened = await _open(request)
    order = Order(f"POST /v1/guest/{{link}}/{verb}", lambda call: act(VERBS[verb], call, opened))
    path = {"link": request.path_params["link"]}
    return await performed(request, as_caller(opened), order, path, body, command)


async def act(asked_for: Verb[OnStep, Any], call: Call, opened: Opened) -> Response:
    """Carry out a verb on the step that the link opens."""
    held, sent = opened.held, call.body
    await _keep_seen(call.services, opened)
    code = sent.get("code") if isinstance(sent, dict) else None
    if isinstance(sent, dict) and needs_code(opened):
        sent = {name: value for name, value in sent.items() if name != "code"}
    body = validate(asked_for.body, sent)
    if asked_for.name != "save":
        await run_in_threadpool(must_have_code, call.services, opened.run_id, held, opened.link_id, code)

    def do(asked: Asked) -> Awaitable[Outcome[Any]]:
        came_by = {"authenticated_by": "guest_link", "link": opened.link_id}
        as_guest_ = replace(asked, held=held, meta=came_by)
        return asked_for.do(OnStep(call.app, as_guest_, opened.run_id, held.step), body)

    try:
        return await carry_out(call, opened.run_id, do, name=held.step)
    except Rejected as refusal:
        seen = getattr(body, "content_sha256", None)
        if refusal.code != "content_changed" or seen is None:
            raise
        directory = replace(await call.services.directories.now(), discreet=True)
        reader = await run_in_threadpool(_reader, call.services, opened, directory)
        raise await run_in_threadpool(
            told_of_changes, refusal, call.services, opened.run_id, held.step, seen, reader
        ) from None


def needs_code(opened: Opened) -> bool:
    """Whether the guest hands in, signs and decides only with a code from a second mail."""
    return asks_for_code(opened.definition, opened.held.role)


async def ask_for_code(request: Request) -> Response:
    """Send a code to the address that the link went to, for the page of the link."""
    opened = await _open(request)
    call = Call(request.app.state.services, as_caller(opened), {"link": request.path_params["link"]}, {})
    return await _send_code(call, opened)


async def _code_entered(request: Request) -> Response:
    """Send a code to the address that the link went to."""
    opened = await _open(request)
    request.scope[CALLER] = as_caller(opened)
    return await endpoint(lambda call: _send_code(call, opened))(request)


async def _send_code(call: Call, opened: Opened) -> Response:
    validate(Nothing, call.body)

    def do(asked: Asked) -> Awaitable[Outcome[Any]]:
        came_by = {"authenticated_by": "guest_link", "link": opened.link_id}
        by_link = replace(asked, held=opened.held, meta=came_by)
        return request_guest_code(call.app, opened.run_id, by_link, step=opened.held.step)

    return await carry_out(call, opened.run_id, do, name=opened.held.step)


async def _open(request: Request) -> Opened:
    services: Services = request.app.state.services
    link = request.path_params["link"]
    found = unseal(link, services.link_secret, services.clock())
    if found is None:
        services.throttle.count(f"bad {request.client.host if request.client else ''}")
        raise _no_link("the link is not one of ours, or has expired; ask whoever sent it for a new one")
    services.throttle.count(id_of(link))
    return await run_in_threadpool(_load, services, *found, link)


def _load(services: Services, run_id: UUID, held: Pass, link: str) -> Opened:
    run = services.app.load(RUNS, run_id)
    if run is None:
        raise _no_link("what the link leads to is not here")
    definition = services.app.definition(run.process, run.process_version)
    return _still(Opened(run_id, held, run, definition, Actor("guest:-"), id_of(link), expiry_of(link)))


def _still(opened: Opened) -> Opened:
    """With who acts now; Refused when the step is in another round, or is not this guest's any more."""
    must_act_at(opened.run, opened.definition, opened.held)
    guest = guest_of(opened.run, opened.definition, opened.held.step)
    assert guest is not None
    return replace(opened, guest=guest)


def _reader(services: Services, opened: Opened, directory: Directory) -> Reader:
    return as_guest(services.app.versions(opened.run), opened.held.step, directory)


def _files(services: Services, opened: Opened) -> Iterator[Mapping[str, Any]]:
    """The files of what is shown there, and of its own form."""
    step = opened.definition.steps[opened.held.step]
    reader = _reader(services, opened, EMPTY)
    for part in content_of(opened.run, opened.definition, opened.held.step).parts:
        if reader.sees(part):
            yield from files_in(part.value)
    for value in present(opened.run, step, opened.held.step).values():
        yield from files_in(value)


def _seen(services: Services, opened: Opened, reader: Reader) -> GuestStep:
    step, now = opened.definition.steps[opened.held.step], opened.run.step(opened.held.step)
    refusal = refusal_of(opened.definition, step)
    is_open = is_open_to_guests(opened.run, opened.held.step)
    return GuestStep(
        run_name=opened.run.name,
        step=step.key,
        title=step.title,
        kind=step.kind,
        instructions=step.instructions,
        state="cancelled" if opened.run.ended and now.is_open else now.state,
        due_at=now.due_at,
        fields=tuple(field.model_dump(mode="json") for field in step.fields),
        values=present(opened.run, step, opened.held.step) if is_open else {},
        refusal_fields=refusal.fields if refusal else (),
        acts_as=opened.guest,
        verbs=_verbs(step.kind) if is_open else (),
        content=content_view(services, opened.run_id, opened.run, opened.definition, opened.held.step, reader)
        if is_open
        else None,
        statement=STATEMENT if step.kind == "sign" else None,
        phases=phases(opened.run, opened.definition),
        yours=theirs(opened.run, opened.definition, opened.guest, opened.held.step),
        did=acts(services.log.read_stream(opened.run_id), opened.definition, opened.held.role, opened.guest),
        needs_code=is_open and needs_code(opened),
        link_id=opened.link_id,
    )


def _verbs(kind: str) -> tuple[str, ...]:
    match kind:
        case "approval":
            return ("approve", "refuse", "save")
        case "sign":
            return ("complete", "decline", "save")
        case "email" | "http" | "wait" | "run":
            return ()
        case _:
            return ("complete", "save")


def _no_link(detail: str) -> Problem:
    return Problem("bad_guest_link", detail)
