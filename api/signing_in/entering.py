"""How a browser comes in, whichever way: a new session and its cookie, the old one ended, and where to go on to."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote, unquote

from fastapi import Request
from psycopg import Connection
from starlette.responses import RedirectResponse, Response

from api.access import grants as access
from api.access.grants import Place, Token
from api.access.guard import CALLER, Caller
from api.handling.services import Services
from api.wire.destinations import own_page
from application.accounts import accounts
from application.accounts.second_factor import HALF_LIFETIME
from domain.words import Actor

PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_WANTED_SECONDS = 3_600
_KNOWN_BROWSER_SECONDS = int(timedelta(days=400).total_seconds())
_LONGEST_SECRET, _LONGEST_DEVICE = 100, 200
_UNSEEN = re.compile(r"[^\x20-\x7e]")

Entering = Callable[[Connection[Any]], Token | None]
"""What makes the session in one transaction, with all that has to be true for it; None where it is not to be."""


def place_of(request: Request) -> Place:
    """From where somebody asks, and with what."""
    device = _UNSEEN.sub("", request.headers.get("user-agent", ""))[:_LONGEST_DEVICE]
    return Place(request.client.host if request.client else None, device or None)


def begin(
    services: Services,
    request: Request,
    connection: Connection[Any],
    actor: Actor,
    scopes: Collection[str],
    way: str,
) -> Token:
    """A session of this browser within a transaction; the browser it replaces one of has it no more."""
    caller: Caller | None = request.scope.get(CALLER)
    if caller is not None and caller.grant.browser:
        ended = access.end_session(connection, caller.grant.id, caller.grant.actor)
        if ended is not None:
            services.leases.forget(ended)
    return access.begin_session(connection, actor, scopes, way, services.session_limits, place_of(request))


async def go_on(request: Request, session: Token, wanted: str) -> Response:
    """The answer that sets the cookies, and leads to the page that was wanted, if that is one of ours."""
    services: Services = request.app.state.services
    where = own_page(wanted) or own_page(wanted_before(request)) or "/"
    answer = RedirectResponse(where, 303, headers=PRIVATE)
    set_session(answer, services, session.secret, int(services.session_limits.lifetime.total_seconds()))
    forget_cookie(answer, services, services.site.wanted_cookie)
    return answer


def half_way(services: Services, half: str, wanted: str) -> Response:
    """The answer that leads to where a code is asked for; the browser keeps who gave the right password."""
    answer = RedirectResponse("/sign-in?code=", 303, headers=PRIVATE)
    _set(answer, services, services.site.half_cookie, half, int(HALF_LIFETIME.total_seconds()))
    where = own_page(wanted)
    if where is not None:
        _set(answer, services, services.site.wanted_cookie, quote(where, safe="/"), _WANTED_SECONDS)
    return answer


def set_session(answer: Response, services: Services, value: str, seconds: int) -> None:
    """Have the browser keep its session, or forget it."""
    _set(answer, services, services.site.cookie, value, seconds)


def browser_secret(request: Request) -> str | None:
    """By which a browser is known again."""
    services: Services = request.app.state.services
    return (request.cookies.get(services.site.known_cookie) or "")[:_LONGEST_SECRET] or None


async def keep_known(request: Request, answer: Response, actor: Actor) -> None:
    """Have the account know this browser from now on, and the browser say so; what it said before stays good."""
    services: Services = request.app.state.services
    secret = token_urlsafe(32)
    await services.read(lambda connection: accounts.know_browser(connection, actor, secret))
    _set(answer, services, services.site.known_cookie, secret, _KNOWN_BROWSER_SECONDS)


def wanted_before(request: Request) -> str | None:
    """Where somebody wanted to go when they were told to sign in."""
    services: Services = request.app.state.services
    kept = request.cookies.get(services.site.wanted_cookie)
    return None if kept is None else unquote(kept)


def keep_wanted(request: Request, answer: Response) -> None:
    """Have the browser remember the page that it asked for, until somebody has signed in."""
    services: Services = request.app.state.services
    query = request.url.query
    wanted = own_page(request.url.path + (f"?{query}" if query else ""))
    if wanted is not None and request.method == "GET":
        _set(answer, services, services.site.wanted_cookie, quote(wanted, safe="/"), _WANTED_SECONDS)


def set_cookie(answer: Response, services: Services, name: str, value: str, seconds: int) -> None:
    """Have the browser keep something for a while."""
    _set(answer, services, name, value, seconds)


def forget_cookie(answer: Response, services: Services, name: str) -> None:
    """Have the browser forget a cookie of ours."""
    answer.delete_cookie(name, path="/", secure=services.site.secure, httponly=True, samesite="lax")


def _set(answer: Response, services: Services, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(
        name, value, seconds, path="/", secure=services.site.secure, httponly=True, samesite="lax"
    )
