"""Stands before every route: says who the caller is, and turns away whom the matrix does not let in."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.grants import SESSION_PREFIX, TOKEN_PREFIX, Grant, csrf_token
from api.access.leases import Leases
from api.access.matrix import Rule
from api.access.origins import is_own
from api.access.throttle import Callers, Who, told
from api.wire.addresses import must_be_plain
from api.wire.problems import Problem
from api.wire.shielding import say_besides
from domain.words import Actor

CALLER = "milepost.caller"
_CREDENTIAL = "milepost.credential"
_SAFE = frozenset({"GET", "HEAD"})
_OWN_PAGES = frozenset({b"same-origin", b"none"})
"""What a browser says of a request from the page of the same site, or from nobody but its user."""
_HOW_TO_GET = (
    'somebody with the scope admin makes a token for you: POST /v1/tokens {{"actor": …, "scopes": ["{}", …]}}'
)
_ACTOR = re.compile(r"(person|guest|service):[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request. ``actor`` is who acts; ``on_behalf`` the token's own actor when it acts as somebody else."""

    actor: Actor
    grant: Grant
    on_behalf: Actor | None = None
    csrf: str | None = None

    @property
    def meta(self) -> dict[str, Any]:
        """What is recorded beside the actor: who really authenticated, when that is somebody else."""
        if self.on_behalf is None:
            return {}
        return {"authenticated_by": self.on_behalf, "token": str(self.grant.id)}


@dataclass(frozen=True, slots=True)
class Site:
    """Where this server is reached: what its cookies and the Origin check go by.

    ``hosts``: others than that of ``base_url`` that pages are reached by; ``loopback``: nothing was set, and only
    programs of this machine come in.
    """

    base_url: str
    hosts: tuple[str, ...] = ()
    loopback: bool = False

    @property
    def secure(self) -> bool:
        """Whether people come by https."""
        return self.base_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The name of the session cookie; the prefix binds it to this host and to https."""
        return "__Host-milepost" if self.secure else "milepost_session"

    @property
    def wanted_cookie(self) -> str:
        """The name of the cookie that holds where somebody wanted to go before they were signed in."""
        return "__Host-milepost-wanted" if self.secure else "milepost_wanted"

    @property
    def half_cookie(self) -> str:
        """The name of the cookie of who gave the right password and is asked for a code."""
        return "__Host-milepost-half" if self.secure else "milepost_half"

    @property
    def known_cookie(self) -> str:
        """The name of the cookie by which a browser is known again in which somebody signed in before."""
        return "__Host-milepost-known" if self.secure else "milepost_known"

    @property
    def provider_cookie(self) -> str:
        """The name of the cookie by which a browser is known that comes back from the provider of identities."""
        return "__Host-milepost-provider" if self.secure else "milepost_provider"


@dataclass(frozen=True, slots=True)
class _Credential:
    """What the caller of a request came with, to be judged again while the answer goes on."""

    secret: str
    headers: Mapping[bytes, bytes]
    leases: Leases
    rule: Rule


Sees = Callable[[Caller, Any, UUID], Awaitable[None]]
"""Refuses as unknown where a caller does not see a run, a task or a project."""
_ONE = re.compile(r"(?:/v1)?/(run|task|project)s/\{id\}")
"""The address of one of them, and of all that is shown of it."""


class UnguardedRouteError(Exception):
    """A route is not in the matrix: who may call it was never decided."""


def guard_routes(
    routes: list[BaseRoute],
    rules: Mapping[str, Rule],
    leases: Leases,
    site: Site,
    callers: Callers,
    sees: Sees,
) -> None:
    """Put every route behind its rule; raises UnguardedRouteError for one without a row.

    A route that shows one run, task or project shows it to who ``sees`` it, by its address alone.
    """
    for route in routes:
        if isinstance(route, Mount):
            route.app = _guarded(route.app, _rule(rules, "GET", f"{route.path}/*"), leases, site, callers)
        elif isinstance(route, Route):
            methods = sorted((route.methods or set()) - {"HEAD"})
            found = {_rule(rules, method, route.path) for method in methods}
            if len(found) != 1:
                raise UnguardedRouteError(f"{route.path} has {len(found)} rules: make it one route a method")
            shown = _shown(route.app, route.path, sees) if "GET" in methods else route.app
            route.app = _guarded(shown, found.pop(), leases, site, callers)
        else:
            raise UnguardedRouteError(f"{route!r} is of a kind that cannot be guarded")


def _shown(app: ASGIApp, path: str, sees: Sees) -> ASGIApp:
    """What a route shows, for who sees the thing in its address and the project that the query names."""
    one = _ONE.match(path)

    async def shown(scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = scope.get(CALLER)
        if caller is not None:
            if one is not None and (id_ := _uuid(scope["path_params"].get("id"))) is not None:
                await sees(caller, one[1], id_)
            for name, told in parse_qsl(scope["query_string"].decode("latin-1")):
                if name == "project" and (id_ := _uuid(told)) is not None:
                    await sees(caller, "project", id_)
        await app(scope, receive, send)

    return shown


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None  # its reader says what is wrong with it


def _rule(rules: Mapping[str, Rule], method: str, path: str) -> Rule:
    try:
        return rules[f"{method} {path}"]
    except KeyError:
        raise UnguardedRouteError(f"{method} {path} is not in the matrix") from None


def _guarded(app: ASGIApp, rule: Rule, leases: Leases, site: Site, callers: Callers) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        must_be_plain(scope["path"], scope["query_string"])
        headers = dict(scope["headers"])
        secret = _secret(headers, site)
        if secret is not None:
            scope[_CREDENTIAL] = _Credential(secret, headers, leases, rule)
            with callers.counting_refusals(_address(scope)):
                scope[CALLER] = await _caller(secret, headers, leases, rule)
        shares = _shares(scope)
        try:
            with callers.turn(*shares):
                say_besides(scope, told(callers.left(shares)))
                if not rule.open:
                    _admit(scope, headers, rule, site)
                await app(scope, receive, send)
        except Problem as problem:
            if problem.code == "too_many_requests":
                say_besides(scope, told(callers.left(shares)))
            raise

    return guarded


def _shares(scope: Scope) -> tuple[Who, ...]:
    """Whose shares of the process a request takes: those of a token or session and its person, else of an address."""
    caller: Caller | None = scope.get(CALLER)
    if caller is None:
        return (_address(scope),)
    return Who("token", str(caller.grant.id)), Who("person", caller.grant.actor)


def _address(scope: Scope) -> Who:
    return Who("address", str((scope.get("client") or ("nobody",))[0]))


def caller_of(request: Request) -> Caller:
    """Who makes this request; on an open route somebody unknown is turned away here."""
    caller: Caller | None = request.scope.get(CALLER)
    if caller is None:
        raise Problem("not_signed_in", "this needs a token or a session")
    return caller


async def still_admitted(request: Request) -> bool:
    """Whether the caller would be let in once more: what goes on for long asks before it tells anything more."""
    held: _Credential = request.scope[_CREDENTIAL]
    try:
        caller = await _caller(held.secret, held.headers, held.leases, held.rule)
    except Problem:
        return False
    return caller is not None and bool(held.rule.scopes & caller.grant.scopes)


def check_first_form(request: Request, site: Site) -> None:
    """For a form that somebody sends before they are signed in: a browser has to say that it comes from our page.

    Else another site could sign a browser in as somebody else. What is no browser says nothing, and may.
    """
    headers = dict(request.scope["headers"])
    if b"origin" in headers or b"sec-fetch-site" in headers:
        _same_site(headers, site)


def check_form(request: Request, token: str | None) -> None:
    """For routes that take forms (``csrf="form"``): the CSRF token that the page was given has to come back."""
    caller = caller_of(request)
    if caller.csrf is not None and not hmac.compare_digest(caller.csrf.encode(), (token or "").encode()):
        raise Problem("cross_site", "the form lacks the CSRF token of this session")


def _secret(headers: Mapping[bytes, bytes], site: Site) -> str | None:
    authorization = headers.get(b"authorization")
    if authorization is not None:
        scheme, _, secret = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not secret.startswith(TOKEN_PREFIX):
            raise Problem(
                "bad_token", "the Authorization header must be: Bearer, a space and a token of Milepost"
            )
        return secret
    cookie = headers.get(b"cookie")
    return None if cookie is None else _session_in(cookie.decode("latin-1"), site.cookie)


def _session_in(cookies: str, name: str) -> str | None:
    for part in cookies.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and value.startswith(SESSION_PREFIX):
            return value
    return None


async def _caller(secret: str, headers: Mapping[bytes, bytes], leases: Leases, rule: Rule) -> Caller | None:
    grant = await leases.get(secret)
    if grant is None:
        if rule.open:
            return None
        raise Problem(
            "bad_token", "the token or session is unknown, has expired or was revoked, or its owner left"
        )
    csrf = csrf_token(secret) if grant.browser else None
    wanted = headers.get(b"milepost-actor")
    if wanted is None:
        return Caller(grant.actor, grant, None, csrf)
    actor = await _acting_as(wanted.decode("latin-1"), grant, leases)
    if not await leases.is_here(actor):
        raise Problem("not_allowed", f"{actor} was deactivated: nobody acts in their name", person=actor)
    return Caller(actor, grant, None if actor == grant.actor else grant.actor, csrf)


async def _acting_as(wanted: str, grant: Grant, leases: Leases) -> Actor:
    """In whose name: anybody's, by a program with the scope act_as; theirs, by whom they named their deputy."""
    if not _ACTOR.fullmatch(wanted):
        raise Problem(
            "bad_header",
            "Milepost-Actor must be person:…, guest:… or service:… with letters, digits and . _ @ + -",
            header="Milepost-Actor",
        )
    actor = Actor(wanted)
    if actor == grant.actor:
        return actor
    if not grant.actor.startswith("service:"):
        if wanted.startswith("person:") and await leases.is_deputy(grant.actor, actor):
            return actor
        detail = (
            f"{grant.actor} may not act for {wanted}: only while they have named {grant.actor} as their deputy; "
            "a program can act in another's name with the scope act_as"
        )
        raise Problem("not_allowed", detail, accepted=["deputy", "service:…"])
    if "act_as" not in grant.scopes:
        detail = f"acting as {wanted} needs the scope act_as; {_HOW_TO_GET.format('act_as')}"
        raise Problem("not_allowed", detail, needs=["act_as"])
    return actor


def _admit(scope: Scope, headers: Mapping[bytes, bytes], rule: Rule, site: Site) -> None:
    caller: Caller | None = scope.get(CALLER)
    if caller is None:
        raise Problem("not_signed_in", "this needs a token or a session")
    must_have_right(caller, rule)
    if caller.csrf is not None and scope["method"] in _SAFE:
        _must_not_be_embedded(headers)
    elif caller.csrf is not None:
        _same_site(headers, site)
        if rule.csrf == "header" and not hmac.compare_digest(
            caller.csrf.encode(), headers.get(b"x-csrf-token", b"")
        ):
            raise Problem("cross_site", "the request lacks the header X-CSRF-Token of this session")


def must_have_right(caller: Caller, rule: Rule) -> None:
    """A problem unless the caller has one of the scopes that the rule asks for."""
    if not rule.scopes & caller.grant.scopes:
        needs = sorted(rule.scopes)
        detail = f"this needs the scope {' or '.join(needs)}; {_HOW_TO_GET.format(needs[0])}"
        raise Problem("not_allowed", detail, needs=needs)


def _same_site(headers: Mapping[bytes, bytes], site: Site) -> None:
    """What the browser says of the request comes first, then where it comes from; each that there is has to be ours."""
    fetched, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    trusted = (fetched or origin) is not None and (fetched is None or fetched in _OWN_PAGES)
    if trusted and origin is not None:
        came, named = origin.decode("latin-1"), headers.get(b"host", b"").decode("latin-1")
        trusted = is_own(came, named, site.base_url, site.hosts, loopback=site.loopback)
    if not trusted:
        detail = (
            "a change with a session cookie must come from Milepost's own pages: those at MILEPOST_PUBLIC_URL "
            "and at MILEPOST_TRUSTED_HOSTS"
        )
        raise Problem("cross_site", detail)


def _must_not_be_embedded(headers: Mapping[bytes, bytes]) -> None:
    """With a session, another site may lead somebody to a page; it may not fetch, embed or frame one."""
    if headers.get(b"sec-fetch-site", b"none") in _OWN_PAGES:
        return
    if headers.get(b"sec-fetch-mode") != b"navigate" or headers.get(b"sec-fetch-dest") != b"document":
        raise Problem("cross_site", "another site's page can lead to this address, and not take it in")
