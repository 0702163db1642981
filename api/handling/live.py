"""Tells pages what changed: one follower a process, and only after the read models have it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool, PoolTimeout
from starlette.concurrency import run_in_threadpool

from api.wire.sse import stopped_or
from domain.events import EVENT_TYPES, RunLinked
from store.log import Log, Recorded, Unavailable

IDLE_SECONDS = 1.0
_AWAY_SECONDS = 0.5
_AWAY = (OperationalError, PoolTimeout, Unavailable)
"""What a question to a database raises that is away for a while."""
_SOONEST_SECONDS = 0.002
_LATEST_SECONDS = 0.25
_MOST_NAMED = 500
_BATCH = 5_000

Reached = Callable[[Connection[Any]], Mapping[str, int]]
"""Asks the database how far each live read model is."""

ProjectsOf = Callable[[Connection[Any], Iterable[UUID]], set[UUID]]
"""The projects that these runs and tasks are cards of."""


@dataclass(slots=True)
class Change:
    """What was touched up to a position. ``everything``: too much to name, look at all again."""

    position: int
    runs: set[UUID] = field(default_factory=set)
    tasks: set[UUID] = field(default_factory=set)
    projects: set[UUID] = field(default_factory=set)
    processes: set[str] = field(default_factory=set)
    everything: bool = False

    def add(self, later: Change) -> None:
        """Take a later change into this one."""
        self.position = later.position
        self.runs |= later.runs
        self.tasks |= later.tasks
        self.projects |= later.projects
        self.processes |= later.processes
        named = len(self.runs) + len(self.tasks) + len(self.projects) + len(self.processes)
        self.everything |= later.everything or named > _MOST_NAMED

    def told(self) -> dict[str, Any]:
        """As it is sent."""
        if self.everything:
            return {"position": self.position, "everything": True}
        return {
            "position": self.position,
            "everything": False,
            "runs": sorted(map(str, self.runs)),
            "tasks": sorted(map(str, self.tasks)),
            "projects": sorted(map(str, self.projects)),
            "processes": sorted(self.processes),
        }


class Subscriber:
    """One open stream: what it has not been told yet, merged, so that a slow one costs no more than a quick one."""

    def __init__(self) -> None:
        self._pending: Change | None = None
        self._something = asyncio.Event()

    def put(self, change: Change) -> None:
        """Something changed."""
        if self._pending is None:
            self._pending = Change(0)
        self._pending.add(change)
        self._something.set()

    async def something(self, seconds: float) -> None:
        """Wait until there is something to take, or until time is up."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return

    def take(self) -> Change | None:
        """Everything that came since the last time, as one change."""
        self._something.clear()
        change, self._pending = self._pending, None
        return change


class Hub:
    """Knows how far the read models are; wakes who waits for a position, and tells the open streams what changed."""

    def __init__(
        self,
        log: Log,
        pool: ConnectionPool[Connection[Any]],
        stopping: asyncio.Event,
        reached: Reached,
        projects_of: ProjectsOf,
    ) -> None:
        self._log = log
        self._pool = pool
        self._stopping = stopping
        self._reached = reached
        self._projects_of = projects_of
        self._subscribers: set[Subscriber] = set()
        self._wanted = asyncio.Event()
        self._moved = asyncio.Condition()
        self._waiting = 0
        self._told: int | None = None
        self.positions: Mapping[str, int] = {}

    @property
    def position(self) -> int:
        """Where the slowest read model was when this was last asked."""
        return min(self.positions.values(), default=0)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[Subscriber]:
        """A stream of changes for as long as the context lasts."""
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        self._wanted.set()
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    async def reach(self, position: int, seconds: float) -> None:
        """Wait until every read model has reached a position, or until time is up."""
        self._waiting += 1
        self._wanted.set()
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self.position >= position or self._stopping.is_set())
        except TimeoutError:
            return
        finally:
            self._waiting -= 1

    async def since(self, position: int) -> Change:
        """What changed after ``position``, up to where the read models are now."""
        await self._look()
        reached = self.position
        self._told = reached if self._told is None else self._told
        return await run_in_threadpool(self._changes, position, reached)

    async def run(self) -> None:
        """Follow until the server stops; idle while nobody listens or waits, patient while the database is away."""
        pause = _SOONEST_SECONDS
        while not await self._nobody_cares():
            try:
                await self._look()
                reached = self.position
                await self._tell(reached)
            except _AWAY:
                await stopped_or(self._stopping, asyncio.sleep(_AWAY_SECONDS))
                continue
            behind = self._log.follower.head > reached
            pause = min(pause * 1.5, _LATEST_SECONDS) if behind else _SOONEST_SECONDS
            wait = asyncio.sleep(pause) if behind else self._log.follower.wait_async(reached, IDLE_SECONDS)
            await stopped_or(self._stopping, wait)
        async with self._moved:
            self._moved.notify_all()

    async def _nobody_cares(self) -> bool:
        """Wait until somebody listens or waits; whether the server stops instead."""
        if not self._subscribers and not self._waiting:
            self._wanted.clear()
            return await stopped_or(self._stopping, self._wanted.wait())
        return self._stopping.is_set()

    async def _look(self) -> None:
        positions = await run_in_threadpool(self._ask)
        if positions != self.positions:
            async with self._moved:
                self.positions = positions
                self._moved.notify_all()

    def _ask(self) -> Mapping[str, int]:
        with self._pool.connection() as connection:
            return self._reached(connection)

    async def _tell(self, reached: int) -> None:
        """Tell what came since the last time; at first nothing, because every stream begins with what it missed."""
        told = self._told
        if told is not None and reached > told and self._subscribers:
            change = await run_in_threadpool(self._changes, told, reached)
            for subscriber in self._subscribers:
                subscriber.put(change)
        self._told = max(reached, self._told or 0)

    def _changes(self, after: int, upto: int) -> Change:
        change = Change(upto)
        if upto - after > _BATCH:
            change.everything = True
            return change
        for event in self._log.read(after, max(upto - after, 0)):
            _note(change, event)
        with self._pool.connection() as connection:
            change.projects |= self._projects_of(connection, change.runs | change.tasks)
        return change


def _note(change: Change, event: Recorded) -> None:
    data = orjson.loads(event.data)
    known = EVENT_TYPES.get(event.type)
    match None if known is None else known.aggregate:
        case "run":
            change.runs.add(event.stream)
        case "task":
            change.tasks.add(event.stream)
        case "project":
            change.projects.add(event.stream)
        case "process":
            change.processes.add(data["process"])
        case "recurrence" | "person" | "group" | "view" | "rights" | None:
            change.everything = True  # rare, and shown in many places; or of a newer release
    if event.type == RunLinked.type:
        change.everything = True  # nobody knows any more which board it left
    elif data.get("project"):
        change.projects.add(UUID(data["project"]))
