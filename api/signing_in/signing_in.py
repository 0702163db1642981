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
from api.signing_in.entering import (
    begin,
    browser_secret,
    forget_cookie,
    go_on,
    half_way,
    keep_known,
    place_of,
)
from api.wire.problems import Problem
from application.accounts import accounts, attempts, second_factor
from application.accounts.accounts import Account
from application.accounts.attempts import Counter, counters
from application.accounts.hashing import common_passwords
from application.accounts.security_events import tell, tell_seldom
from domain.passwords import MOST, must_be_strong, same_form
from domain.throttling import SECOND
from domain.words import Actor, Rejected

LONGEST_LINK = 200
_LONGEST_NAME, _LONGEST_CODE = 300, 100
_FIELDS = ("link", "name", "password", "next", "code")


def add_signing_in(router: APIRouter) -> None:
    """Register the one route that every form of signing in goes to."""
    router.add_api_route("/sign-in", sign_in, methods=["POST"], response_model=None, include_in_schema=False)


async def sign_in(request: Request) -> Response:
    """Begins a session of this browser and goes where its owner wanted to go.

    The form has `link`, the secret of a link, perhaps with a `password` that is to be the owner's from now on; or
    `name` (a key or a mail address) and `password`; or, where there is a second factor, only `code` from the
    browser in which the password was right. With a link the code comes along. In each case perhaps `next`, a page
    of ours.
    """
    services: Services = request.app.state.services
    check_first_form(request, services.site)
    async with form_of(request, max_files=0, max_fields=8) as form:
        link, name, password, wanted, code = (str(form.get(field, "")) for field in _FIELDS)
    code = code[:_LONGEST_CODE]
    if link:
        return await _by_link(request, services, link[:LONGEST_LINK], password, wanted, code)
    if code and not (name or password):
        return await _by_code(request, services, code)
    if not (name.strip() and password):
        missing = [field for field, given in (("name", name.strip()), ("password", password)) if not given]
        errors = [{"field": field, "code": "missing", "detail": f"your {field}"} for field in missing]
        raise Problem("invalid", "the form says nobody", errors=errors, accepted=list(_FIELDS))
    return await _by_password(
        request, services, name[:_LONGEST_NAME], same_form(password[: MOST + 1]), wanted
    )


# --- by a link ---


async def _by_link(
    request: Request, services: Services, link: str, password: str, wanted: str, code: str
) -> Response:
    found = await services.read(lambda connection: access.peek(connection, link))
    if found is None:
        raise bad_link(request, services)
    kept = await _new_password(services, found, link, password)
    if await services.read(lambda connection: second_factor.find(connection, found.actor)) is not None:
        await prove(request, found.actor, code, back=_page_of(link))

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
    back = _page_of(secret)
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


def _page_of(link: str) -> str:
    return f"/sign-in?link={quote(link, safe='')}"


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

    def enter(connection: Connection[Any]) -> Token | str | None:
        with connection.transaction():
            if not _still_so(connection, account):
                return None
            attempts.forgive(connection, counted)
            if newer is not None:
                accounts.keep_newer_hash(connection, account, newer)
            if second_factor.find(connection, account.actor) is not None:
                return second_factor.begin_half(
                    connection, account.actor, newer or account.password_hash or ""
                )
            return begin(services, request, connection, account.actor, account.scopes, "password")

    session = await services.read(enter)
    if session is None:
        raise Problem("wrong_password", "the name or the password is wrong")
    if isinstance(session, str):
        return half_way(services, session, wanted)
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


# --- with a code, after the password ---


async def _by_code(request: Request, services: Services, code: str) -> Response:
    half = request.cookies.get(services.site.half_cookie, "")[:LONGEST_LINK]
    found = await services.read(lambda connection: second_factor.find_half(connection, half))
    if found is None:
        raise Problem("wrong_code", "that took too long: sign in with your name and password once more")
    await prove(request, found.actor, code, again=True)

    def enter(connection: Connection[Any]) -> Token | None:
        with connection.transaction():
            account = accounts.find(connection, found.actor)
            if account is None or account.password_hash != found.password_hash:
                return None
            if not (_still_so(connection, account) and second_factor.end_half(connection, half)):
                return None
            return begin(services, request, connection, account.actor, account.scopes, "password_and_code")

    session = await services.read(enter)
    if session is None:
        raise Problem(
            "wrong_code", "this has changed meanwhile: sign in with your name and password once more"
        )
    answer = await go_on(request, session, "")
    forget_cookie(answer, services, services.site.half_cookie)
    await keep_known(request, answer, found.actor)
    return answer


async def prove(request: Request, actor: Actor, code: str, **facts: Any) -> None:
    """Take a code of somebody's second factor; a problem when it is wrong, was used, or has to wait."""
    services: Services = request.app.state.services
    address, secret, at = place_of(request).address, browser_secret(request), services.clock()

    def ask(connection: Connection[Any]) -> bool:
        known = accounts.known_browser(connection, actor, secret)
        counted = [Counter.of(SECOND, "second", actor, "" if known is None else known.hex())]
        if waits := attempts.count(connection, counted, at=at):
            raise must_wait(waits)
        with connection.transaction():
            proof = second_factor.prove(connection, actor, code, at=at)
            if proof is None:
                tell(connection, "second_factor_failed", actor, address=address)
                return False
            if proof == "recovery_code":
                tell(connection, "recovery_code_used", actor, address=address)
            attempts.forgive(connection, counted)
            return True

    if not await services.read(ask):
        raise Problem(
            "wrong_code", "the code is wrong or was used before: take the one that is shown now", **facts
        )


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
