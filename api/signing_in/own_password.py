"""Changing one's own password: with the one before, and the other browsers are signed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from psycopg import Connection
from starlette.responses import Response

from api.access import grants as access
from api.access.guard import Caller, caller_of
from api.handling.answering import to_json
from api.handling.bodies import ChangePassword
from api.handling.registering import ANSWER, BODY
from api.handling.services import Services
from api.signing_in.entering import place_of
from api.signing_in.signing_in import must_wait, names_of
from api.wire.problems import Problem
from api.wire.reading import parse_json, read_body, validate
from application.accounts import accounts, attempts
from application.accounts.accounts import Account
from application.accounts.attempts import Counter
from application.accounts.hashing import common_passwords
from application.accounts.security_events import tell
from domain.passwords import must_be_strong, same_form
from domain.throttling import PAIR
from domain.words import Rejected


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """The password is the new one; so many sessions and unused links of its owner were ended."""

    actor: str
    ended: int


def add_own_password(router: APIRouter) -> None:
    """Register the one route."""
    example = {"old": "the password until now", "new": "four words that nobody expects"}
    router.add_api_route("/v1/password", change, methods=["POST"], response_model=None, tags=["Access"],
                         summary="Change your own password", operation_id="post_password", openapi_extra={
                             BODY: {"model": ChangePassword, "example": example}, ANSWER: PasswordChanged})  # fmt: skip


async def change(request: Request) -> Response:
    """The password before is asked for, and guessing it is slowed down; other sessions of the caller end."""
    body = validate(ChangePassword, parse_json(request, await read_body(request)))
    return await change_own(request, body)


async def change_own(request: Request, body: ChangePassword) -> Response:
    """Change it. Raises Problem and Rejected, and has changed nothing then."""
    services: Services = request.app.state.services
    caller = caller_of(request)
    account = await confirmed(request, body.old)
    new = must_be_strong(body.new, common_passwords(), await names_of(services, account.actor))
    if new == same_form(body.old):
        raise Rejected(
            "same_password", "this is the password that you have", field="new", accepted=["another one"]
        )
    kept = await services.hashed(new)
    ended = await services.read(lambda connection: _changed(connection, request, caller, account, kept))
    await services.end_leases(ended)
    return to_json(PasswordChanged(account.actor, len(ended)), {})


async def confirmed(request: Request, password: str, field: str = "old") -> Account:
    """The caller's account, when this is its password; a problem else, and when it was wrong too often."""
    services: Services = request.app.state.services
    caller, at = caller_of(request), services.clock()
    counted = [Counter.of(PAIR, "own", caller.grant.actor)]

    def ask(connection: Connection[Any]) -> Account | None:
        account = accounts.find(connection, caller.grant.actor)
        if account is not None and (waits := attempts.count(connection, counted, at=at)):
            raise must_wait(waits)
        return account

    account = await services.read(ask)
    if account is None or account.password_hash is None:
        raise Rejected("no_password", "you have no password yet: have a link sent to you by mail to set one")
    if not await services.is_password(account.password_hash, same_form(password)):
        errors = [{"field": field, "code": "wrong", "detail": "this is not your password"}]
        raise Problem("invalid", "the password is another one", errors=errors)
    await services.read(lambda connection: attempts.forgive(connection, counted))
    return account


def _changed(
    connection: Connection[Any], request: Request, caller: Caller, account: Account, kept: str
) -> list[bytes]:
    with connection.transaction():
        now = accounts.find(connection, account.actor)
        if now is None or now.password_hash != account.password_hash:
            raise Rejected("password_changed", "the password was changed meanwhile; look at it once more")
        accounts.set_password(connection, account.actor, kept, account.scopes)
        tell(
            connection, "password_changed", account.actor, by=caller.actor, address=place_of(request).address
        )
        return access.end_sessions(
            connection, account.actor, caller.grant.id if caller.grant.browser else None
        )
