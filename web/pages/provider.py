"""Signing in by the provider of identities: to the provider, back from it, and connecting one's own account with it."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import Any

from fastapi import APIRouter, Request
from psycopg import Connection
from starlette.responses import RedirectResponse, Response

from api.access import grants as access
from api.access.grants import Token
from api.access.guard import CALLER, caller_of, check_first_form, check_form
from api.access.matrix import OPEN, Rule
from api.access.provider import Provider, ProviderError
from api.access.standing import standing
from api.handling.form import form_of
from api.handling.services import Services
from api.signing_in.entering import begin, forget_cookie, go_on, place_of, set_cookie
from api.signing_in.signing_in import LONGEST_LINK, bad_link
from api.wire.destinations import own_page
from api.wire.problems import Problem
from application.accounts import accounts, identities, second_factor
from application.accounts.identities import Attempt
from application.accounts.security_events import tell
from domain.words import Actor
from web.rendering.page import page, reveal

BACK = "/sign-in/provider/back"
_ANYBODY = Rule(frozenset({"read", "work", "manage", "admin"}), csrf="form")
RULES: dict[str, Rule] = {
    "POST /sign-in/provider": OPEN,
    f"GET {BACK}": OPEN,
    "POST /account/connect": _ANYBODY,
    "POST /account/disconnect": _ANYBODY,
}
"""Who comes back from the provider is believed for what the provider has signed, in the browser that was sent there."""
_LONGEST_CODE = 4_096
_OFF = "signing in by the provider did not work; try again"


def add_provider_pages(router: APIRouter) -> None:
    """Register the routes."""
    router.add_api_route("/sign-in/provider", go, methods=["POST"], response_model=None)
    router.add_api_route(BACK, back, methods=["GET"], response_model=None)
    router.add_api_route("/account/connect", connect, methods=["POST"], response_model=None)
    router.add_api_route("/account/disconnect", disconnect, methods=["POST"], response_model=None)


async def go(request: Request) -> Response:
    """To the provider, perhaps with a link that connects whoever comes back with the account that it is for."""
    services: Services = request.app.state.services
    check_first_form(request, services.site)
    async with form_of(request, max_files=0, max_fields=5) as form:
        wanted, link = str(form.get("next", "")), str(form.get("link", ""))[:LONGEST_LINK]
    request.scope.pop(CALLER, None)
    kept = None
    if link:
        if await services.read(lambda connection: access.peek(connection, link)) is None:
            raise bad_link(request, services)
        kept = access.digest(link)
    return await _leave(request, services, wanted, link_hash=kept)


async def connect(request: Request) -> Response:
    """To the provider; whoever comes back in this browser and session is connected with the reader's account."""
    services: Services = request.app.state.services
    await _own_form(request)
    grant = caller_of(request).grant
    if not grant.browser or not grant.actor.startswith("person:"):
        raise Problem("not_allowed", "only a person in a browser has an identity at the provider")
    return await _leave(request, services, "/account?done=connected", actor=grant.actor)


async def disconnect(request: Request) -> Response:
    """The provider lets nobody in as the reader any more."""
    services: Services = request.app.state.services
    await _own_form(request)
    caller, address = caller_of(request), place_of(request).address

    def end(connection: Connection[Any]) -> None:
        with connection.transaction():
            if identities.unlink(connection, caller.grant.actor):
                tell(
                    connection, "identity_disconnected", caller.grant.actor, by=caller.actor, address=address
                )

    await services.read(end)
    return RedirectResponse("/account?done=disconnected", 303)


async def back(request: Request) -> Response:
    """From the provider. What was begun ends here, once, however it ends."""
    services: Services = request.app.state.services
    provider = _provider(services)
    told = request.query_params
    state, code = told.get("state", "")[:_LONGEST_CODE], told.get("code", "")[:_LONGEST_CODE]
    browser = request.cookies.get(services.site.provider_cookie, "")[:_LONGEST_CODE]
    attempt = await services.read(lambda connection: identities.take(connection, state, browser))
    if attempt is None:
        services.throttle.count(f"bad {place_of(request).address or ''}")
        raise Problem(
            "provider_refused", f"{_OFF}: this was not begun in this browser, or more than ten minutes ago"
        )
    if told.get("iss", provider.registered.issuer) != provider.registered.issuer or not code:
        why = f"the provider said {told.get('error', 'nothing')}"[:100]
        raise await _refused(request, services, why)
    try:
        subject = await provider.subject(
            code=code, nonce=attempt.nonce, verifier=attempt.verifier, back=_back(services)
        )
    except ProviderError as error:
        raise await _refused(request, services, str(error)) from error
    return await _enter(request, services, attempt, subject)


async def _enter(request: Request, services: Services, attempt: Attempt, subject: str) -> Response:
    issuer = _provider(services).registered.issuer
    caller = request.scope.get(CALLER)
    if attempt.actor is not None and (caller is None or caller.grant.actor != attempt.actor):
        raise await _refused(request, services, "another account was to be connected than is signed in now")

    def enter(connection: Connection[Any]) -> Token | None:
        with connection.transaction():
            actor, scopes = _whose(connection, request, attempt, issuer, subject)
            if attempt.actor is not None:
                return None
            return begin(services, request, connection, actor, scopes, "provider")

    session = await services.read(enter)
    if session is None:
        answer: Response = RedirectResponse(own_page(attempt.wanted) or "/", 303)
    else:
        answer = await go_on(request, session, attempt.wanted)
    forget_cookie(answer, services, services.site.provider_cookie)
    return answer


def _whose(
    connection: Connection[Any], request: Request, attempt: Attempt, issuer: str, subject: str
) -> tuple[Actor, list[str]]:
    """Whose identity it is, or is from now on; within a transaction. Raises Problem."""
    scopes: list[str] = ["read", "work"]
    actor = attempt.actor
    if attempt.link_hash is not None:
        used = access.use_up(connection, attempt.link_hash)
        if used is None:
            raise Problem("bad_link", "the link is unknown, has expired or was used already")
        actor, scopes = used.actor, list(used.scopes)
        if (
            second_factor.find(connection, actor) is not None
        ):  # or whoever reads the mail would come in without it
            detail = (
                "a link connects nobody who has a second factor: sign in with password and code, then connect"
            )
            raise Problem("provider_refused", detail)
    if actor is not None:
        if not identities.link(connection, issuer, subject, actor, scopes, anew=True):
            raise Problem("provider_refused", f"{_OFF}: this identity is connected with somebody else here")
        tell(connection, "identity_connected", actor, address=place_of(request).address, issuer=issuer)
    linked, account = identities.find(connection, issuer, subject), None
    if linked is not None and standing(connection, linked.actor).bears(linked.linked_at):
        account = accounts.find(connection, linked.actor)
    if account is None:
        detail = "nobody here is connected with this identity: ask for an invitation, or connect it in your account"
        raise Problem("unknown_identity", detail)
    identities.used(connection, issuer, subject)
    return account.actor, account.scopes


async def _leave(
    request: Request,
    services: Services,
    wanted: str,
    *,
    link_hash: bytes | None = None,
    actor: Actor | None = None,
) -> Response:
    """The page that leads to the provider; it cannot be a redirect, which browsers hold for a form to another site."""
    provider = _provider(services)
    state, nonce, verifier, browser = (token_urlsafe(32) for _ in range(4))
    attempt = Attempt(nonce, verifier, own_page(wanted) or "", link_hash, actor)
    try:
        address = await provider.address(state=state, nonce=nonce, verifier=verifier, back=_back(services))
    except ProviderError as error:
        raise await _refused(request, services, str(error)) from error
    await services.read(lambda connection: identities.begin(connection, state, browser, attempt))
    answer = page(request, "leaving.html", address=address, provider=provider.registered.title)
    answer.headers["Refresh"] = f"0; url={address}"
    answer.headers["Referrer-Policy"] = "no-referrer"
    set_cookie(
        answer, services, services.site.provider_cookie, browser, int(identities.LIFETIME.total_seconds())
    )
    return answer


async def _refused(request: Request, services: Services, why: str) -> Problem:
    """What a person is told is little; what administrators are told says why."""
    address = place_of(request).address
    services.throttle.count(f"bad {address or ''}")
    await services.read(
        lambda connection: tell(connection, "sign_in_failed", None, address=address, way="provider", why=why)
    )
    return Problem("provider_refused", _OFF)


async def _own_form(request: Request) -> None:
    async with form_of(request, max_files=0, max_fields=5) as form:
        csrf = str(form.get("csrf", ""))
    check_form(request, reveal(csrf))


def _provider(services: Services) -> Provider:
    if services.provider is None:
        raise Problem("not_found", "no provider of identities is set here")
    return services.provider


def _back(services: Services) -> str:
    return f"{services.site.base_url}{BACK}"
