"""Who may come in: API tokens, first-login links and browser sessions. Only hashes of secrets are kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from api.access.standing import must_be_here, standing
from application.ids import uuid7
from domain.words import Actor
from projections.paging import ALL, Left, Page, counted

Scope = Literal["read", "work", "manage", "admin", "service", "act_as", "calendar", "send_events", "scim"]
CALENDAR: Scope = "calendar"
SCOPES: dict[Scope, str] = {
    "read": "see processes, runs, projects and the feed of events; values in runs that concern the bearer",
    "work": "start runs and act on runs, steps and tasks",
    "manage": "write processes, open and change projects; see the values in every run",
    "admin": "make, list and revoke tokens; see the values in every run, sensitive ones too",
    "service": "follow the public feed of events, for programs; sees no values",
    "calendar": "see when things are due, through the address of a calendar feed; nothing else",
    "send_events": "tell of what happened elsewhere: `POST /v1/external-events`, for programs",
    "scim": "for the directory of the house (`service:…`): add, change and deactivate people and groups by SCIM",
    "act_as": "for programs (`service:…`): act in the name of somebody else (header Milepost-Actor); both are recorded",
}
"""What each scope lets its bearer do; none includes another."""

PERSON: tuple[Scope, ...] = ("read", "work", "manage")
"""What somebody gets who is not told otherwise."""

TOKEN_PREFIX = "mpt_"  # noqa: S105 - how secrets are told apart, not one of them
LINK_PREFIX = "mpl_"
SESSION_PREFIX = "mps_"
SIGN_IN = "sign_in"
"""Marks a row that is a first-login link: it can be redeemed once, and is no bearer token."""

SESSION_LIFETIME = timedelta(days=14)
LINK_LIFETIME = timedelta(hours=24)

_INSERT_GRANT = """
insert into log.access_token (id, token_hash, actor, scopes, expires_at)
values (%s, %s, %s, %s, clock_timestamp() + %s::interval)
"""
_FIND_GRANT = """
select id, actor, scopes, last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute', created_at
from log.access_token
where token_hash = %s and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
  and not ('sign_in' = any(scopes))
"""
_FIND_SESSION = """
select id, actor, scopes, last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute', created_at
from log.session where token_hash = %s and revoked_at is null and expires_at > clock_timestamp()
"""
_TOUCH_TOKEN = "update log.access_token set last_used_at = clock_timestamp() where id = %s"  # noqa: S105 - a statement
_TOUCH_SESSION = "update log.session set last_used_at = clock_timestamp() where id = %s"
_LIST = """
select id, actor, scopes, created_at, expires_at, revoked_at, last_used_at, count(*) over () from log.access_token
where not ('sign_in' = any(scopes)) order by created_at, id limit %(limit)s offset %(after)s
"""
_REVOKE_GRANT = """
update log.access_token set revoked_at = coalesce(revoked_at, clock_timestamp())
where id = %s and not ('sign_in' = any(scopes)) returning token_hash
"""
_REVOKE_SESSION = """
update log.session set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = %s returning token_hash
"""
_REDEEM = """
update log.access_token set revoked_at = clock_timestamp(), last_used_at = clock_timestamp()
where token_hash = %s and 'sign_in' = any(scopes) and revoked_at is null and expires_at > clock_timestamp()
returning actor, scopes, created_at
"""
_PEEK = """
select actor, created_at from log.access_token
where token_hash = %s and 'sign_in' = any(scopes) and revoked_at is null and expires_at > clock_timestamp()
"""
_INSERT_SESSION = """
insert into log.session (id, token_hash, actor, scopes, expires_at)
values (%s, %s, %s, %s, clock_timestamp() + %s::interval)
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token or a session says: who comes, and what they may do."""

    id: UUID
    actor: Actor
    scopes: frozenset[str]
    browser: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A new token; ``secret`` is shown this once and kept nowhere."""

    id: UUID
    secret: str
    actor: Actor
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What may be told of a token later: everything but its secret."""

    id: UUID
    actor: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def digest(secret: str) -> bytes:
    """What is kept of a secret. Secrets are 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def csrf_token(session_secret: str) -> str:
    """The token that a page sends back with each change: derived from the session, useless without its cookie."""
    return hashlib.sha256(b"csrf " + session_secret.encode()).hexdigest()


def create_token(
    connection: Connection[Any],
    actor: Actor,
    scopes: Collection[Scope] = PERSON,
    lifetime: timedelta | None = None,
) -> Token:
    """Make an API token for this actor; without a lifetime it is valid until it is revoked.

    Rejected("person_deactivated") for somebody who left: nothing is granted to who is not here.
    """
    must_be_here(connection, actor)
    token = _new(TOKEN_PREFIX, actor, scopes)
    connection.execute(_INSERT_GRANT, [token.id, digest(token.secret), actor, list(scopes), lifetime])
    return token


def first_login_link(
    connection: Connection[Any],
    base_url: str,
    actor: Actor,
    scopes: Collection[Scope] = PERSON,
    lifetime: timedelta = LINK_LIFETIME,
) -> str:
    """An address that signs this actor in, once; refused for somebody who left, as ``create_token``."""
    must_be_here(connection, actor)
    token = _new(LINK_PREFIX, actor, scopes)
    kept = [SIGN_IN, *scopes]
    connection.execute(_INSERT_GRANT, [token.id, digest(token.secret), actor, kept, lifetime])
    return f"{base_url}/sign-in?link={token.secret}"


def peek(connection: Connection[Any], link: str) -> Actor | None:
    """Whom a first-login link would sign in; looking uses nothing up. None where ``redeem`` gives None."""
    row = connection.execute(_PEEK, [digest(link)]).fetchone()
    return None if row is None or not standing(connection, Actor(row[0])).bears(row[1]) else Actor(row[0])


def redeem(connection: Connection[Any], link: str) -> Token | None:
    """Turn the secret of a first-login link into a session; None when the link is no longer, or never was, good."""
    with connection.transaction():
        row = connection.execute(_REDEEM, [digest(link)]).fetchone()
        if row is None or not standing(connection, Actor(row[0])).bears(row[2]):
            return None
        session = _new(SESSION_PREFIX, Actor(row[0]), [scope for scope in row[1] if scope != SIGN_IN])
        kept = [session.id, digest(session.secret), session.actor, list(session.scopes), SESSION_LIFETIME]
        connection.execute(_INSERT_SESSION, kept)
    return session


def find(connection: Connection[Any], secret: str) -> Grant | None:
    """What a secret grants now, asked of the database; nothing when its actor has left since it was made."""
    browser = secret.startswith(SESSION_PREFIX)
    row = connection.execute(_FIND_SESSION if browser else _FIND_GRANT, [digest(secret)]).fetchone()
    if row is None or not standing(connection, Actor(row[1])).bears(row[4]):
        return None
    if row[3]:
        connection.execute(_TOUCH_SESSION if browser else _TOUCH_TOKEN, [row[0]])
    return Grant(row[0], Actor(row[1]), frozenset(row[2]), browser)


def list_tokens(connection: Connection[Any]) -> list[TokenFacts]:
    """Every API token, oldest first, revoked ones too."""
    return page_of_tokens(connection, ALL)[0]


def page_of_tokens(connection: Connection[Any], page: Page) -> tuple[list[TokenFacts], Left]:
    """A page of them, and what comes after it."""
    found, after_these = counted(connection.execute(_LIST, page._asdict()).fetchall(), page)
    return [TokenFacts(*row) for row in found], after_these


def revoke_token(connection: Connection[Any], token: UUID) -> bytes | None:
    """End a token. Processes may go by what they knew for as long as a lease runs (see api.leases).

    Returns the hash of its secret, None when there is no such token.
    """
    row = connection.execute(_REVOKE_GRANT, [token]).fetchone()
    return None if row is None else bytes(row[0])


def revoke_session(connection: Connection[Any], session: UUID) -> bytes | None:
    """End a session; otherwise as ``revoke_token``."""
    row = connection.execute(_REVOKE_SESSION, [session]).fetchone()
    return None if row is None else bytes(row[0])


def _new(prefix: str, actor: Actor, scopes: Collection[str]) -> Token:
    return Token(uuid7(), prefix + secrets.token_urlsafe(32), actor, tuple(scopes))
