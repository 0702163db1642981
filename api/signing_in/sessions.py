"""Signing out, tokens, and who one is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from psycopg import Connection
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from api.access import grants as access
from api.access.guard import Caller, caller_of
from api.handling.bodies import CreateToken
from api.handling.commands import Call, endpoint
from api.handling.queries import After, Limit
from api.handling.registering import ANSWER, BODY
from api.handling.services import Services
from api.signing_in.entering import set_session
from api.wire.problems import Problem
from api.wire.reading import validate
from domain.directory import must_be_here
from domain.words import Actor
from projections.paging import Page

_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class Me:
    """Who acts with this request, what they may do, who really authenticated; the CSRF token of a browser's session."""

    actor: str
    scopes: Sequence[str]
    authenticated_as: str
    csrf: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens, also those that have ended; ``more`` come after these, behind ``next_after``."""

    tokens: Sequence[access.TokenFacts]
    more: int
    next_after: int | None


class TokensQuery(BaseModel):
    """Which page of the list."""

    model_config = ConfigDict(extra="forbid")
    limit: Limit = 200
    after: After = 0


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token; ``token`` is the secret, which is told this once."""

    id: UUID
    token: str
    actor: str
    scopes: Sequence[str]


def add_sessions(router: APIRouter) -> None:
    """Register everything about who one is."""
    router.add_api_route("/v1/me", me, methods=["GET"], response_model=None, tags=["Access"], summary="Who am I?",
                         operation_id="get_me", openapi_extra={ANSWER: Me})  # fmt: skip
    router.add_api_route("/v1/session", sign_out, methods=["DELETE"], response_model=None, tags=["Access"],
                         summary="Sign out", operation_id="delete_session", status_code=204)  # fmt: skip
    router.add_api_route("/v1/tokens", tokens, methods=["GET"], response_model=None, tags=["Access"],
                         summary="List tokens", operation_id="get_tokens", openapi_extra={ANSWER: Tokens})  # fmt: skip
    example = {"actor": "service:crm", "scopes": ["service"], "lifetime_hours": 8760}
    router.add_api_route("/v1/tokens", endpoint(make_token), methods=["POST"], response_model=None, tags=["Access"],
                         summary="Make a token", operation_id="post_tokens", status_code=201, openapi_extra={
                             BODY: {"model": CreateToken, "example": example}, ANSWER: NewToken})  # fmt: skip
    router.add_api_route("/v1/tokens/{id}", revoke, methods=["DELETE"], response_model=None, tags=["Access"],
                         summary="Revoke a token", operation_id="delete_tokens_id", status_code=204)  # fmt: skip


async def me(request: Request) -> Response:
    """The caller's actor and scopes; for a browser also the CSRF token that its changes have to carry."""
    caller = caller_of(request)
    return _json(Me(caller.actor, sorted(caller.grant.scopes), caller.grant.actor, caller.csrf))


async def sign_out(request: Request) -> Response:
    """Ends the session of this browser."""
    services: Services = request.app.state.services
    caller = caller_of(request)
    if not caller.grant.browser:
        raise Problem("not_found", "a token has no session; revoke it instead")
    await _end(services, lambda connection: access.end_session(connection, caller.grant.id, caller.actor))
    answer = Response(status_code=204, headers=_PRIVATE)
    set_session(answer, services, "", 0)
    return answer


async def tokens(request: Request, query: Annotated[TokensQuery, Query()]) -> Response:
    """Every token with its actor, scopes and times; never its secret."""
    services: Services = request.app.state.services
    page = Page(query.limit, query.after)
    shown, after_these = await services.read(lambda connection: access.page_of_tokens(connection, page))
    return _json(Tokens(shown, *after_these))


async def make_token(call: Call) -> Response:
    """The answer holds the secret; it is shown this once."""
    body = validate(CreateToken, call.body)
    _may_grant(call.caller, body)
    must_be_here(body.actor, await call.services.directories.now(), field="actor")
    lifetime = None if body.lifetime_hours is None else timedelta(hours=body.lifetime_hours)
    token = await call.services.read(
        lambda connection: access.create_token(
            connection, Actor(body.actor), body.scopes, lifetime, by=call.caller.actor
        )
    )
    return _json(NewToken(token.id, token.secret, token.actor, token.scopes), status=201)


def _may_grant(caller: Caller, body: CreateToken) -> None:
    """Nobody gives what they do not have; ``service`` is a part of ``read``, for programs."""
    own = caller.grant.scopes
    beyond = sorted(set(body.scopes) - own - ({"service"} if "read" in own else set()))
    if beyond:
        raise Problem("not_allowed", f"nobody gives what they do not have: {', '.join(beyond)}", needs=beyond)


async def revoke(request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address
    """Ends a token. When this answers, no process accepts the token any more."""
    services: Services = request.app.state.services
    by = caller_of(request).actor
    if not await _end(services, lambda connection: access.revoke_token(connection, id, by)):
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
