"""A duty: work that one worker at a time does, round after round, as long as it holds the duty's lease."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import psycopg
import structlog

from store.errors import Conflict, OutcomeUnknown, Overloaded, Stopped, Unavailable, UnsafeServer
from workers.lease import Lease, LeaseLost

T = TypeVar("T")

STANDBY_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

AWAY = (
    psycopg.OperationalError,
    LeaseLost,
    Unavailable,
    OutcomeUnknown,
    Overloaded,
    Conflict,
    TimeoutError,
    OSError,
)
"""What passes by itself: the database is away, or others were quicker again and again; the next round looks anew."""
NOBODYS = (
    *AWAY,
    psycopg.InterfaceError,
    psycopg.InternalError,
    psycopg.NotSupportedError,
    psycopg.ProgrammingError,
    Stopped,
    UnsafeServer,
)
"""What is no fault of the one thing that was being done: it is raised, everything else is told and set apart.

A row that the database refuses (psycopg's DataError and IntegrityError) is the fault of what the row is about.
"""

log = structlog.get_logger(__name__)


class Round(Protocol):
    """What a duty does again and again; everything it needs to know is in the log and the read models."""

    async def once(self) -> float:
        """Do what is to be done now; the answer is in how many seconds to look again at the latest."""


class Duty:
    """Runs one kind of round under a lease. ``run`` it in every worker: one does the work, the others stand by."""

    def __init__(
        self, name: str, database_url: str, work: Round, end: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """``name`` is the lease's name, the same in every release. ``end`` ends what rounds left under way."""
        self.name = name
        self.leading = False
        self._work = work
        self._end = end
        self._lease = Lease(database_url, name)
        self._thread = ThreadPoolExecutor(1, name)
        self._pause_seconds = FIRST_PAUSE_SECONDS

    async def run(self) -> None:
        """Work until cancelled. A database that is away is waited for; anything else is raised."""
        try:
            while True:
                await self._attempt()
        finally:
            self.leading = False
            if self._end is not None:
                await self._end()
            await asyncio.shield(asyncio.wrap_future(self._thread.submit(self._lease.release)))
            self._thread.shutdown()

    async def _attempt(self) -> None:
        try:
            if await self._asked(self._lease.acquire):
                self.leading = True
                await self._lead()
            await asyncio.sleep(STANDBY_SECONDS)
        except AWAY as error:
            log.warning("duty_waits", duty=self.name, reason=type(error).__name__)
            await asyncio.sleep(self._pause_seconds)
            self._pause_seconds = min(self._pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        finally:
            self.leading = False

    async def _lead(self) -> None:
        """Round after round while the lease is ours: it is asked for before each, so two never work for long."""
        while True:
            await self._asked(self._lease.check)
            pause_seconds = await self._work.once()
            self._pause_seconds = FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause_seconds)

    async def _asked(self, ask: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, ask)
