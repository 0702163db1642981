"""One's own account: the password, where one is signed in; and for administrators what happened to ways in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import segno
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from api.access.guard import CALLER, caller_of, check_first_form, check_form
from api.access.matrix import OPEN, Rule
from api.handling.answering import to_json
from api.handling.bodies import AskReset, ChangePassword, ConfirmCode, Confirmed, Invite, RemoveFactor
from api.handling.form import form_of
from api.handling.orders import asked_for
from api.handling.registering import stream_id
from api.handling.services import Services
from api.signing_in.by_mail import ask_reset, invited
from api.signing_in.granted import access_of, end_one
from api.signing_in.own_password import change_own
from api.signing_in.own_second_factor import (
    NewFactor,
    RecoveryCodes,
    begun,
    confirmed_by,
    removed,
    renewed,
    state_of,
    take_away,
)
from api.signing_in.security_events import SecurityEventsQuery, events_of
from api.wire.reading import validate
from application.accounts import accounts, identities
from application.found import person_key
from domain.passwords import LEAST, MOST
from projections.paging import Page
from web.pages.queries import ON_A_PAGE, asked_page
from web.pages.sign_in import title_of
from web.rendering.errors import refused
from web.rendering.page import page, reveal
from web.words.people import NAMES

_ANYBODY = Rule(frozenset({"read", "work", "manage", "admin"}), csrf="form")
RULES: dict[str, Rule] = {
    "GET /account": Rule(frozenset({"read", "work", "manage", "admin"})),
    "POST /account/password": _ANYBODY,
    "POST /account/second-factor": _ANYBODY,
    "POST /account/second-factor/confirm": _ANYBODY,
    "POST /account/second-factor/remove": _ANYBODY,
    "POST /account/second-factor/recovery-codes": _ANYBODY,
    "POST /people/{key}/second-factor": Rule(frozenset({"admin"}), csrf="form"),
    "POST /account/end-session": Rule(frozenset({"work", "admin"}), csrf="form"),
    "GET /forgotten": OPEN,
    "POST /forgotten": OPEN,
    "POST /people/{key}/invite": Rule(frozenset({"admin"}), csrf="form"),
    "GET /security-events": Rule(frozenset({"read"})),
}
"""Everybody has an account; what happened to all of them is for administrators."""


def add_account_pages(router: APIRouter) -> None:
    """Register the pages."""
    router.add_api_route("/account", account, methods=["GET"], response_model=None)
    router.add_api_route("/account/password", change_password, methods=["POST"], response_model=None)
    for what, work in (("", begin_factor), ("/confirm", confirm_factor), ("/remove", remove_factor),
                       ("/recovery-codes", renew_codes)):  # fmt: skip
        router.add_api_route(f"/account/second-factor{what}", work, methods=["POST"], response_model=None)
    router.add_api_route(
        "/people/{key}/second-factor", take_factor_away, methods=["POST"], response_model=None
    )
    router.add_api_route("/account/end-session", end_session, methods=["POST"], response_model=None)
    router.add_api_route("/forgotten", forgotten, methods=["GET"], response_model=None)
    router.add_api_route("/forgotten", ask_for_another, methods=["POST"], response_model=None)
    router.add_api_route("/people/{key}/invite", invite, methods=["POST"], response_model=None)
    router.add_api_route("/security-events", security_events, methods=["GET"], response_model=None)


async def account(request: Request) -> Response:
    """What the reader signs in with, and where they are signed in."""
    services: Services = request.app.state.services
    NAMES.set(await services.directories.recently())
    actor = caller_of(request).grant.actor
    own = await services.read(lambda connection: accounts.find(connection, actor))
    known = await services.read(lambda connection: identities.of(connection, actor))
    granted = await access_of(request, actor, Page(ON_A_PAGE))
    done = request.query_params.get("done", "")
    factor = await state_of(request)
    return page(
        request,
        "account.html",
        own=own,
        granted=granted,
        done=done,
        least=LEAST,
        most=MOST,
        identities=known,
        provider=title_of(services),
        factor=factor,
    )


async def change_password(request: Request) -> Response:
    """Another password; whoever else is signed in as the reader is so no more."""
    sent = await _sent(request)
    if sent.get("new") != sent.get("again"):
        problem = {
            "code": "invalid", "title": "Not the same",
            "detail": "The new password was typed in two ways. Type it once more.",
        }  # fmt: skip
        return refused(request, 422, problem, "/account")
    body = validate(ChangePassword, {name: sent.get(name, "") for name in ("old", "new")})
    return await _done(request, "POST /v1/password", lambda: change_own(request, body), "password")


async def begin_factor(request: Request) -> Response:
    """The page with what the app reads; it is shown this once."""
    sent = await _sent(request)
    body = validate(Confirmed, {"password": sent.get("password", "")})
    return await _shown(request, "POST /v1/second-factor", begun(request, body))


async def confirm_factor(request: Request) -> Response:
    """The page with the recovery codes; it is shown this once."""
    body = validate(ConfirmCode, {"code": (await _sent(request)).get("code", "")})
    return await _shown(request, "POST /v1/second-factor/confirm", confirmed_by(request, body))


async def renew_codes(request: Request) -> Response:
    """The same page, with others."""
    body = validate(ConfirmCode, {"code": (await _sent(request)).get("code", "")})
    return await _shown(request, "POST /v1/second-factor/recovery-codes", renewed(request, body))


async def remove_factor(request: Request) -> Response:
    """Signing in asks for the password only."""
    sent = await _sent(request)
    body = validate(RemoveFactor, {name: sent.get(name, "") for name in ("password", "code")})

    async def work() -> Response:
        return to_json(await removed(request, body), {})

    return await _done(request, "POST /v1/second-factor/remove", work, "factor")


async def take_factor_away(request: Request) -> Response:
    """From the page of somebody who lost theirs."""
    await _sent(request)
    key = person_key(request.path_params["key"])
    told = await asked_for(request, "DELETE /v1/people/{key}/second-factor", lambda: take_away(request, key))
    if not told.accepted:
        return refused(request, told.status, told.body, f"/people/{key}")
    return RedirectResponse(f"/people/{key}", 303)


async def _shown(
    request: Request, address: str, work: Coroutine[Any, Any, NewFactor | RecoveryCodes]
) -> Response:
    """A page with a secret that was made for the reader."""
    made: list[NewFactor | RecoveryCodes] = []

    async def make() -> Response:
        made.append(await work)
        return Response()

    try:
        told = await asked_for(request, address, make)
    finally:
        work.close()
    if not told.accepted:
        return refused(request, told.status, told.body, "/account")
    (new,) = made
    if isinstance(new, RecoveryCodes):
        return page(request, "second_factor.html", codes=new.recovery_codes, new=None, picture=None)
    picture = Markup(segno.make(new.uri, micro=False).svg_inline(scale=5, dark="#000", light="#fff"))  # noqa: S704
    return page(request, "second_factor.html", codes=None, new=new, picture=picture)


async def end_session(request: Request) -> Response:
    """End one session, link or token of the reader."""
    sent = await _sent(request)
    which = stream_id(sent.get("id", ""))
    return await _done(request, "DELETE /v1/access/{id}", lambda: end_one(request, which), "ended")


async def forgotten(request: Request) -> Response:
    """Asks whose password was lost."""
    request.scope.pop(CALLER, None)
    return page(request, "forgotten.html", asked=False)


async def ask_for_another(request: Request) -> Response:
    """Says the same whoever is meant."""
    services: Services = request.app.state.services
    check_first_form(request, services.site)
    async with form_of(request, max_files=0, max_fields=5) as form:
        body = validate(AskReset, {"name": str(form.get("name", ""))})
    await ask_reset(request, body.name)
    request.scope.pop(CALLER, None)
    return page(request, "forgotten.html", asked=True)


async def invite(request: Request) -> Response:
    """Have somebody invited by mail, from their page."""
    async with form_of(request, max_files=0, max_fields=10) as form:
        csrf, scopes = str(form.get("csrf", "")), [str(scope) for scope in form.getlist("scope")]
    check_form(request, reveal(csrf))
    key = person_key(request.path_params["key"])
    body = validate(Invite, {"scopes": scopes})
    told = await asked_for(request, "POST /v1/people/{key}/invite", lambda: invited(request, key, body))
    if not told.accepted:
        return refused(request, told.status, told.body, f"/people/{key}")
    return RedirectResponse(f"/people/{key}?invited=1", 303)


async def security_events(request: Request) -> Response:
    """What happened to everybody's ways in, newest first."""
    services: Services = request.app.state.services
    NAMES.set(await services.directories.recently())
    query = asked_page(request)
    given = {name: text for name in ("actor", "kind") if (text := request.query_params.get(name))}
    asked = validate(SecurityEventsQuery, {**given, "limit": ON_A_PAGE, "after": query.after})
    return page(
        request, "security_events.html", events=await events_of(request, asked), query=query, kept=given
    )


async def _done(
    request: Request, address: str, work: Callable[[], Awaitable[Response]], what: str
) -> Response:
    told = await asked_for(request, address, work)
    if not told.accepted:
        return refused(request, told.status, told.body, "/account")
    return RedirectResponse(f"/account?done={what}", 303)


async def _sent(request: Request) -> dict[str, Any]:
    """A form of our own page, its token says."""
    async with form_of(request, max_files=0, max_fields=10) as form:
        sent = {name: str(value) for name, value in form.items()}
    check_form(request, reveal(sent.get("csrf", "")))
    return sent
