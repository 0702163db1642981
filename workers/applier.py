"""Applies what the log holds to the read models, in a thread of its own: one catch-up at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Protocol

import psycopg
import structlog

from workers.reached import Reached

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 0.25

log = structlog.get_logger(__name__)


class Growth(Protocol):
    """What tells that the log has grown: the log's follower, and whoever notes a position in it."""

    def wait(self, after: int, timeout: float) -> int:
        """The head, once it is above ``after`` or ``timeout`` seconds are over."""

    def note(self, head: int) -> None:
        """The log has grown to ``head``."""


class Applier:
    """Runs ``catch_up`` (applies up to the head, returns the position reached) when the log grows, and now and then."""

    def __init__(
        self,
        catch_up: Callable[[], int],
        growth: Growth,
        *,
        poll_seconds: float = 0.25,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        """``on_failure`` hears of what no waiting will cure, from the applier's thread; the applier has ended then."""
        self._catch_up = catch_up
        self._growth = growth
        self._poll_seconds = poll_seconds
        self._on_failure = on_failure
        self._reached = Reached()
        self._stopping = Event()
        self._thread: Thread | None = None
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self.away = False

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = Thread(target=self._run, name="applier", daemon=True)
            self._thread.start()

    def stop(self, within_seconds: float = 15.0) -> None:
        """Finish what is at hand, then end; a second call does nothing."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join(within_seconds)
            self._thread = None

    @property
    def position(self) -> int:
        """The position up to which the read models are applied, as far as this process knows."""
        return self._reached.position

    async def reach(self, position: int, within_seconds: float) -> bool:
        """Wait until the read models reflect ``position``; False when they do not in time."""
        self._growth.note(position)
        return await self._reached.wait(position, within_seconds)

    def _run(self) -> None:
        seen, due = 0, 0.0
        while not self._stopping.is_set():
            head = self._growth.wait(max(seen, self.position), min(self._poll_seconds, LONGEST_WAIT_SECONDS))
            if self._stopping.is_set() or (head <= seen and time.monotonic() < due):
                continue
            seen, due = max(seen, head), time.monotonic() + self._poll_seconds
            try:
                self._apply()
            except Exception as error:  # noqa: BLE001 - a bug: told to whoever runs us, who ends the process
                self._reached.end()
                self._on_failure(error)
                return

    def _apply(self) -> None:
        try:
            position = self._catch_up()
        except psycopg.OperationalError as error:
            self._wait_for_database(error)
        else:
            self.away, self._pause_seconds = False, FIRST_PAUSE_SECONDS
            self._reached.note(position)

    def _wait_for_database(self, error: Exception) -> None:
        log.warning("database_away", reason=type(error).__name__)
        self.away = True
        self._stopping.wait(self._pause_seconds)
        self._pause_seconds = min(self._pause_seconds * 2, LONGEST_PAUSE_SECONDS)
