"""Who somebody is at a provider of identities, and those who were sent there and are expected back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from domain.words import Actor

LIFETIME = timedelta(minutes=10)
"""How long somebody may take at the provider."""

_BEGIN = """
with gone as (delete from log.provider_attempt where expires_at < clock_timestamp())
insert into log.provider_attempt (state_hash, browser_hash, nonce, verifier, wanted, link_hash, actor, expires_at)
values (%(state)s, %(browser)s, %(nonce)s, %(verifier)s, %(wanted)s, %(link)s, %(actor)s,
  clock_timestamp() + %(lifetime)s::interval)
"""
_TAKE = """
delete from log.provider_attempt where state_hash = %s and browser_hash = %s and expires_at > clock_timestamp()
returning nonce, verifier, wanted, link_hash, actor
"""
_FIND = "select actor, linked_at from log.identity where issuer = %s and subject = %s"
_OF = "select issuer, subject, linked_at, last_used_at from log.identity where actor = %s order by linked_at"
_LINK = """
insert into log.identity (issuer, subject, actor, last_used_at)
values (%(issuer)s, %(subject)s, %(actor)s, clock_timestamp())
on conflict (issuer, subject) do update set last_used_at = clock_timestamp(),
  linked_at = case when %(anew)s then clock_timestamp() else identity.linked_at end
where identity.actor = excluded.actor
returning actor
"""
_USED = "update log.identity set last_used_at = clock_timestamp() where issuer = %s and subject = %s"
_UNLINK = "delete from log.identity where actor = %s returning issuer"
_ACCOUNT = "insert into log.account (actor, scopes) values (%s, %s) on conflict (actor) do nothing"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was remembered of somebody who went to the provider."""

    nonce: str
    verifier: str
    wanted: str
    link_hash: bytes | None
    actor: Actor | None


@dataclass(frozen=True, slots=True)
class Linked:
    """Whose identity it is, and since when."""

    actor: Actor
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity of somebody."""

    issuer: str
    subject: str
    linked_at: datetime
    last_used_at: datetime | None


def begin(connection: Connection[Any], state: str, browser: str, attempt: Attempt) -> None:
    """Somebody goes to the provider, and comes back with ``state`` in the browser that has the secret ``browser``."""
    connection.execute(_BEGIN, {
        "state": _digest(state), "browser": _digest(browser), "nonce": attempt.nonce, "verifier": attempt.verifier,
        "wanted": attempt.wanted, "link": attempt.link_hash, "actor": attempt.actor, "lifetime": LIFETIME,
    })  # fmt: skip


def take(connection: Connection[Any], state: str, browser: str) -> Attempt | None:
    """Whoever comes back, once; None for a state that is unknown, used, too old, or another browser's."""
    with connection.cursor(row_factory=class_row(Attempt)) as cursor:
        return cursor.execute(_TAKE, [_digest(state), _digest(browser)]).fetchone()


def find(connection: Connection[Any], issuer: str, subject: str) -> Linked | None:
    """Whose identity this is."""
    with connection.cursor(row_factory=class_row(Linked)) as cursor:
        return cursor.execute(_FIND, [issuer, subject]).fetchone()


def of(connection: Connection[Any], actor: str) -> list[Identity]:
    """The identities of somebody, oldest first."""
    with connection.cursor(row_factory=class_row(Identity)) as cursor:
        return cursor.execute(_OF, [actor]).fetchall()


def link(
    connection: Connection[Any],
    issuer: str,
    subject: str,
    actor: str,
    scopes: list[str] | tuple[str, ...],
    *,
    anew: bool,
) -> bool:
    """From now on this identity is theirs; False when it is somebody else's. ``scopes``: of an account made by it."""
    asked = {"issuer": issuer, "subject": subject, "actor": actor, "anew": anew}
    if connection.execute(_LINK, asked).fetchone() is None:
        return False
    connection.execute(_ACCOUNT, [actor, list(scopes)])
    return True


def used(connection: Connection[Any], issuer: str, subject: str) -> None:
    """Somebody came in by it."""
    connection.execute(_USED, [issuer, subject])


def unlink(connection: Connection[Any], actor: str) -> int:
    """Nobody comes in as them by a provider any more; how many identities that were."""
    return connection.execute(_UNLINK, [actor]).rowcount


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
