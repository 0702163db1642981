"""Signing in and out, tokens, and who one is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from api import access
from api.bodies import CreateToken
from api.commands import Call, endpoint
from api.guard import Caller, caller_of
from api.problems import Problem
from api.reading import validate
from api.registering import BODY
from api.services import Services
from domain.words import Actor

_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class SignInQuery(BaseModel):
    """The secret of a first-login link."""

    model_config = ConfigDict(extra="forbid")
    link: str = Field(min_length=1, max_length=200)


def add_sessions(router: APIRouter) -> None:
    """Register everything about who one is."""
    router.add_api_route("/sign-in", sign_in, methods=["GET"], response_model=None, tags=["Access"],
                         summary="Use a first-login link", status_code=303)  # fmt: skip
    router.add_api_route(
        "/v1/me", me, methods=["GET"], response_model=None, tags=["Access"], summary="Who am I?"
    )
    router.add_api_route("/v1/session", sign_out, methods=["DELETE"], response_model=None, tags=["Access"],
                         summary="Sign out", status_code=204)  # fmt: skip
    router.add_api_route(
        "/v1/tokens", tokens, methods=["GET"], response_model=None, tags=["Access"], summary="List tokens"
    )
    example = {"actor": "service:crm", "scopes": ["service"], "lifetime_hours": 8760}
    router.add_api_route("/v1/tokens", endpoint(make_token), methods=["POST"], response_model=None, tags=["Access"],
                         summary="Make a token", status_code=201,
                         openapi_extra={BODY: {"model": CreateToken, "example": example}})  # fmt: skip
    router.add_api_route("/v1/tokens/{id}", revoke, methods=["DELETE"], response_model=None, tags=["Access"],
                         summary="Revoke a token", status_code=204)  # fmt: skip


async def sign_in(request: Request, query: Annotated[SignInQuery, Query()]) -> Response:
    """Turns the link into a session of this browser, once, and goes to the first page."""
    services: Services = request.app.state.services
    session = await services.read(lambda connection: access.redeem(connection, query.link))
    if session is None:
        raise Problem("bad_link", "the link is unknown, has expired or was used already")
    answer = RedirectResponse("/", 303, headers=_PRIVATE)
    _set_cookie(answer, services, session.secret, int(access.SESSION_LIFETIME.total_seconds()))
    return answer


def _set_cookie(answer: Response, services: Services, value: str, seconds: int) -> None:
    site = services.site
    answer.set_cookie(
        site.cookie, value, seconds, path="/", secure=site.secure, httponly=True, samesite="lax"
    )


async def me(request: Request) -> Response:
    """The caller's actor and scopes; for a browser also the CSRF token that its changes have to carry."""
    caller = caller_of(request)
    told = {
        "actor": caller.actor,
        "scopes": sorted(caller.grant.scopes),
        "authenticated_as": caller.grant.actor,
    }
    if caller.csrf is not None:
        told["csrf"] = caller.csrf
    return _json(told)


async def sign_out(request: Request) -> Response:
    """Ends the session of this browser."""
    services: Services = request.app.state.services
    caller = caller_of(request)
    if not caller.grant.browser:
        raise Problem("not_found", "a token has no session; revoke it instead")
    await _end(services, lambda connection: access.revoke_session(connection, caller.grant.id))
    answer = Response(status_code=204, headers=_PRIVATE)
    _set_cookie(answer, services, "", 0)
    return answer


async def tokens(request: Request) -> Response:
    """Every token with its actor, scopes and times; never its secret."""
    services: Services = request.app.state.services
    return _json({"tokens": await services.read(access.list_tokens)})


async def make_token(call: Call) -> Response:
    """The answer holds the secret; it is shown this once."""
    body = validate(CreateToken, call.body)
    _may_grant(call.caller, body)
    lifetime = None if body.lifetime_hours is None else timedelta(hours=body.lifetime_hours)
    token = await call.services.read(
        lambda connection: access.create_token(connection, Actor(body.actor), body.scopes, lifetime)
    )
    told = {"id": token.id, "token": token.secret, "actor": token.actor, "scopes": token.scopes}
    return _json(told, status=201)


def _may_grant(caller: Caller, body: CreateToken) -> None:
    beyond = sorted(set(body.scopes) - caller.grant.scopes)
    if beyond:
        raise Problem("not_allowed", f"nobody gives what they do not have: {', '.join(beyond)}", needs=beyond)


async def revoke(request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address
    """Ends a token. When this answers, no process accepts the token any more."""
    services: Services = request.app.state.services
    if not await _end(services, lambda connection: access.revoke_token(connection, id)):
        raise Problem("unknown_token", f"there is no token {id}")
    return Response(status_code=204)


async def _end(services: Services, revoke_in: Callable[[Connection[Any]], bytes | None]) -> bool:
    token_hash = await services.read(revoke_in)
    if token_hash is None:
        return False
    services.leases.forget(token_hash)
    await services.leases.run_out()
    return True


def _json(told: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(told), status, _PRIVATE, "application/json")
