"""How a command is carried out: idempotent by its key, checked against If-Match, asked of the application, answered."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.guard import Caller, caller_of
from api.handling.services import Services
from api.wire.problems import Problem
from api.wire.reading import parse_json, read_body
from application.asked import Asked
from application.milepost import Milepost, Outcome
from domain.events import (
    DeputyDismissed,
    DeputyNamed,
    HouseRoleGranted,
    HouseRoleWithdrawn,
    PersonDeactivated,
)
from domain.words import Rejected
from store.log import Command, CommandMismatch, Conflict, Repeated
from store.unit import fingerprint_text

_LONGEST_KEY = 200
_ENDS_RIGHTS = frozenset({
    PersonDeactivated.type, HouseRoleGranted.type, HouseRoleWithdrawn.type, DeputyNamed.type, DeputyDismissed.type
})  # fmt: skip
"""Events after which tokens and sessions of somebody open nothing, less or more."""


Do = Callable[[Asked], Awaitable[Outcome[Any]]]
"""What of the application is asked for."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request for a change: who asks, of what, with which body, under which conditions."""

    services: Services
    caller: Caller
    path: Mapping[str, str]
    """What the address names: ``id``, ``step``, ``key``."""
    body: Any
    command: Command | None = None
    expected_version: int | None = None

    @property
    def app(self) -> Milepost:
        """What is asked."""
        return self.services.app

    @property
    def asked(self) -> Asked:
        """Who asks, now, and under which conditions."""
        return Asked(
            self.caller.actor,
            self.services.clock(),
            self.caller.grant.scopes,
            self.command,
            self.expected_version,
            self.caller.meta,
        )


Handle = Callable[[Call], Awaitable[Response]]


def endpoint(handle: Handle) -> Callable[[Request], Awaitable[Response]]:
    """A route's function: reads the request once, then lets ``handle`` work; one request per key at a time."""

    async def command(request: Request) -> Response:
        services: Services = request.app.state.services
        body = await read_body(request)
        return await perform(handle, _call(request, services, body))

    return command


async def perform(handle: Handle, call: Call) -> Response:
    """Let ``handle`` work; what was accepted before is answered again. Raises Problem and Rejected."""
    if call.command is None:
        return await handle(call)
    services, key = call.services, call.command.id
    if key in services.commands_running:
        raise Problem(
            "still_running", "this Idempotency-Key is being worked on", headers={"Retry-After": "1"}
        )
    services.commands_running.add(key)
    try:
        return await handle(call)
    except (Problem, Rejected):
        repeated = await run_in_threadpool(_stored_before, services, call.command)
        if repeated is None:
            raise
        return await _again(services, repeated)
    finally:
        services.commands_running.discard(key)


def _call(request: Request, services: Services, body: bytes) -> Call:
    caller = caller_of(request)
    headers = request.headers
    key = headers.get("idempotency-key")
    asked = f"{request.method} {request.url.path}\n".encode() + body
    command = None if key is None else command_of(caller, key, asked)
    wanted = headers.get("if-match")
    expected = None if wanted is None else version_of(wanted)
    parsed = parse_json(request, body)
    return Call(services, caller, request.path_params, parsed, command, expected)


def command_of(caller: Caller, key: str, asked: bytes) -> Command:
    """What makes a repeated request the same request; ``asked`` is all that it says. Raises Problem."""
    if not 0 < len(key) <= _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Problem(
            "bad_header",
            f"Idempotency-Key must be 1 to {_LONGEST_KEY} printable ASCII characters",
            header="Idempotency-Key",
        )
    return Command(f"{caller.actor} {key}", hashlib.sha256(asked).hexdigest())


def version_of(wanted: str) -> int | None:
    """The version that If-Match names; None for any. Raises Problem."""
    text = wanted.strip()
    if text == "*":
        return None
    digits = text[1:-1] if len(text) > 2 and text[0] == text[-1] == '"' else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise Problem(
            "bad_header", 'If-Match must be a version in quotes, such as "12", or *', header="If-Match"
        )
    return int(digits)


def _stored_before(services: Services, command: Command) -> Repeated | None:
    """The first time of a request that is refused now, because the world has moved on since it was accepted."""
    stored = services.log.find_command(command.id)
    if stored is None:
        return None
    if stored.fingerprint != fingerprint_text(command):
        raise Problem("other_request", "this Idempotency-Key was used for another request")
    return Repeated(stored.id, stored.result, stored.first_position, stored.last_position)


async def carry_out(call: Call, stream: UUID, do: Do, *, name: str, created: str | None = None) -> Response:
    """Ask the application; the answer names the stream's version, the position and the types of the events.

    ``name`` is the id that the answer gives; ``created`` the address of what the command makes.
    """
    asked = replace(call.asked, command=_with_result(call.command, stream, name, created))
    try:
        outcome = await do(asked)
    except Repeated as repeated:
        return await _again(call.services, repeated)
    except CommandMismatch:
        raise Problem("other_request", "this Idempotency-Key was used for another request") from None
    except Conflict as conflict:
        raise _moved_on(call, stream, conflict) from None
    types = [event.type for event in outcome.events]
    await _rights_have_ended(call.services, types)
    return _answer(name, outcome.version, outcome.position, types, created)


def _with_result(command: Command | None, stream: UUID, name: str, created: str | None) -> Command | None:
    if command is None:
        return None
    result = orjson.dumps({"stream": stream, "name": name, "created": created}).decode()
    return Command(command.id, command.fingerprint, result)


def _moved_on(call: Call, stream: UUID, conflict: Conflict) -> Problem:
    if conflict.stream != stream:
        return Problem("too_busy_stream", "what it depends on kept changing")
    headers = {"ETag": f'"{conflict.actual}"'}
    if call.expected_version is None:
        return Problem("too_busy_stream", "it kept changing", version=conflict.actual, headers=headers)
    return Problem(
        "version_mismatch",
        f"it is at version {conflict.actual}, not at {call.expected_version}",
        version=conflict.actual,
        headers=headers,
    )


async def _rights_have_ended(services: Services, types: Collection[str]) -> None:
    """When this returns no process goes by a right any more that these events took away."""
    if not _ENDS_RIGHTS.isdisjoint(types):
        services.leases.forget_all()
        await services.leases.run_out()


async def _again(services: Services, repeated: Repeated) -> Response:
    """The answer that the first request got, made again from what it stored."""
    first = orjson.loads(repeated.result)
    stored = await run_in_threadpool(services.log.read_stream, UUID(first["stream"]))
    then = [event for event in stored if event.position <= repeated.last_position]
    types = [event.type for event in then if event.position >= repeated.first_position]
    await _rights_have_ended(services, types)
    version, position = (then[-1].version, then[-1].position) if then else (0, 0)
    answer = _answer(first["name"], version, position, types, first["created"], status=200)
    answer.headers["Idempotent-Replayed"] = "true"
    return answer


def _answer(
    name: str,
    version: int,
    position: int,
    types: Sequence[str],
    created: str | None,
    *,
    status: int | None = None,
) -> Response:
    body = orjson.dumps({"id": name, "version": version, "position": position, "events": types})
    headers = {"ETag": f'"{version}"', "Milepost-Position": str(position)}
    if created is not None:
        headers["Location"] = created
    return Response(body, status or (200 if created is None else 201), headers, "application/json")
