"""Mails with a link that sets a password: asked for here, sent by a worker. The link is made when it is sent."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from application.accounts.security_events import tell
from application.ids import uuid7
from domain.account_mails import LIFETIME, Purpose

LINK_PREFIX = "mpl_"
MOST_ATTEMPTS = 8
_FIRST_WAIT = timedelta(seconds=30)

_ASK = """
insert into log.account_mail (id, actor, kind, scopes, asked_by, asked_at, due_at)
values (%(id)s, %(actor)s, 'invitation', %(scopes)s, %(by)s, %(at)s, %(at)s)
"""
_ASK_RESET = """
insert into log.account_mail (id, actor, kind, scopes, asked_at, due_at)
select %(id)s, actor, 'reset', scopes, %(at)s, %(at)s from log.account
where actor = %(actor)s and not exists (
  select from log.account_mail earlier where earlier.actor = account.actor and earlier.kind = 'reset'
    and earlier.asked_at > %(at)s::timestamptz - interval '5 minutes')
"""
_DUE = """
select id, actor, kind, scopes, asked_by, attempts from log.account_mail
where ended_at is null and due_at <= %s order by due_at limit %s
"""
_LINK = """
insert into log.access_token (id, token_hash, actor, scopes, purpose, mailed_to, expires_at)
values (%s, %s, %s, %s, %s, %s, clock_timestamp() + %s::interval)
"""
_UNLINK = "update log.access_token set revoked_at = clock_timestamp() where id = %s and revoked_at is null"
_END = "update log.account_mail set ended_at = %(at)s, failure = %(failure)s, attempts = attempts + 1 where id = %(id)s"
_AGAIN = """
update log.account_mail set due_at = %(due_at)s, failure = %(failure)s, attempts = attempts + 1 where id = %(id)s
"""
_FORGET = "delete from log.account_mail where ended_at < %s"


@dataclass(frozen=True, slots=True)
class Asked:
    """A mail that waits to be sent."""

    id: UUID
    actor: str
    kind: Purpose
    scopes: list[str]
    asked_by: str | None
    attempts: int


def invite(
    connection: Connection[Any],
    actor: str,
    scopes: Collection[str],
    *,
    by: str,
    address: str | None,
    at: datetime,
) -> None:
    """Have an invitation sent; by its link an account gets these scopes."""
    with connection.transaction():
        connection.execute(_ASK, {"id": uuid7(), "actor": actor, "scopes": list(scopes), "by": by, "at": at})
        tell(connection, "invitation_asked", actor, by=by, address=address, scopes=list(scopes))


def ask_reset(connection: Connection[Any], actor: str | None, *, address: str | None, at: datetime) -> None:
    """Have a link for a new password sent to whoever has an account, but not one after the other."""
    with connection.transaction():
        if connection.execute(_ASK_RESET, {"id": uuid7(), "actor": actor or "", "at": at}).rowcount:
            tell(connection, "reset_asked", actor, address=address)


def due(connection: Connection[Any], *, at: datetime, most: int = 20) -> list[Asked]:
    """What is to be sent now."""
    with connection.cursor(row_factory=class_row(Asked)) as cursor:
        return cursor.execute(_DUE, [at, most]).fetchall()


def make_link(connection: Connection[Any], asked: Asked, email: str) -> tuple[UUID, str]:
    """A link for this mail, good from now on; its id and its secret, which is kept nowhere."""
    link, secret = uuid7(), LINK_PREFIX + secrets.token_urlsafe(32)
    kept, lifetime = hashlib.sha256(secret.encode()).digest(), LIFETIME[asked.kind]
    marked = ["sign_in", *asked.scopes]
    connection.execute(_LINK, [link, kept, asked.actor, marked, asked.kind, email, lifetime])
    return link, secret


def sent(connection: Connection[Any], asked: Asked, *, at: datetime) -> None:
    """The mail is out."""
    with connection.transaction():
        connection.execute(_END, {"id": asked.id, "at": at, "failure": None})
        tell(connection, "mail_sent", asked.actor, purpose=asked.kind)


def failed(
    connection: Connection[Any],
    asked: Asked,
    why: str,
    *,
    link: UUID | None = None,
    for_good: bool,
    at: datetime,
) -> None:
    """It did not go out: its link opens nothing, and it is tried again later, unless that is of no use."""
    with connection.transaction():
        if link is not None:
            connection.execute(_UNLINK, [link])
        if for_good or asked.attempts + 1 >= MOST_ATTEMPTS:
            connection.execute(_END, {"id": asked.id, "at": at, "failure": why})
            tell(connection, "mail_failed", asked.actor, purpose=asked.kind, why=why)
        else:
            due_at = at + _FIRST_WAIT * 2**asked.attempts
            connection.execute(_AGAIN, {"id": asked.id, "due_at": due_at, "failure": why})


def forget(connection: Connection[Any], *, at: datetime) -> None:
    """Drop what ended long ago; the security events tell of it for good."""
    connection.execute(_FORGET, [at - timedelta(days=30)])
