"""The directory that commands decide with: kept in memory, and as new as the log each time that it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any

from psycopg import Connection

from application.blocking import blocks, wait_for
from domain.definition import Definition
from domain.directory import EMPTY, Directory, names_somebody
from domain.run.roles import draws
from domain.words import Assignee, RoleKey
from projections.people import directory as people
from store.log import Log

RECENT_SECONDS = 0.25


@dataclass(eq=False, slots=True)
class Draw:
    """Somebody was drawn from a group by a command; ``position`` is where that is in the log, once it is."""

    group: Assignee
    member: Assignee
    position: int | None = None


@dataclass(slots=True)
class Draws:
    """The draws of one command: forgotten when they are not stored, else counted until read models have them."""

    pending: list[Draw]
    made: list[Draw] = field(default_factory=list)

    def note(self, definition: Definition, roles: Mapping[RoleKey, Assignee]) -> None:
        """Somebody was found; the next command of this process sees it at once. Deciding again replaces it."""
        self.forget()
        self.made = [Draw(group, member) for group, member in draws(definition, roles)]
        self.pending += self.made

    def forget(self) -> None:
        """Nothing came of them."""
        for draw in self.made:
            if draw in self.pending:
                self.pending.remove(draw)
        self.made = []

    def stored(self, position: int) -> None:
        """They are in the log."""
        for draw in self.made:
            draw.position = position


class Directories:
    """Everybody and every group. A look at the log tells what changed since the last one; many who ask share it."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known = EMPTY
        self._upto: int | None = None
        self._asked_at = float("-inf")
        self._coroutines = asyncio.Lock()
        self._threads = Lock()
        self._pending: list[Draw] = []

    async def now(self) -> Directory:
        """The directory as of the head of the log at this moment."""
        arrived = monotonic()
        if blocks():
            return self._as_of(arrived)
        async with self._coroutines:  # one of them asks, and no more than one thread waits with it
            return self._known if self._asked_at >= arrived else await wait_for(lambda: self._as_of(arrived))

    def blocking_now(self) -> Directory:
        """As ``now``, for a thread."""
        return self._as_of(monotonic())

    async def recently(self) -> Directory:
        """The directory as of a moment ago: for what is decided often and seldom asks."""
        if monotonic() - self._asked_at < RECENT_SECONDS:
            return self._known
        return await self.now()

    async def naming(self, values: Any) -> Directory:
        """As new as these values need it: whoever they name may have been added just now."""
        return await (self.now() if names_somebody(values) else self.recently())

    async def for_draws(self, definition: Definition) -> Directory:
        """The directory as of now, with turns and loads of the groups that the process draws from."""
        known = await self.now()
        groups = people.drawn_from(definition)
        if not groups:
            return known
        position, found = await wait_for(
            lambda: self._log.ask(lambda connection: people.with_turns(connection, known, groups))
        )
        self._pending[:] = [
            draw for draw in self._pending if draw.position is None or draw.position > position
        ]
        return found

    def with_pending(self, known: Directory) -> Directory:
        """The directory with the draws of this process that read models lack; to be asked for when deciding."""
        for draw in self._pending:
            known = known.drawn(draw.group, draw.member)
        return known

    def draws(self) -> Draws:
        """For one command."""
        return Draws(self._pending)

    def _as_of(self, arrived: float) -> Directory:
        """As of that moment at least. Blocks; whoever comes meanwhile waits, and asks no more."""
        with self._threads:
            if self._asked_at < arrived:
                started = monotonic()
                self._upto, self._known = self._log.ask(self._newer)
                self._asked_at = started
            return self._known

    def _newer(self, connection: Connection[Any]) -> tuple[int, Directory]:
        upto, known = self._upto, self._known
        if upto is None:
            upto, known = people.read(connection)
        return people.follow(connection, known, upto)
