"""One's own second factor: set up with the password, confirmed by a code, taken away with both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from psycopg import Connection
from starlette.responses import Response

from api.access import grants as access
from api.access.guard import caller_of
from api.handling.answering import to_json
from api.handling.bodies import ConfirmCode, Confirmed, RemoveFactor
from api.handling.registering import ANSWER, BODY, REFUSES
from api.handling.services import Services
from api.signing_in.entering import place_of
from api.signing_in.own_password import confirmed
from api.signing_in.signing_in import must_wait, prove
from api.wire.problems import Problem
from api.wire.reading import parse_json, read_body, validate
from application.accounts import attempts, second_factor
from application.accounts.attempts import Counter
from application.accounts.security_events import tell
from application.found import person_key
from domain.directory import must_be_here
from domain.throttling import SECOND
from domain.words import Actor, Rejected

HOUSE = "Milepost"
"""What an app calls the place that its codes are for."""


@dataclass(frozen=True, slots=True)
class FactorState:
    """Whether the caller has a second factor, since when, and how many recovery codes are left."""

    on: bool
    confirmed_at: datetime | None = None
    recovery_codes: int = 0


@dataclass(frozen=True, slots=True)
class NewFactor:
    """What an app needs, told this once: ``secret`` in base32, and the same as an ``otpauth:`` address, ``uri``."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """Each of them signs in once instead of a code of the app; they are told this once."""

    recovery_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactorRemoved:
    """Whether there was one that counted."""

    actor: str
    removed: bool


def add_own_second_factor(router: APIRouter) -> None:
    """Register the routes."""
    password = {"password": "four words that nobody expects"}
    for path, work, summary, takes, example, gives in (
        ("/v1/second-factor", begin, "Set up a second factor", Confirmed, password, NewFactor),
        ("/v1/second-factor/confirm", confirm, "Confirm the second factor", ConfirmCode, {"code": "287082"},
         RecoveryCodes),
        ("/v1/second-factor/remove", remove, "Take away your second factor", RemoveFactor,
         {**password, "code": "287082"}, FactorRemoved),
        ("/v1/second-factor/recovery-codes", renew, "Make new recovery codes", ConfirmCode, {"code": "287082"},
         RecoveryCodes),
    ):  # fmt: skip
        name = path.removeprefix("/v1/").replace("/", "_").replace("-", "_")
        router.add_api_route(path, work, methods=["POST"], response_model=None, tags=["Access"], summary=summary,
                             operation_id=f"post_{name}", openapi_extra={
                                 BODY: {"model": takes, "example": example}, ANSWER: gives})  # fmt: skip
    router.add_api_route("/v1/second-factor", state, methods=["GET"], response_model=None, tags=["Access"],
                         summary="Whether you have a second factor", operation_id="get_second_factor",
                         openapi_extra={ANSWER: FactorState})  # fmt: skip
    router.add_api_route("/v1/people/{key}/second-factor", take_away, methods=["DELETE"], response_model=None,
                         tags=["Access"], summary="Take away the second factor of somebody who lost it",
                         operation_id="delete_people_key_second_factor",
                         openapi_extra={ANSWER: FactorRemoved, REFUSES: (409,)})  # fmt: skip


async def state(request: Request) -> Response:
    """Never the secret."""
    return to_json(await state_of(request), {})


async def state_of(request: Request) -> FactorState:
    """Of the caller."""
    services: Services = request.app.state.services
    actor = caller_of(request).grant.actor
    found = await services.read(lambda connection: second_factor.find(connection, actor))
    return (
        FactorState(False) if found is None else FactorState(True, found.confirmed_at, found.recovery_codes)
    )


async def begin(request: Request) -> Response:
    """The password is asked for. The factor counts once a code of the app has confirmed it."""
    body = validate(Confirmed, parse_json(request, await read_body(request)))
    return to_json(await begun(request, body), {})


async def begun(request: Request, body: Confirmed) -> NewFactor:
    """Make the secret. Rejected("second_factor_set") where one counts already."""
    services: Services = request.app.state.services
    account = await confirmed(request, body.password, field="password")
    secret = await services.read(lambda connection: second_factor.begin(connection, account.actor))
    if secret is None:
        raise Rejected(
            "second_factor_set", "you have a second factor; take it away first", accepted=["remove"]
        )
    return NewFactor(secret, second_factor.address(secret, account.actor, HOUSE))


async def confirm(request: Request) -> Response:
    """From now on signing in asks for a code; other sessions of the caller end. The answer has the recovery codes."""
    body = validate(ConfirmCode, parse_json(request, await read_body(request)))
    return to_json(await confirmed_by(request, body), {})


async def confirmed_by(request: Request, body: ConfirmCode) -> RecoveryCodes:
    """Have the factor count. Problem("wrong_code") with status 409 when the code is not the app's."""
    services: Services = request.app.state.services
    caller, at = caller_of(request), services.clock()
    actor, counted = caller.grant.actor, [Counter.of(SECOND, "confirm", caller.grant.actor)]

    def ask(connection: Connection[Any]) -> tuple[list[str], list[bytes]] | None:
        if waits := attempts.count(connection, counted, at=at):
            raise must_wait(waits)
        with connection.transaction():
            codes = second_factor.confirm(connection, actor, body.code, at=at)
            if codes is None:
                return None
            attempts.forgive(connection, counted)
            tell(connection, "second_factor_set", actor, by=caller.actor, address=place_of(request).address)
            own = caller.grant.id if caller.grant.browser else None
            return codes, access.end_sessions(connection, actor, own)

    made = await services.read(ask)
    if made is None:
        raise Problem(
            "wrong_code", "this is not what the app shows for the secret that was made last", status=409
        )
    await services.end_leases(made[1])
    return RecoveryCodes(tuple(made[0]))


async def remove(request: Request) -> Response:
    """The password and a code are asked for, or a recovery code."""
    body = validate(RemoveFactor, parse_json(request, await read_body(request)))
    return to_json(await removed(request, body), {})


async def removed(request: Request, body: RemoveFactor) -> FactorRemoved:
    """Take it away. Raises Problem."""
    account = await confirmed(request, body.password, field="password")
    await _proved(request, account.actor, body.code)
    return await _removed(request, account.actor)


async def renew(request: Request) -> Response:
    """A code is asked for; the recovery codes from before are good no more."""
    body = validate(ConfirmCode, parse_json(request, await read_body(request)))
    return to_json(await renewed(request, body), {})


async def renewed(request: Request, body: ConfirmCode) -> RecoveryCodes:
    """Make them. Raises Problem."""
    services: Services = request.app.state.services
    caller = caller_of(request)
    actor = caller.grant.actor
    await _proved(request, actor, body.code)

    def make(connection: Connection[Any]) -> list[str]:
        with connection.transaction():
            tell(connection, "recovery_codes_made", actor, by=caller.actor, address=place_of(request).address)
            return second_factor.new_recovery_codes(connection, actor)

    return RecoveryCodes(tuple(await services.read(make)))


async def take_away(request: Request, key: str) -> Response:
    """For who lost the app and the recovery codes. Their password stays, and is enough from then on."""
    services: Services = request.app.state.services
    actor = Actor(f"person:{person_key(key)}")
    must_be_here(actor, await services.directories.now(), field="key")
    return to_json(await _removed(request, actor), {})


async def _proved(request: Request, actor: Actor, code: str) -> None:
    services: Services = request.app.state.services
    if await services.read(lambda connection: second_factor.find(connection, actor)) is None:
        raise Rejected("no_second_factor", "you have no second factor", accepted=["set one up"])
    try:
        await prove(request, actor, code)
    except Problem as wrong:
        if wrong.code != "wrong_code":
            raise
        raise Problem("wrong_code", wrong.detail, status=409) from None


async def _removed(request: Request, actor: Actor) -> FactorRemoved:
    services: Services = request.app.state.services
    caller = caller_of(request)

    def take(connection: Connection[Any]) -> bool:
        with connection.transaction():
            was = second_factor.remove(connection, actor)
            if was:
                address = place_of(request).address
                tell(connection, "second_factor_removed", actor, by=caller.actor, address=address)
            return was

    return FactorRemoved(actor, await services.read(take))
