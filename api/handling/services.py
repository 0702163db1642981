"""What the routes work with; the composition root fills it, tests fill it as they like."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any, TypeVar

from psycopg import Connection
from psycopg_pool import ConnectionPool
from starlette.concurrency import run_in_threadpool

from api.access import grants as access
from api.access.grants import SessionLimits
from api.access.guard import Caller, Site
from api.access.leases import Leases
from api.access.provider import Provider
from api.access.standing import is_here
from api.access.throttle import Callers, Throttle
from api.handling.live import Hub, ProjectsOf, Reached
from api.wire.problems import Problem
from api.wire.spool import Spool
from application.accounts.hashing import Passwords, TooManyAtOnce
from application.asked import Asked
from application.blocking import finish
from application.directory import Directories
from application.milepost import Milepost
from domain.schedule import Calendar
from domain.words import Actor
from store.log import Log

T = TypeVar("T")

_UPLOADS = 20
"""So many files of the largest size may be on their way at once, in temporary files of this process."""


def _now() -> datetime:
    return datetime.now(UTC)


async def _healthy() -> Mapping[str, Any]:
    return {"state": "healthy", "reasons": ()}


async def _in_turn(work: Awaitable[T]) -> T:
    try:
        return await work
    except TooManyAtOnce:
        detail = "too many passwords are being looked at; try again in a moment"
        raise Problem("too_many_requests", detail, headers={"Retry-After": "2"}) from None


@dataclass
class Services:
    """Everything a process of the HTTP interface holds. ``log`` and ``pool`` are open while the server runs."""

    log: Log
    app: Milepost
    pool: ConnectionPool[Connection[Any]]
    site: Site
    reached: Reached
    projects_of: ProjectsOf
    link_secret: bytes = field(default_factory=lambda: token_bytes(32))
    """Signs the links of guests; without one of the instance's own, links of this process alone open."""
    health: Callable[[], Awaitable[Mapping[str, Any]]] = _healthy
    clock: Callable[[], datetime] = _now
    wait_seconds: float = 5.0
    sends_mails: bool = False
    """Whether a mail server is set; without one, mails are kept in the outbox of this machine."""
    file_limit_bytes: int = 25 << 20
    session_limits: SessionLimits = field(default_factory=SessionLimits)
    """How long a browser stays signed in."""
    passwords: Passwords = field(default_factory=Passwords)
    provider: Provider | None = None
    """Who else says who somebody is (OpenID Connect)."""
    callers: Callers = field(default_factory=Callers)
    """How much of this process one caller may take."""
    leases: Leases = field(init=False)
    hub: Hub = field(init=False)
    throttle: Throttle = field(init=False, default_factory=Throttle)
    spool: Spool = field(init=False)
    stopping: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    commands_running: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.leases = Leases(self._find, self._is_here, self._is_deputy)
        self.spool = Spool(_UPLOADS * self.file_limit_bytes)
        self.hub = Hub(self.log, self.pool, self.stopping, self.reached, self.projects_of)

    @property
    def calendar(self) -> Calendar:
        """The calendar of the house."""
        return self.app.calendar

    @property
    def directories(self) -> Directories:
        """Who works here."""
        return self.app.directories

    async def read(self, query: Callable[[Connection[Any]], T]) -> T:
        """Run a query on a connection of the pool, in a thread."""
        return await run_in_threadpool(self._read, query)

    async def end_leases(self, hashes: Sequence[bytes]) -> None:
        """What these secrets opened, no process goes by any more when this returns."""
        for token_hash in hashes:
            self.leases.forget(token_hash)
        if hashes:
            await self.leases.run_out()

    async def hashed(self, password: str) -> str:
        """The hash of a password; a problem while too many are waited for."""
        return await _in_turn(self.passwords.hash(password))

    async def is_password(self, kept: str | None, password: str) -> bool:
        """Whether this is the password behind a hash; a problem while too many are waited for."""
        return await _in_turn(self.passwords.is_right(kept, password))

    async def hashed_anew(self, kept: str | None, password: str) -> str | None:
        """The hash by today's parameters, where the one that is kept is by others."""
        outdated = kept is not None and self.passwords.is_outdated(kept)
        return await self.hashed(password) if outdated else None

    def _read(self, query: Callable[[Connection[Any]], T]) -> T:
        with self.pool.connection() as connection:
            return query(connection)

    def _find(self, secret: str) -> access.Grant | None:
        with self.pool.connection() as connection:
            grant = access.find(connection, secret)
        if grant is None:
            return None
        now = finish(
            self.app.gate.scopes_in_force(grant.actor, grant.scopes, self.clock(), session=grant.browser)
        )
        return replace(grant, scopes=now)

    def _is_here(self, actor: Actor) -> bool:
        with self.pool.connection() as connection:
            return is_here(connection, actor)

    def _is_deputy(self, who: Actor, of: Actor) -> bool:
        return finish(self.app.gate.is_deputy(who, of, self.clock()))


def asked_by(services: Services, caller: Caller) -> Asked:
    """Who looks at something, now, with which rights."""
    return Asked(caller.actor, services.clock(), caller.grant.scopes, meta=caller.meta)
