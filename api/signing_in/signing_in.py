"""Signing in by a link or a password. What is wrong takes as long and is told alike, whoever is meant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from psycopg import Connection
from starlette.responses import Response

from api.access import grants as access
from api.access.grants import Link, Token
from api.access.guard import check_first_form
from api.access.standing import standing
from api.handling.form import form_of
from api.handling.services import Services
from api.signing_in.entering import begin, browser_secret, go_on, keep_known, place_of
from api.wire.problems import Problem
from application.accounts import accounts, attempts
from application.accounts.accounts import Account
from application.accounts.attempts import Counter, counters
from application.accounts.hashing import common_passwords
from application.accounts.security_events import tell, tell_seldom
from domain.passwords import MOST, must_be_strong, same_form
from domain.words import Actor, Rejected

LONGEST_LINK = 200
_LONGEST_NAME = 300
_FIELDS = ("link", "name", "password", "next")


def add_signing_in(router: APIRouter) -> None:
    """Register the one route that every form of signing in goes to."""
    router.add_api_route("/sign-in", sign_in, methods=["POST"], response_model=None, include_in_schema=False)


async def sign_in(request: Request) -> Response:
    """Begins a session of this browser and goes where its owner wanted to go.

    The form has `link`, the secret of a link, perhaps with a `password` that is to be the owner's from now on; or
    `name` (a key or a mail address) and `password`. In either case perhaps `next`, a page of ours.
    """
    services: Services = request.app.state.services
    check_first_form(request, services.site)
    async with form_of(request, max_files=0, max_fields=6) as form:
        link, name, password, wanted = (str(form.get(field, "")) for field in _FIELDS)
    if link:
        return await _by_link(request, services, link[:LONGEST_LINK], password, wanted)
    if not (name.strip() and password):
        missing = [field for field, given in (("name", name.strip()), ("password", password)) if not given]
        errors = [{"field": field, "code": "missing", "detail": f"your {field}"} for field in missing]
        raise Problem("invalid", "the form says nobody", errors=errors, accepted=list(_FIELDS))
    return await _by_password(
        request, services, name[:_LONGEST_NAME], same_form(password[: MOST + 1]), wanted
    )


# --- by a link ---


async def _by_link(request: Request, services: Services, link: str, password: str, wanted: str) -> Response:
    found = await services.read(lambda connection: access.peek(connection, link))
    if found is None:
        raise bad_link(request, services)
    kept = await _new_password(services, found, link, password)

    def enter(connection: Connection[Any]) -> tuple[Token, list[bytes]] | None:
        with connection.transaction():
            used = access.use_up(connection, link)
            if used is None:
                return None
            ended = _set(connection, request, used, kept) if kept is not None else []
            return begin(
                services, request, connection, used.actor, used.scopes, used.purpose or "link"
            ), ended

    entered = await services.read(enter)
    if entered is None:
        raise bad_link(request, services)
    session, ended = entered
    await services.end_leases(ended)
    answer = await go_on(request, session, wanted)
    await keep_known(request, answer, session.actor)
    return answer


def bad_link(request: Request, services: Services) -> Problem:
    """What is said of a link that opens nothing; whoever tries many is slowed down."""
    services.throttle.count(f"bad {place_of(request).address or ''}")
    return Problem("bad_link", "the link is unknown, has expired or was used already")


async def _new_password(services: Services, link: Link, secret: str, password: str) -> str | None:
    """The hash of the password that was chosen; None where none was and none has to be. Nothing is used up by it."""
    back = f"/sign-in?link={quote(secret, safe='')}"
    if not password:
        if link.purpose is None:
            return None
        errors = [{"field": "password", "code": "missing", "detail": "the password that you want to have"}]
        raise Problem("invalid", "choose a password", errors=errors, back=back)
    try:
        strong = must_be_strong(password, common_passwords(), await names_of(services, link.actor))
    except Rejected as weak:
        weak.facts["back"] = back
        raise Problem.of_rule(weak) from None
    return await services.hashed(strong)


def _set(connection: Connection[Any], request: Request, link: Link, kept: str) -> list[bytes]:
    """The password is set, and whoever was signed in with the one before is so no more."""
    invited = link.purpose == "invitation"
    accounts.set_password(connection, link.actor, kept, link.scopes, anew=invited)
    tell(
        connection, "password_set", link.actor, address=place_of(request).address, way=link.purpose or "link"
    )
    return access.end_sessions(connection, link.actor)


async def names_of(services: Services, actor: Actor) -> list[str]:
    """What somebody's password may not be made of."""
    house = await services.directories.now()
    facts = house.people.get(actor)  # type: ignore[call-overload]  # an actor that is a person is a key of people
    known = [] if facts is None else [facts.name, facts.email or ""]
    return ["milepost", actor.partition(":")[2], *filter(None, known)]


# --- with a password ---


async def _by_password(
    request: Request, services: Services, name: str, password: str, wanted: str
) -> Response:
    house = await services.directories.now()
    actor = accounts.called(name, house)
    account, counted = await _counted(request, services, name, actor)
    right = await services.is_password(account.password_hash if account else None, password)
    if account is None or not right:
        await _tell_failed(request, services, actor)
        raise Problem("wrong_password", "the name or the password is wrong")
    newer = await services.hashed_anew(account.password_hash, password)

    def enter(connection: Connection[Any]) -> Token | None:
        with connection.transaction():
            if not _still_so(connection, account):
                return None
            attempts.forgive(connection, counted)
            if newer is not None:
                accounts.keep_newer_hash(connection, account, newer)
            return begin(services, request, connection, account.actor, account.scopes, "password")

    session = await services.read(enter)
    if session is None:
        raise Problem("wrong_password", "the name or the password is wrong")
    answer = await go_on(request, session, wanted)
    await keep_known(request, answer, account.actor)
    return answer


async def _counted(
    request: Request, services: Services, name: str, actor: Actor | None
) -> tuple[Account | None, Sequence[Counter]]:
    """The account, and what this try was counted for; a problem when it has to wait."""
    address, secret, at = place_of(request).address or "", browser_secret(request), services.clock()

    def ask(connection: Connection[Any]) -> tuple[Account | None, Sequence[Counter], timedelta]:
        account = accounts.find(connection, actor or "")
        known = accounts.known_browser(connection, actor, secret)
        counted = counters(actor or name.strip().casefold(), address, known)
        waits = attempts.count(connection, counted, at=at)
        if waits:
            tell_seldom(connection, "sign_in_throttled", actor, address=address)
        return account, counted, waits

    account, counted, waits = await services.read(ask)
    if waits:
        raise must_wait(waits)
    return account, counted


def must_wait(waits: timedelta) -> Problem:
    """What is said to whoever tried too often."""
    seconds = max(1, math.ceil(waits.total_seconds()))
    detail = f"that was wrong too often: wait {seconds} seconds, then try again, or have a link sent to you by mail"
    return Problem("too_many_requests", detail, headers={"Retry-After": str(seconds)})


async def _tell_failed(request: Request, services: Services, actor: Actor | None) -> None:
    address = place_of(request).address
    await services.read(
        lambda connection: tell(connection, "sign_in_failed", actor, address=address, way="password")
    )


def _still_so(connection: Connection[Any], account: Account) -> bool:
    """Whether the account is as it was looked at, and its owner is here and did not leave since they set it."""
    now = accounts.find(connection, account.actor)
    if now is None or now.password_hash != account.password_hash or now.password_set_at is None:
        return False
    return standing(connection, account.actor).bears(now.password_set_at)
