"""Waits for the log to grow: woken by notifications, with a poll behind them."""

from __future__ import annotations

import asyncio
import os
from select import POLLIN, poll
from threading import Condition, Event, Thread

import psycopg
from psycopg import Connection

from store.announce import CHANNEL
from store.connect import connect

_HEAD = "select position from log.head"
_AWAY_SECONDS = 0.25

_Waiter = tuple[int, asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class Follower:
    """Knows the head of the log; threads and coroutines wait for it to pass a position, on one connection."""

    def __init__(self, url: str, *, poll_seconds: float = 0.25) -> None:
        """``poll_seconds`` bounds what a lost notification costs."""
        self._url = url
        self._poll_seconds = poll_seconds
        self._head = 0
        self._grown = Condition()
        self._waiters: set[_Waiter] = set()
        self._stopping = Event()
        self._bell: tuple[int, int] | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to follow; a second call does nothing."""
        if self._thread is None:
            self._stopping.clear()
            self._bell = os.pipe()
            self._thread = Thread(target=self._run, args=(self._bell[0],), name="log follower", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; whoever waits is released with the head as it was. A second call does nothing."""
        if self._thread is not None and self._bell is not None:
            self._stopping.set()
            os.write(self._bell[1], b"\0")
            self._release()
            self._thread.join()
            for end in self._bell:
                os.close(end)
            self._thread = self._bell = None

    @property
    def head(self) -> int:
        """The newest position this follower has heard of."""
        return self._head

    def note(self, head: int) -> None:
        """The log has grown to ``head`` (told by a writer in this process)."""
        if head > self._head:
            with self._grown:
                self._head = max(head, self._head)
                self._grown.notify_all()
            self._wake_coroutines()

    def wait(self, after: int, timeout: float) -> int:
        """Block until the head is above ``after`` or ``timeout`` seconds are over; return the head."""
        if self._head <= after:
            with self._grown:
                self._grown.wait_for(lambda: self._head > after or self._stopping.is_set(), timeout)
        return self._head

    async def wait_async(self, after: int, timeout: float) -> int:  # noqa: ASYNC109 - the same shape as wait()
        """As ``wait``, for a coroutine."""
        if self._head > after:
            return self._head
        loop = asyncio.get_running_loop()
        waiter = (after, loop, loop.create_future())
        self._waiters.add(waiter)
        try:
            if self._head <= after and not self._stopping.is_set():
                await asyncio.wait([waiter[2]], timeout=timeout)
        finally:
            self._waiters.discard(waiter)
        return self._head

    def _release(self) -> None:
        with self._grown:
            self._grown.notify_all()
        self._wake_coroutines()

    def _wake_coroutines(self) -> None:
        for waiter in self._waiters.copy():
            after, loop, future = waiter
            if (self._head > after or self._stopping.is_set()) and not loop.is_closed():
                self._waiters.discard(waiter)
                loop.call_soon_threadsafe(_complete, future)

    def _run(self, bell: int) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._url, "follower") as connection:
                    connection.execute("listen " + CHANNEL)
                    self._listen(connection, bell)
            except psycopg.OperationalError:
                self._stopping.wait(_AWAY_SECONDS)  # the database is away: come back until it is there

    def _listen(self, connection: Connection, bell: int) -> None:
        either = poll()
        either.register(connection.fileno(), POLLIN)
        either.register(bell, POLLIN)
        while not self._stopping.is_set():
            row = connection.execute(_HEAD, prepare=True).fetchone()
            assert row is not None
            self.note(row[0])
            self._take(connection)
            while either.poll(self._poll_seconds * 1000) and not self._stopping.is_set():
                self._take(connection)

    def _take(self, connection: Connection) -> None:
        """What notifications have come so far."""
        for told in connection.notifies(timeout=0):
            self.note(int(told.payload))


def _complete(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
