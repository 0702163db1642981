"""The directory that commands decide with: kept in memory, and as new as the log each time that it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from psycopg import Connection

from domain.definition import Definition
from domain.directory import EMPTY, Directory
from domain.run.roles import draws
from domain.words import Assignee, RoleKey
from projections.people import directory as people

T = TypeVar("T")

RECENT_SECONDS = 0.25


class Read(Protocol):
    """Runs a query on a connection of the pool, in a thread."""

    def __call__(self, query: Callable[[Connection[Any]], T]) -> Awaitable[T]:
        """What the query gives."""


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

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known = EMPTY
        self._upto: int | None = None
        self._asked_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()
        self._pending: list[Draw] = []

    async def now(self) -> Directory:
        """The directory as of the head of the log at this moment."""
        arrived = asyncio.get_running_loop().time()
        async with self._one_at_a_time:
            if self._asked_at < arrived:
                started = asyncio.get_running_loop().time()
                self._upto, self._known = await self._read(self._newer)
                self._asked_at = started
        return self._known

    async def recently(self) -> Directory:
        """The directory as of a moment ago: for what is decided often and seldom asks."""
        if asyncio.get_running_loop().time() - self._asked_at < RECENT_SECONDS:
            return self._known
        return await self.now()

    async def for_draws(self, definition: Definition) -> Directory:
        """The directory as of now, with turns and loads of the groups that the process draws from."""
        known = await self.now()
        groups = people.drawn_from(definition)
        if not groups:
            return known
        position, found = await self._read(lambda connection: people.with_turns(connection, known, groups))
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

    def _newer(self, connection: Connection[Any]) -> tuple[int, Directory]:
        upto, known = self._upto, self._known
        if upto is None:
            upto, known = people.read(connection)
        return people.follow(connection, known, upto)
