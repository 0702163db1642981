"""What happened to ways in: written in the transaction of what it tells, listed for administrators. Never a secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from projections.paging import Left, Page, left

Kind = Literal[
    "signed_in",
    "sign_in_failed",
    "sign_in_throttled",
    "session_ended",
    "token_made",
    "token_rotated",
    "token_ended",
    "password_set",
    "password_changed",
    "second_factor_failed",
    "second_factor_set",
    "second_factor_removed",
    "recovery_codes_made",
    "recovery_code_used",
    "invitation_asked",
    "reset_asked",
    "mail_sent",
    "mail_failed",
    "identity_connected",
    "identity_disconnected",
]
"""What is told."""

_TELL = """
insert into log.security_event (kind, actor, caused_by, address, facts) values (%s, %s, %s, %s, %s)
"""
_TELL_SELDOM = """
insert into log.security_event (kind, actor, address) select %(kind)s, %(actor)s, %(address)s
where not exists (
  select from (select * from log.security_event order by id desc limit 1000) lately
  where kind = %(kind)s and actor is not distinct from %(actor)s and address = %(address)s
    and happened_at > clock_timestamp() - interval '1 minute')
"""
_LIST = """
select id, happened_at, kind, actor, caused_by, address, facts from log.security_event
where (%(actor)s::text is null or actor = %(actor)s) and (%(kind)s::text is null or kind = %(kind)s)
order by id desc limit %(limit)s offset %(after)s
"""
_COUNT = """
select count(*) from log.security_event
where (%(actor)s::text is null or actor = %(actor)s) and (%(kind)s::text is null or kind = %(kind)s)
"""


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """One thing that happened: to whose account, by whom when that is somebody else, and from which address."""

    id: int
    happened_at: datetime
    kind: str
    actor: str | None
    caused_by: str | None
    address: str | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SecurityEvents:
    """A page of them, newest first; ``more`` come after these, behind ``next_after``."""

    rows: tuple[SecurityEvent, ...]
    more: int
    next_after: int | None


def tell(
    connection: Connection[Any],
    kind: Kind,
    actor: str | None,
    *,
    by: str | None = None,
    address: str | None = None,
    **facts: Any,
) -> None:
    """Write down what happens in this transaction. ``facts`` are JSON values, none of them a secret."""
    connection.execute(_TELL, [kind, actor, by, address, Jsonb(facts)])


def tell_seldom(connection: Connection[Any], kind: Kind, actor: str | None, *, address: str) -> None:
    """The same of what a stranger can cause without end: once a minute for an actor and an address."""
    connection.execute(_TELL_SELDOM, {"kind": kind, "actor": actor, "address": address})


def page_of(
    connection: Connection[Any], page: Page, actor: str | None = None, kind: str | None = None
) -> SecurityEvents:
    """A page of what happened, to one actor or of one kind where they are given."""
    asked = {"actor": actor, "kind": kind, **page._asdict()}
    with connection.cursor(row_factory=class_row(SecurityEvent)) as cursor:
        rows = cursor.execute(_LIST, asked).fetchall()
    total = connection.execute(_COUNT, asked).fetchone()
    assert total is not None
    after_these: Left = left(total[0], page, len(rows))
    return SecurityEvents(tuple(rows), *after_these)
