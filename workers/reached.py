"""A position that grows in one thread and is waited for by coroutines of another."""

from __future__ import annotations

import asyncio
from threading import Lock

_Waiter = tuple[int, asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class Reached:
    """The largest position noted so far."""

    def __init__(self) -> None:
        self.position = 0
        self._ended = False
        self._lock = Lock()
        self._waiters: list[_Waiter] = []

    def note(self, position: int) -> None:
        """This position is reached; wakes whoever waits for it. From any thread."""
        with self._lock:
            self.position = max(self.position, position)
            woken = [waiter for waiter in self._waiters if waiter[0] <= self.position]
            self._waiters = [waiter for waiter in self._waiters if waiter[0] > self.position]
        for _, loop, future in woken:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_complete, future)

    def end(self) -> None:
        """Nothing more will be reached: nobody waits any longer. From any thread."""
        with self._lock:
            self._ended, woken, self._waiters = True, self._waiters, []
        for _, loop, future in woken:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_complete, future)

    async def wait(self, position: int, within_seconds: float) -> bool:
        """Whether the position is reached in time."""
        loop = asyncio.get_running_loop()
        waiter = (position, loop, loop.create_future())
        with self._lock:
            if self._ended or self.position >= position:
                return self.position >= position
            self._waiters.append(waiter)
        await asyncio.wait([waiter[2]], timeout=within_seconds)
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return self.position >= position


def _complete(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
