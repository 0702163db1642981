"""What is known of the links of guests: which were opened and when, and what the team sees and does about them.

Looking at a page with a browser counts as opening it; programs that fetch the addresses in mails do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.answering import log_position, services_of, to_json
from api.handling.queries import ViewQuery
from api.handling.registering import add_view, stream_id
from api.handling.services import Services
from api.run.sight import Sight, sight_of
from api.wire.problems import Problem
from domain.addresses import is_confirmed, role_address
from domain.guests import Pass, pass_for
from domain.words import RoleKey, StepKey

_SEEN = """
insert into log.guest_link (id, run, step, round, role, holder, expires_at, opened_at, seen_at)
values (%(id)s, %(run)s, %(step)s, %(round)s, %(role)s, %(holder)s, %(expires_at)s, %(now)s, %(now)s)
on conflict (id) do update set opened_at = coalesce(guest_link.opened_at, %(now)s), seen_at = %(now)s
"""
_OF_RUN = """
select id, step, round, role, holder, opened_at, seen_at, expires_at from log.guest_link
where run = %s and opened_at is not null order by opened_at, id
"""


@dataclass(frozen=True, slots=True)
class LinkSeen:
    """A link that somebody opened: to which step and round, first and last when, until when, and whether it opens."""

    id: str
    step: str
    round: int
    opened_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    opens: bool


@dataclass(frozen=True, slots=True)
class GuestSeen:
    """A guest of the run, with the links that they opened. ``address``: where mails to them go.

    ``confirmed``: false while a new address waits for who leads the run; ``revoked``: no link is made for them;
    ``open_steps``: what a new link would be sent for.
    """

    role: str
    title: str
    who: str | None
    address: str | None
    confirmed: bool
    revoked: bool
    open_steps: tuple[str, ...]
    links: tuple[LinkSeen, ...]


@dataclass(frozen=True, slots=True)
class GuestsSeen:
    """The guests of a run."""

    guests: tuple[GuestSeen, ...]


def add_guests_seen(router: APIRouter) -> None:
    """Register the view."""
    add_view(
        router,
        "/v1/runs/{id}/guests",
        guests,
        GuestsSeen,
        "The guests of a run and their links",
        tag="Guests",
    )


async def guests(request: Request, id: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """Which links they opened, first and last when; for those who see the values of the run."""
    services, stream = services_of(request), stream_id(id)
    headers = await log_position(services, query)
    sight = await run_in_threadpool(sight_of, services, stream, caller_of(request))
    if not sight.sees_values:
        raise Problem(
            "not_allowed", "the guests of a run are shown to those whom its values concern", needs=["manage"]
        )
    return to_json(GuestsSeen(await guests_of(services, stream, sight)), headers)


async def guests_of(services: Services, stream: UUID, sight: Sight) -> tuple[GuestSeen, ...]:
    """The guests of a run as the log has it now."""
    found = await services.read(lambda connection: connection.execute(_OF_RUN, [stream]).fetchall())
    return tuple(
        _guest(sight, RoleKey(role), [row for row in found if row[3] == role], services.clock())
        for role, known in sight.definition.roles.items()
        if (sight.run.roles.get(role) or ("guest:" if known.guest else "")).startswith("guest:")
    )


def keep_seen(
    connection: Connection[Any], link_id: str, run: UUID, held: Pass, expires_at: datetime, now: datetime
) -> None:
    """Remember that a link was opened, or acted with."""
    facts: Mapping[str, Any] = {
        "id": link_id, "run": run, "step": held.step, "round": held.round, "role": held.role,
        "holder": held.holder, "expires_at": expires_at, "now": now,
    }  # fmt: skip
    connection.execute(_SEEN, facts)


def is_looked_at(headers: Mapping[str, str]) -> bool:
    """Whether a person looks at the page: a browser goes there, and does not only fetch it beforehand."""
    return (
        headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
        and "prefetch" not in headers.get("sec-purpose", headers.get("purpose", ""))
    )


def _guest(sight: Sight, role: RoleKey, found: list[tuple[Any, ...]], now: datetime) -> GuestSeen:
    run, definition = sight.run, sight.definition
    return GuestSeen(
        role=role,
        title=definition.roles[role].title,
        who=run.roles.get(role),
        address=role_address(role, run, definition),
        confirmed=is_confirmed(role, run, definition),
        revoked=role in run.links_barred,
        open_steps=tuple(
            key for key, known in definition.steps.items() if known.role == role and run.step(key).is_open
        ),
        links=tuple(_link(sight, row, now) for row in found),
    )


def _link(sight: Sight, row: tuple[Any, ...], now: datetime) -> LinkSeen:
    link, step, round_, role, holder, opened_at, seen_at, expires_at = row
    key = StepKey(step)
    held = pass_for(sight.run, sight.definition, key) if key in sight.definition.steps else None
    opens = held == Pass(key, round_, RoleKey(role), bytes(holder)) and now <= expires_at
    return LinkSeen(link, step, round_, opened_at, seen_at, expires_at, opens)
