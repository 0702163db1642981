"""Links for calendar programs: each opens the dues of one project, or of its maker, until it ends or is ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.access import grants as access
from api.access.guard import caller_of
from api.board.lists import dues, window
from api.feeds.calendar import feed_of
from api.handling.answering import to_json
from api.handling.registering import ANSWER, BODY
from api.handling.services import Services
from api.wire.conditional import conditional
from api.wire.problems import Problem
from api.wire.reading import parse_json, read_body, validate
from application.calendar_links import must_belong
from application.refused import Refused
from domain.words import Actor
from projections.asking import NotFound

_MOST_DAYS = 731
_LIMIT_TO = "update log.access_token set project = %s where id = %s returning expires_at"
_OPENS = "select project from log.access_token where id = %s"
_MINE = """
select id, project, created_at, expires_at, last_used_at from log.access_token
where actor = %s and scopes = '{calendar}' and revoked_at is null and expires_at > clock_timestamp()
order by id desc
"""
_END = """
update log.access_token set revoked_at = clock_timestamp()
where id = %s and actor = %s and scopes = '{calendar}' and revoked_at is null returning token_hash
"""


class CalendarLink(BaseModel):
    """Whose dues the feed shows, a project's or (without one) the caller's own, and for how long it opens."""

    model_config = ConfigDict(extra="forbid")
    project: UUID | None = None
    lifetime_days: int = Field(
        366, ge=1, le=_MOST_DAYS, description="after so many days the link opens nothing"
    )


@dataclass(frozen=True, slots=True)
class NewLink:
    """A feed for calendar programs; whoever has the address sees it, until ``expires_at`` or the end of the link."""

    id: UUID
    url: str
    project: UUID | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KnownLink:
    """A link that opens; its address is not told again. ``project``: null for the maker's own dues."""

    id: UUID
    project: UUID | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownLinks:
    """The caller's links that open, the newest first."""

    links: Sequence[KnownLink]


def add_calendar_links(router: APIRouter) -> None:
    """Register making, listing and ending links, and what they open."""
    example = {"project": None, "lifetime_days": 366}
    router.add_api_route("/v1/calendar-links", make, methods=["POST"], response_model=None, tags=["Work"],
                         status_code=201, summary="Make the address of a calendar feed",
                         operation_id="post_calendar_links", openapi_extra={
                             BODY: {"model": CalendarLink, "example": example}, ANSWER: NewLink})  # fmt: skip
    router.add_api_route("/v1/calendar-links", listed, methods=["GET"], response_model=None, tags=["Work"],
                         summary="One's own calendar feeds", operation_id="get_calendar_links",
                         openapi_extra={ANSWER: KnownLinks})  # fmt: skip
    router.add_api_route("/v1/calendar-links/{id}", end, methods=["DELETE"], response_model=None, tags=["Work"],
                         summary="End a calendar feed", operation_id="delete_calendar_links_id",
                         status_code=204)  # fmt: skip
    router.add_api_route(
        "/calendar/{name}", feed, methods=["GET", "HEAD"], response_model=None, include_in_schema=False
    )


async def make(request: Request) -> Response:
    """The address is told this once; it works without signing in, so it is as secret as a password."""
    services: Services = request.app.state.services
    actor = caller_of(request).actor
    body = validate(CalendarLink, parse_json(request, await read_body(request)))
    if body.project is not None:
        await must_belong(services.app, body.project, actor)

    def made(connection: Connection[Any]) -> NewLink:
        with connection.transaction():
            days = timedelta(days=body.lifetime_days)
            token = access.create_token(connection, actor, (access.CALENDAR,), days, by=actor)
            ((until,),) = connection.execute(_LIMIT_TO, [body.project, token.id]).fetchall()
        return NewLink(token.id, f"{services.site.base_url}/calendar/{token.secret}.ics", body.project, until)

    told = await services.read(made)
    return Response(orjson.dumps(told), 201, {"Cache-Control": "no-store"}, "application/json")


async def listed(request: Request) -> Response:
    """What each shows, since when and until when, and when it was last looked at."""
    services: Services = request.app.state.services
    actor = caller_of(request).actor
    found = await services.read(lambda connection: connection.execute(_MINE, [actor]).fetchall())
    return to_json(KnownLinks([KnownLink(*row) for row in found]), {"Cache-Control": "no-store"})


async def end(request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the address
    """When this answers, the address opens nothing any more. Ending it once more is no mistake of anybody's."""
    services: Services = request.app.state.services
    which = [id, caller_of(request).actor]
    ended = await services.read(lambda connection: connection.execute(_END, which).fetchone())
    if ended is None:
        raise Problem("unknown_access", f"there is no calendar link {id} of yours that opens")
    services.leases.forget(bytes(ended[0]))
    await services.leases.run_out()
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def feed(request: Request, name: str) -> Response:
    """The feed of a link, as iCalendar (RFC 5545); a link that is not known, or not for them any more, is not found."""
    services: Services = request.app.state.services
    grant = await services.leases.get(name.removesuffix(".ics"))
    if (
        not name.endswith(".ics")
        or grant is None
        or access.CALENDAR not in grant.scopes
        or request.query_params
    ):
        raise _no_link()
    opens = await services.read(lambda connection: connection.execute(_OPENS, [grant.id]).fetchone())
    project: UUID | None = opens[0] if opens else None
    await _must_still_belong(services, project, grant.actor)
    try:
        found = await services.read(dues(services, project, grant.actor, *window(services, None, None)))
    except NotFound:
        raise _no_link() from None
    shown = feed_of(f"Milepost: {grant.actor.partition(':')[2]}", found.entries, services.site.base_url)
    headers = {"Cache-Control": "private, max-age=300", "Referrer-Policy": "no-referrer"}
    return conditional(request, shown, "text/calendar; charset=utf-8", headers)


async def _must_still_belong(services: Services, project: UUID | None, who: Actor) -> None:
    """A link shows nothing that its maker would not be given a link to now."""
    if project is None:
        return
    try:
        await must_belong(services.app, project, who)
    except Refused:
        raise _no_link() from None


def _no_link() -> Problem:
    return Problem("not_found", "this link does not lead to a calendar (any more)")
