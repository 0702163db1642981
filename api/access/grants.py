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
from application.accounts import accounts
from application.accounts.security_events import tell
from application.ids import uuid7
from domain.words import Actor, person_stream
from projections.paging import ALL, Left, Page, counted

Scope = Literal["read", "work", "manage", "admin", "service", "act_as", "calendar", "send_events", "scim"]
CALENDAR: Scope = "calendar"
SCOPES: dict[Scope, str] = {
    "read": "see processes, runs, projects and the feed of events; values in runs that concern the bearer",
    "work": "start runs and act on runs, steps and tasks",
    "manage": "write the processes that its bearer looks after",
    "admin": "administer people, rights and tokens, while its bearer is administrator",
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
  and (idle is null or coalesce(last_used_at, created_at) > clock_timestamp() - idle)
"""
_TOUCH_TOKEN = "update log.access_token set last_used_at = clock_timestamp() where id = %s"  # noqa: S105 - a statement
_TOUCH_SESSION = "update log.session set last_used_at = clock_timestamp() where id = %s"
_LIST = """
select id, actor, scopes, created_at, expires_at, revoked_at, last_used_at, count(*) over () from log.access_token
where not ('sign_in' = any(scopes)) order by created_at, id limit %(limit)s offset %(after)s
"""
_REVOKE_GRANT = """
update log.access_token set revoked_at = coalesce(revoked_at, clock_timestamp())
where id = %s and not ('sign_in' = any(scopes)) returning token_hash, actor
"""
_REVOKE_SESSION = """
update log.session set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = %s returning token_hash, actor
"""
_END_SESSIONS = """
with links as (
  update log.access_token set revoked_at = clock_timestamp()
  where actor = %(actor)s and 'sign_in' = any(scopes) and revoked_at is null returning token_hash)
update log.session set revoked_at = clock_timestamp()
where actor = %(actor)s and revoked_at is null and id is distinct from %(but)s returning token_hash
"""
_REDEEM = """
update log.access_token set revoked_at = clock_timestamp(), last_used_at = clock_timestamp()
where token_hash = %s and 'sign_in' = any(scopes) and revoked_at is null and expires_at > clock_timestamp()
returning actor, scopes, created_at, purpose, mailed_to
"""
_PEEK = """
select actor, scopes, created_at, purpose, mailed_to from log.access_token
where token_hash = %s and 'sign_in' = any(scopes) and revoked_at is null and expires_at > clock_timestamp()
"""
_INSERT_SESSION = """
insert into log.session (id, token_hash, actor, scopes, expires_at, idle, signed_in_by, address, device)
values (%s, %s, %s, %s, clock_timestamp() + %s::interval, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a browser stays signed in: at most, and without being used."""

    lifetime: timedelta = timedelta(days=14)
    idle: timedelta = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody signs in: from which address, with what."""

    address: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """What a link that signs in says. ``purpose`` None: it was handed over; else it came by mail."""

    actor: Actor
    scopes: tuple[str, ...]
    purpose: str | None = None


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
    *,
    by: str | None = None,
) -> Token:
    """Make an API token for this actor; without a lifetime it is valid until it is revoked.

    ``by``: who makes it; None is whoever runs this machine. It is told as a security event.
    Rejected("person_deactivated") for somebody who left: nothing is granted to who is not here.
    """
    must_be_here(connection, actor)
    token = _new(TOKEN_PREFIX, actor, scopes)
    with connection.transaction():
        connection.execute(_INSERT_GRANT, [token.id, digest(token.secret), actor, list(scopes), lifetime])
        days = None if lifetime is None else lifetime / timedelta(days=1)
        tell(connection, "token_made", actor, by=by, token=str(token.id), scopes=list(scopes), days=days)
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


def peek(connection: Connection[Any], link: str) -> Link | None:
    """What a link would do; looking uses nothing up. None where ``use_up`` gives None."""
    return _good(connection, connection.execute(_PEEK, [digest(link)]).fetchone())


def use_up(connection: Connection[Any], link: str | bytes) -> Link | None:
    """Take a link, or the one with this hash, for good; None when it is no longer, or never was, good."""
    hashed = link if isinstance(link, bytes) else digest(link)
    return _good(connection, connection.execute(_REDEEM, [hashed]).fetchone())


def _good(connection: Connection[Any], row: tuple[Any, ...] | None) -> Link | None:
    """The link behind a row, unless its owner has left since, or has another address than it was mailed to."""
    if row is None:
        return None
    actor, scopes, created_at, purpose, mailed_to = row
    if not standing(connection, Actor(actor)).bears(created_at):
        return None
    if mailed_to is not None and mailed_to != accounts.email_of(connection, _stream_of(actor)):
        return None
    return Link(Actor(actor), tuple(scope for scope in scopes if scope != SIGN_IN), purpose)


def redeem(connection: Connection[Any], link: str) -> Token | None:
    """Turn the secret of a link that was handed over into a session; None when it is not good."""
    with connection.transaction():
        used = use_up(connection, link)
        return None if used is None else begin_session(connection, used.actor, used.scopes, "link")


def begin_session(
    connection: Connection[Any],
    actor: Actor,
    scopes: Collection[str],
    signed_in_by: str,
    limits: SessionLimits = SessionLimits(),
    place: Place = Place(),
) -> Token:
    """A new session, with a reference that nobody had before; written down as a sign-in."""
    session = _new(SESSION_PREFIX, actor, scopes)
    connection.execute(_INSERT_SESSION, [
        session.id, digest(session.secret), actor, list(scopes), limits.lifetime, limits.idle, signed_in_by,
        place.address, place.device,
    ])  # fmt: skip
    tell(connection, "signed_in", actor, address=place.address, by=None, way=signed_in_by)
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


def revoke_token(connection: Connection[Any], token: UUID, by: str | None = None) -> bytes | None:
    """End a token, and tell it as a security event; what processes knew of it runs out with its lease (see api.leases).

    Returns the hash of its secret, None when there is no such token.
    """
    with connection.transaction():
        row = connection.execute(_REVOKE_GRANT, [token]).fetchone()
        if row is not None:
            tell(connection, "token_ended", row[1], by=by, token=str(token))
    return None if row is None else bytes(row[0])


def end_session(connection: Connection[Any], session: UUID, by: str) -> bytes | None:
    """End a session; otherwise as ``revoke_token``."""
    with connection.transaction():
        row = connection.execute(_REVOKE_SESSION, [session]).fetchone()
        if row is not None:
            tell(connection, "session_ended", row[1], by=by, ended=1)
    return None if row is None else bytes(row[0])


def end_sessions(connection: Connection[Any], actor: str, but: UUID | None = None) -> list[bytes]:
    """End every session of somebody but one, and the links that nobody has used; the hashes of their secrets."""
    return [bytes(row[0]) for row in connection.execute(_END_SESSIONS, {"actor": actor, "but": but})]


def _stream_of(actor: str) -> UUID:
    return person_stream(actor.partition(":")[2])


def _new(prefix: str, actor: Actor, scopes: Collection[str]) -> Token:
    return Token(uuid7(), prefix + secrets.token_urlsafe(32), actor, tuple(scopes))
