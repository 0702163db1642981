"""What somebody can come in with: tokens, sessions, unused links; they and administrators list and end it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.access.guard import Caller, caller_of
from api.access.standing import standing
from api.handling.answering import to_json
from api.handling.queries import After, Limit, Who
from api.handling.registering import ANSWER
from api.handling.services import Services
from api.signing_in.entering import place_of
from api.wire.problems import Problem
from application.accounts.security_events import Kind, tell
from domain.words import Actor
from projections.paging import Page, counted

_LIST = """
with granted as (
  select id, case when 'sign_in' = any(scopes) then 'sign_in_link' when scopes = '{calendar}' then 'calendar_link'
      else 'token' end kind,
    array_remove(scopes, 'sign_in') scopes, created_at, expires_at, last_used_at, revoked_at, project,
    null signed_in_by, null address, null device
  from log.access_token where actor = %(actor)s
  union all
  select id, 'session', scopes, created_at,
    least(expires_at, coalesce(last_used_at, created_at) + coalesce(idle, 'infinity')),
    last_used_at, revoked_at, null, signed_in_by, address, device
  from log.session where actor = %(actor)s
)
select id, kind, scopes, created_at, expires_at, last_used_at, id = %(own)s, project, signed_in_by, address, device,
  count(*) over ()
from granted
where revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
  and created_at > coalesce(%(left_at)s, '-infinity'::timestamptz)
order by id desc limit %(limit)s offset %(after)s
"""
_END = """
with tokens as (
  update log.access_token set revoked_at = clock_timestamp()
  where revoked_at is null and (%(id)s::uuid is null or id = %(id)s) and (%(actor)s::text is null or actor = %(actor)s)
  returning token_hash, actor, 'token' kind),
sessions as (
  update log.session set revoked_at = clock_timestamp()
  where revoked_at is null and (%(id)s::uuid is null or id = %(id)s) and (%(actor)s::text is null or actor = %(actor)s)
  returning token_hash, actor, 'session' kind)
select token_hash, actor, kind from tokens union all select token_hash, actor, kind from sessions
"""
_THERE = """
select from (select id, actor from log.access_token union all select id, actor from log.session) known
where id = %(id)s and (%(actor)s::text is null or actor = %(actor)s)
"""


@dataclass(frozen=True, slots=True)
class Access:
    """One thing that somebody can come in with; ``kind``: token, session, sign_in_link (not used yet), calendar_link.

    ``current``: the one that this request came with. ``project``: of a calendar link, whose dues it shows (null: the
    actor's own). A session also says how, from where and with what it began.
    """

    id: UUID
    kind: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    current: bool = False
    project: UUID | None = None
    signed_in_by: str | None = None
    address: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class AccessOf:
    """What somebody can come in with now, newest first; ``more`` come after these, behind ``next_after``."""

    actor: str
    rows: tuple[Access, ...]
    more: int
    next_after: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How many tokens, sessions and links were ended."""

    actor: str
    ended: int


class EndQuery(BaseModel):
    """Whose."""

    model_config = ConfigDict(extra="forbid")
    actor: Who | None = Field(
        None, description="whose; the caller's own without it, others' with the scope `admin`"
    )


class AccessQuery(EndQuery):
    """Whose, and which page."""

    limit: Limit = 100
    after: After = 0


def add_granted(router: APIRouter) -> None:
    """Register the three routes."""
    router.add_api_route("/v1/access", listed, methods=["GET"], response_model=None, tags=["Access"],
                         summary="What somebody can come in with: tokens, sessions, unused links",
                         operation_id="get_access", openapi_extra={ANSWER: AccessOf})  # fmt: skip
    router.add_api_route("/v1/access", end_all, methods=["DELETE"], response_model=None, tags=["Access"],
                         summary="End everything that somebody can come in with",
                         operation_id="delete_access", openapi_extra={ANSWER: Ended})  # fmt: skip
    router.add_api_route("/v1/access/{id}", end_one, methods=["DELETE"], response_model=None, tags=["Access"],
                         summary="End a token, a session or a link", operation_id="delete_access_id",
                         status_code=204)  # fmt: skip


async def listed(request: Request, query: Annotated[AccessQuery, Query()]) -> Response:
    """Never a secret. What has ended, has expired or was used up is not in it."""
    actor = _whose(caller_of(request), query.actor)
    return to_json(await access_of(request, actor, Page(query.limit, query.after)), {})


async def access_of(request: Request, actor: Actor, page: Page) -> AccessOf:
    """A page of what this actor can come in with."""
    services: Services = request.app.state.services
    own = caller_of(request).grant.id

    def ask(connection: Connection[Any]) -> AccessOf:
        now = standing(connection, actor)
        if not now.here:
            return AccessOf(actor, (), 0, None)
        asked = {"actor": actor, "left_at": now.left_at, "own": own, **page._asdict()}
        found, after_these = counted(connection.execute(_LIST, asked).fetchall(), page)
        return AccessOf(actor, tuple(Access(*row) for row in found), *after_these)

    return await services.read(ask)


async def end_all(request: Request, query: Annotated[EndQuery, Query()]) -> Response:
    """When this answers, nothing of it opens anything any more, the caller's own session included."""
    actor = _whose(caller_of(request), query.actor)
    ended = await _end(request, {"id": None, "actor": actor})
    return to_json(Ended(actor, ended), {})


async def end_one(request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address
    """When this answers, it opens nothing any more. Of others' only with the scope `admin`."""
    services: Services = request.app.state.services
    caller = caller_of(request)
    which = {"id": id, "actor": None if "admin" in caller.grant.scopes else caller.grant.actor}
    if not await services.read(lambda connection: connection.execute(_THERE, which).rowcount):
        raise Problem("unknown_access", f"there is no token, session or link {id} of yours")
    await _end(request, which)
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def _end(request: Request, which: dict[str, Any]) -> int:
    services: Services = request.app.state.services
    by, address = caller_of(request).actor, place_of(request).address

    def end(connection: Connection[Any]) -> list[bytes]:
        with connection.transaction():
            ended = connection.execute(_END, which).fetchall()
            for (actor, kind), count in Counter((actor, kind) for _, actor, kind in ended).items():
                told: Kind = "session_ended" if kind == "session" else "token_ended"
                tell(connection, told, actor, by=by, address=address, ended=count)
        return [bytes(token_hash) for token_hash, _, _ in ended]

    hashes = await services.read(end)
    for token_hash in hashes:
        services.leases.forget(token_hash)
    await services.leases.run_out()
    return len(hashes)


def _whose(caller: Caller, asked: str | None) -> Actor:
    own = caller.grant.actor  # not whom a program acts for: that is no reason to see where they are signed in
    if asked is None or asked == own:
        return own
    if "admin" not in caller.grant.scopes:
        raise Problem("not_allowed", "what others can come in with is for the scope admin", needs=["admin"])
    return Actor(asked)
