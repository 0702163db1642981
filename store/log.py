"""The log: append in groups, read, scan, follow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from time import monotonic
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID

from psycopg import Connection, OperationalError
from psycopg_pool import PoolTimeout

from store import reading
from store.announce import Announcer
from store.bulk import Bulk, append_bulk
from store.connect import assert_durable, connect, make_lending_pool, make_pool
from store.errors import (
    CommandMismatch,
    Conflict,
    InvalidEvent,
    LogError,
    OutcomeUnknown,
    Overloaded,
    Repeated,
    Stopped,
    TooLarge,
    Unavailable,
    UnsafeServer,
)
from store.follower import Follower
from store.model import Accepted, Append, Command, NewEvent, Recorded, Row, StoredCommand
from store.told_process import with_process
from store.unit import CAP_BYTES, FutureTicket, LoopTicket, ThreadTicket, Unit
from store.writer import Writer

__all__ = [
    "CAP_BYTES",
    "Accepted",
    "Append",
    "Bulk",
    "Command",
    "CommandMismatch",
    "Conflict",
    "Follower",
    "InvalidEvent",
    "Log",
    "LogError",
    "NewEvent",
    "OutcomeUnknown",
    "Overloaded",
    "Recorded",
    "Repeated",
    "Row",
    "Stopped",
    "StoredCommand",
    "TooLarge",
    "Unavailable",
    "UnsafeServer",
]


T = TypeVar("T")
LENT = 8
"""Connections that are lent at a time: more than there are duties that keep one while they ask the log."""


class Log:
    """The log of one database, for all threads and coroutines of a process. Start it before use, stop it after."""

    def __init__(
        self,
        app_url: str,
        *,
        durable: bool = True,
        patience_seconds: float = 10.0,
        poll_seconds: float = 0.25,
        readers: int = 8,
        max_waiting: int = 10_000,
    ) -> None:
        """``durable=False`` accepts a server that may lose events (a test's own, in a temporary directory).

        ``patience_seconds``: how long an append waits for a database that went away. ``max_waiting``: more
        appends than this waiting at once are refused as Overloaded.
        """
        self._url = app_url
        self._durable = durable
        self._patience_seconds = patience_seconds
        self._pool = make_pool(app_url, "reader", readers)
        self._readers = readers
        self._lent = make_lending_pool(app_url, "worker", LENT)
        self._announcer = Announcer(app_url)
        self._writer = Writer(
            app_url, self._grown, patience_seconds=patience_seconds, max_waiting=max_waiting
        )
        self._id: UUID | None = None
        self.follower = Follower(app_url, poll_seconds=poll_seconds)

    def start(self) -> Self:
        """Check the server, then begin; a second call does nothing."""
        if self._id is None:
            with connect(self._url, "start") as connection:
                if self._durable:
                    assert_durable(connection)
                self._id = reading.log_id(connection)
            if self._pool.closed:
                self._pool = make_pool(self._url, "reader", self._readers)
                self._lent = make_lending_pool(self._url, "worker", LENT)
            self._pool.open()
            self._announcer.start()
            self._writer.start()
            self.follower.start()
        return self

    def stop(self) -> None:
        """Write what waits, then end; a second call does nothing."""
        if self._id is not None:
            self._id = None
            self._writer.stop()
            self._announcer.stop()
            self.follower.stop()
            self._lent.close()
            self._pool.close()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def id(self) -> UUID:
        """The name of this log, the same for every process on its database."""
        if self._id is None:
            raise Stopped("the log is not running")
        return self._id

    def append(self, appends: Sequence[Append], command: Command | None = None) -> Accepted:
        """Store all of these events or none; return when they are durable.

        Raises Conflict, Repeated, CommandMismatch, TooLarge, InvalidEvent, Overloaded, Unavailable, OutcomeUnknown.
        """
        ticket = ThreadTicket()
        self._writer.put(Unit(appends, command, ticket))
        return ticket.wait()

    def submit(self, appends: Sequence[Append], command: Command | None = None) -> Future[Accepted]:
        """As ``append``, without waiting."""
        ticket = FutureTicket()
        self._writer.put(Unit(appends, command, ticket))
        return ticket.future

    async def append_async(self, appends: Sequence[Append], command: Command | None = None) -> Accepted:
        """As ``append``, for a coroutine; the coroutines of one group are woken together."""
        ticket = LoopTicket(asyncio.get_running_loop())
        self._writer.put(Unit(appends, command, ticket))
        return await ticket.future

    def append_bulk(self, appends: Iterable[Append]) -> Bulk:
        """Store many appends, each on its own, in groups so small that nobody waits long behind them."""
        return append_bulk(self._writer, appends)

    def read(self, after: int, limit: int, types: Collection[str] | None = None) -> list[Recorded]:
        """Up to ``limit`` events above position ``after``, in order; only those of ``types`` when given."""
        return self.ask(lambda connection: reading.read(connection, after, limit, types))

    def read_to_tell(self, after: int, limit: int, types: Collection[str] | None = None) -> list[Recorded]:
        """As ``read``, for others to be told: each event of a run with its process, also where none was stored."""
        return self.ask(
            lambda connection: with_process(connection, reading.read(connection, after, limit, types))
        )

    def read_stream(self, stream: UUID, after_version: int = 0) -> list[Recorded]:
        """The events of one stream above a version, in order."""
        return self.ask(lambda connection: reading.read_stream(connection, stream, after_version))

    def read_streams(self, streams: Iterable[UUID]) -> dict[UUID, list[Recorded]]:
        """All events of each of these streams, in order; a stream without any is not there."""
        return self.ask(lambda connection: reading.read_streams(connection, streams))

    def select_stream(
        self,
        stream: UUID,
        after: int,
        upto: int | None,
        *,
        descending: bool = False,
        limit: int | None = None,
    ) -> list[Recorded]:
        """Events of one stream with versions above ``after`` up to ``upto``, from either end."""
        return self.ask(
            lambda connection: reading.select_stream(
                connection, stream, after, upto, limit, descending=descending
            )
        )

    def export(self, after: int, upto: int, batch: int = 5_000) -> Iterator[list[Recorded]]:
        """As ``scan``, with the hashes."""
        with connect(self._url, "export") as connection:
            yield from reading.export(connection, after, upto, batch)

    def hashes_before(self, position: int, streams: Iterable[UUID]) -> dict[UUID, tuple[int, bytes]]:
        """The last version and hash of each stream at or below ``position``."""
        return self.ask(lambda connection: reading.hashes_before(connection, position, streams))

    def scan(self, after: int, upto: int, batch: int = 5_000) -> Iterator[Sequence[Row]]:
        """Everything above ``after`` up to ``upto``, in order and in batches, on a connection of its own."""
        with connect(self._url, "scan") as connection:
            yield from reading.scan(connection, after, upto, batch)

    def connected(self, purpose: str) -> Connection:
        """A connection of one's own, to be closed: for what goes on for longer than a question."""
        return connect(self._url, purpose)

    def head(self) -> int:
        """The newest position, asked of the database; 0 for an empty log."""
        return self.ask(reading.head)

    def find_command(self, command: str) -> StoredCommand | None:
        """The accepted command with this id."""
        return self.ask(lambda connection: reading.find_command(connection, command))

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Ask on a pooled connection; one that turns out to be dead is replaced, as long as patience lasts.

        What is asked changes nothing. Raises Unavailable, and what ``question`` raises.
        """
        deadline = monotonic() + self._patience_seconds
        while True:
            try:
                with self._pool.connection(timeout=self._patience_seconds) as connection:
                    try:
                        return question(connection)
                    except OperationalError as error:
                        if not connection.closed or monotonic() > deadline:
                            raise Unavailable(f"the database did not answer: {error}") from error
            except PoolTimeout as error:
                raise Unavailable(f"the database is away: {error}") from error

    def lend(self) -> AbstractContextManager[Connection]:
        """A pooled connection that commits each statement, for who works beside the log on rows of its own.

        Raises psycopg's OperationalError while the database is away.
        """
        self._lent.open()  # the first time that one is wanted
        return self._lent.connection()

    def _grown(self, head: int) -> None:
        self.follower.note(head)
        self._announcer.announce(head)
