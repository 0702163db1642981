"""What one caller sends: checked, encoded, and told the outcome once."""

from __future__ import annotations

import asyncio
from _thread import allocate_lock
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from json import JSONDecodeError
from re import compile as pattern
from threading import get_ident, main_thread
from typing import Protocol
from uuid import UUID

import orjson

from store.arrays import instant_element, int_element, text_element
from store.errors import InvalidEvent, LogError, TooLarge
from store.model import Accepted, Append, Command, NewEvent

CAP_BYTES = 256 * 1024
"""The most bytes of data and meta that an event may have together."""

Outcome = Accepted | LogError
_MAIN_THREAD = main_thread().ident
_AWAKE = 2
"""Threads of one group that are woken at once; each of them wakes one more before it does anything else."""

_NUL_ESCAPE = pattern(r"(?<!\\)(?:\\\\)*\\u0000")


class Wakeups:
    """Who has to be woken for one group of outcomes."""

    __slots__ = ("_loops", "_threads")

    def __init__(self) -> None:
        self._threads: list[ThreadTicket] = []
        self._loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Accepted], Outcome]]] = {}

    def add_thread(self, ticket: ThreadTicket) -> None:
        """This thread waits, and certainly comes to pass the word on."""
        self._threads.append(ticket)

    def add_coroutine(
        self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Accepted], outcome: Outcome
    ) -> None:
        """A coroutine on this loop waits for this future."""
        self._loops.setdefault(loop, []).append((future, outcome))

    def send(self) -> None:
        """Wake them: the threads one after the other, the coroutines of a loop by one call into it.

        Only one thread can run at a time. Threads that were all woken at once would crowd at the interpreter's
        lock, and the writer, who has to send the next group, would stand in the same crowd.
        """
        for ticket, later in zip(self._threads, self._threads[_AWAKE:], strict=False):
            ticket.wakes(later)
        for ticket in self._threads[:_AWAKE]:
            ticket.wake()
        for loop, deliveries in self._loops.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_resolve, deliveries)


class Ticket(Protocol):
    """Where one caller waits for its outcome."""

    def deliver(self, outcome: Outcome, wakeups: Wakeups) -> None:
        """Called once, by the writer."""


class ThreadTicket:
    """A thread waits: one raw lock, far cheaper than a Future."""

    __slots__ = ("_interruptible", "_lock", "_next", "_outcome")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()
        self._next: ThreadTicket | None = None
        self._interruptible = get_ident() == _MAIN_THREAD

    def deliver(self, outcome: Outcome, wakeups: Wakeups) -> None:
        """Keep the outcome; the main thread, which a signal may have taken away, is woken apart from the others."""
        self._outcome = outcome
        if self._interruptible:
            self.wake()
        else:
            wakeups.add_thread(self)

    def wakes(self, later: ThreadTicket) -> None:
        """Once awake, this thread wakes that one."""
        self._next = later

    def wake(self) -> None:
        """Let the thread go on."""
        self._lock.release()

    def wait(self) -> Accepted:
        """Block until the outcome is there."""
        self._lock.acquire()
        if self._next is not None:
            self._next.wake()
            self._next = None
        if isinstance(self._outcome, Accepted):
            return self._outcome
        raise self._outcome


class FutureTicket:
    """Somebody holds a concurrent Future."""

    __slots__ = ("future",)

    def __init__(self) -> None:
        self.future: Future[Accepted] = Future()
        self.future.set_running_or_notify_cancel()

    def deliver(self, outcome: Outcome, wakeups: Wakeups) -> None:  # noqa: ARG002 - wakes by itself
        """Complete the Future."""
        if isinstance(outcome, Accepted):
            self.future.set_result(outcome)
        else:
            self.future.set_exception(outcome)


class LoopTicket:
    """A coroutine waits: all of a group on one loop are woken by one call into it."""

    __slots__ = ("_loop", "future")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.future: asyncio.Future[Accepted] = loop.create_future()

    def deliver(self, outcome: Outcome, wakeups: Wakeups) -> None:
        """Note it for the one call into the loop."""
        wakeups.add_coroutine(self._loop, self.future, outcome)


def _resolve(deliveries: Iterable[tuple[asyncio.Future[Accepted], Outcome]]) -> None:
    for future, outcome in deliveries:
        if future.done():  # its coroutine was cancelled
            continue
        if isinstance(outcome, Accepted):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)


class Unit:
    """All of one caller's appends, stored together or not at all, with every event encoded for the wire."""

    __slots__ = (
        "command", "counts", "datas", "events", "expected",
        "fingerprint", "metas", "occurred", "schema_versions", "size", "streams", "ticket", "types",
    )  # fmt: skip

    def __init__(self, appends: Sequence[Append], command: Command | None, ticket: Ticket) -> None:
        """Raises InvalidEvent or TooLarge when an event cannot be stored as it is."""
        self.ticket = ticket
        self.command = command
        self.fingerprint = _command_fingerprint(command)
        self.streams: list[UUID] = [append.stream for append in appends]
        self.expected = [append.expected_version for append in appends]
        self.counts = [len(append.events) for append in appends]
        self._encode([event for append in appends for event in append.events])

    def _encode(self, events: Sequence[NewEvent]) -> None:
        self.events = len(events)
        bodies = [_body(event) for event in events]
        self.types = b"".join([text_element(_utf8(event.type, "type")) for event in events])
        self.schema_versions = b"".join([int_element(event.schema_version) for event in events])
        self.datas = b"".join([text_element(data) for data, _ in bodies])
        self.metas = b"".join([text_element(meta) for _, meta in bodies])
        self.occurred = b"".join([instant_element(event.occurred_at) for event in events])
        self.size = len(self.datas) + len(self.metas)

    def conflict_at(self, item: int) -> tuple[UUID, int]:
        """The stream and expected version of the append at this place (from 1)."""
        return self.streams[item - 1], self.expected[item - 1]


def _body(event: NewEvent) -> tuple[bytes, bytes]:
    if event.occurred_at.tzinfo is None:
        raise InvalidEvent(f"event {event.type}: occurred_at has no time zone")
    data, meta = _json(event, "data", event.data), _json(event, "meta", event.meta)
    if len(data) + len(meta) > CAP_BYTES:
        raise TooLarge(event.type, len(data) + len(meta), CAP_BYTES)
    return data, meta


def _json(event: NewEvent, field: str, text: str) -> bytes:
    encoded = _utf8(text, f"event {event.type}: {field}")
    if len(encoded) > CAP_BYTES:
        raise TooLarge(event.type, len(encoded), CAP_BYTES)
    try:
        orjson.loads(encoded)
    except JSONDecodeError as error:
        raise InvalidEvent(f"event {event.type}: {field} is not JSON that can be stored: {error}") from error
    if "\\u0000" in text and _NUL_ESCAPE.search(text):
        raise InvalidEvent(f"event {event.type}: {field} holds a NUL character")
    return encoded


def _utf8(text: str, what: str) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidEvent(f"{what} holds a lone surrogate at character {error.start}") from error
    if b"\x00" in encoded:
        raise InvalidEvent(f"{what} holds a NUL character")
    return encoded


def fingerprint_text(command: Command) -> str:
    """The fingerprint as it is stored: bytes in hexadecimal."""
    return command.fingerprint.hex() if isinstance(command.fingerprint, bytes) else command.fingerprint


def _command_fingerprint(command: Command | None) -> str | None:
    if command is None:
        return None
    fingerprint = fingerprint_text(command)
    for what, text in (("command id", command.id), ("fingerprint", fingerprint), ("result", command.result)):
        _utf8(text, what)
    return fingerprint


Announce = Callable[[int], None]
"""Called with the new head after events were stored."""
