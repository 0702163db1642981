"""Waits for the log to grow: woken by notifications, with a poll behind them."""

from __future__ import annotations

import asyncio
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
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to follow; a second call does nothing."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = Thread(target=self._run, name="log follower", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; whoever waits is released with the head as it was. A second call does nothing."""
        if self._thread is not None:
            self._stopping.set()
            self._release()
            self._thread.join()
            self._thread = None

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

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._url, "follower") as connection:
                    connection.execute("listen " + CHANNEL)
                    self._listen(connection)
            except psycopg.OperationalError:
                self._stopping.wait(_AWAY_SECONDS)  # the database is away: come back until it is there

    def _listen(self, connection: Connection) -> None:
        while not self._stopping.is_set():
            row = connection.execute(_HEAD, prepare=True).fetchone()
            assert row is not None
            self.note(row[0])
            quiet = False
            while not quiet and not self._stopping.is_set():
                quiet = True
                for told in connection.notifies(timeout=self._poll_seconds, stop_after=1):
                    quiet = False
                    self.note(int(told.payload))


def _complete(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
