"""The one thread of a process that appends: it collects what waits, sends it as one group, and tells each caller."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import Connection

from store.call import Call
from store.connect import connect
from store.errors import InvalidEvent, LogError, OutcomeUnknown, Overloaded, Stopped, Unavailable
from store.group import RETIRE, SETTLE, Verdicts, arguments, outcomes
from store.unit import Announce, Outcome, Unit, Wakeups

MAX_UNITS = 512
MAX_BYTES = 4 * 1024 * 1024
_RECONNECT_SECONDS = 0.05


class Writer:
    """Started and stopped by the Log. ``patience_seconds``: how long callers wait for a database that went away."""

    def __init__(self, url: str, announce: Announce, *, patience_seconds: float, max_waiting: int) -> None:
        self._url = url
        self._announce = announce
        self._patience = patience_seconds
        self._max_waiting = max_waiting
        self._id: UUID = uuid4()
        self._turn = 0
        self._queue: SimpleQueue[Unit | list[Unit] | None] = SimpleQueue()
        self._people: deque[Unit] = deque()
        self._bulk: deque[list[Unit]] = deque()
        self._bulk_next = False
        self._connection: Connection | None = None
        self._call: Call | None = None
        self._trouble_since: float | None = None
        self._lost_an_answer = False
        self._stopping = Event()
        self._stopped = True
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to write; a second call does nothing."""
        if self._thread is None:
            self._id, self._turn, self._lost_an_answer = uuid4(), 0, False
            self._stopping.clear()
            self._stopped = False
            self._thread = Thread(target=self._run, name="log writer", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end; a second call does nothing."""
        if self._thread is not None:
            self._stopping.set()
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def put(self, unit: Unit) -> None:
        """Queue what one caller sends; its ticket is told the outcome."""
        if self._queue.qsize() + len(self._people) >= self._max_waiting:
            raise Overloaded(f"{self._max_waiting} appends wait already")
        self._put(unit)

    def put_bulk(self, units: list[Unit]) -> None:
        """Queue a group of bulk work: it is sent as it is, between the groups of people."""
        self._put(units)

    def _put(self, work: Unit | list[Unit]) -> None:
        if self._stopping.is_set() or self._stopped:
            raise Stopped("the log is not running")
        self._queue.put(work)
        if self._has_ended():  # in between: nobody else will answer
            self._refuse_waiting()

    def _has_ended(self) -> bool:
        return self._stopped

    # -- the thread: collect

    def _run(self) -> None:
        try:
            while self._collect():
                self._send(self._next_group())
        finally:  # also when it fails: nobody may wait for a thread that is gone
            self._retire()
            self._stopped = True
            self._refuse_waiting()

    def _collect(self) -> bool:
        """Wait for something to write; False when the log was stopped and nothing is left."""
        while not (self._people or self._bulk):
            if self._stopping.is_set() and self._queue.empty():
                return False
            self._take(self._queue.get())
        for _ in range(self._queue.qsize()):
            self._take(self._queue.get())
        return True

    def _take(self, work: Unit | list[Unit] | None) -> None:
        if isinstance(work, list):
            self._bulk.append(work)
        elif work is not None:
            self._people.append(work)

    def _next_group(self) -> list[Unit]:
        """People first, one group of bulk work in between; never mixed: bulk work makes nobody's group larger."""
        if self._bulk and (self._bulk_next or not self._people):
            self._bulk_next = False
            return self._bulk.popleft()
        self._bulk_next = True
        return _fill(self._people)

    def _refuse_waiting(self) -> None:
        while not self._queue.empty():
            self._take(self._queue.get())
        waiting = [*self._people, *(unit for units in self._bulk for unit in units)]
        self._people.clear()
        self._bulk.clear()
        for unit in waiting:  # one by one: whoever sent several may not come to wait for all of them
            _deliver([unit], [Stopped("the log was stopped")])

    def _retire(self) -> None:
        """Take the own row away, unless a lost group might still come and must find it."""
        if self._connection is not None and not self._lost_an_answer:
            with suppress(psycopg.Error):  # rows that stay are removed by a later writer
                self._connection.execute(RETIRE, [self._id])
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- the thread: send

    def _send(self, group: list[Unit]) -> None:
        try:
            while not self._attempt(group):
                pass  # certainly not stored, so it may be sent again
        except (Unavailable, OutcomeUnknown) as error:
            _deliver(group, [type(error)(str(error)) for _ in group])
        except psycopg.Error as error:
            self._refused(group, error)
        except Exception as error:  # a bug: it ends the thread, and its callers hear of it
            _deliver(group, [OutcomeUnknown(f"the writer failed: {error!r}") for _ in group])
            raise

    def _refused(self, group: list[Unit], error: psycopg.Error) -> None:
        """The database said no to the whole call, and is still there: nothing was stored."""
        if len(group) == 1 or isinstance(error, psycopg.OperationalError):
            _deliver(group, [_meaning(error) for _ in group])
            return
        for unit in group:  # one of them is at fault: its neighbours must not suffer
            self._send([unit])

    def _attempt(self, group: list[Unit]) -> bool:
        """Send once; False when it is certain that nothing was stored."""
        call = self._connected()
        self._turn += 1
        try:
            call.launch(arguments(self._id, self._turn, group))
            verdicts: Verdicts | None = call.land()
        except psycopg.Error:
            if not self._lost():
                raise
            verdicts = self._settle()
        if verdicts is None:
            return False
        self._tell(group, verdicts)
        return True

    def _tell(self, group: list[Unit], verdicts: Verdicts) -> None:
        stored = sum(
            [unit.events for unit, letter in zip(group, verdicts.letters, strict=True) if letter == "a"]
        )
        if stored:
            self._announce(verdicts.base + stored)
        _deliver(group, list(outcomes(self._ask, group, verdicts)))

    def _ask(self, statement: str, parameters: list[object]) -> list[tuple[Any, ...]]:
        """Read what an outcome needs; a connection lost meanwhile changes no verdict."""
        while True:
            connection = self._open(unknown=True)
            try:
                return connection.execute(statement.encode(), parameters).fetchall()
            except psycopg.Error as error:
                if not connection.closed:
                    raise OutcomeUnknown(f"stored answers could not be read: {error}") from error

    # -- the thread: a database that went away

    def _lost(self) -> bool:
        return self._connection is None or self._connection.closed

    def _settle(self) -> Verdicts | None:
        """The verdicts of the group whose answer was lost; None when it was not stored and never will be."""
        self._lost_an_answer = True
        while True:
            connection = self._open(unknown=True)
            try:
                row = connection.execute(SETTLE, [self._id, self._turn]).fetchone()
            except psycopg.OperationalError as error:
                self._wait_in_trouble(error, unknown=True)
            else:
                assert row is not None
                base, letters = row
                return None if letters is None else Verdicts(base, letters, None, None)

    def _connected(self) -> Call:
        connection = self._open(unknown=False)
        self._trouble_since = None
        if self._call is None:
            self._call = Call(connection)
        return self._call

    def _open(self, *, unknown: bool) -> Connection:
        while self._connection is None or self._connection.closed:
            self._call = None
            try:
                self._connection = connect(self._url, "writer")
            except psycopg.OperationalError as error:
                self._wait_in_trouble(error, unknown=unknown)
        return self._connection

    def _wait_in_trouble(self, error: psycopg.Error, *, unknown: bool) -> None:
        """Pause before the next try, or give up: callers have waited long enough."""
        now = monotonic()
        self._trouble_since = since = self._trouble_since or now
        if now - since > self._patience or self._stopping.is_set():
            raise (OutcomeUnknown if unknown else Unavailable)(f"the database is away: {error}") from error
        self._stopping.wait(_RECONNECT_SECONDS)


def _fill(waiting: deque[Unit]) -> list[Unit]:
    """The next group: in order, up to the limits, no command id twice (the second one waits for the first's answer)."""
    group: list[Unit] = []
    commands: set[str] = set()
    size = 0
    while waiting and len(group) < MAX_UNITS and size < MAX_BYTES:
        unit = waiting[0]
        if unit.command is not None:
            if unit.command.id in commands:
                break
            commands.add(unit.command.id)
        size += unit.size
        group.append(waiting.popleft())
    return group


def _deliver(group: Sequence[Unit], results: Sequence[Outcome]) -> None:
    wakeups = Wakeups()
    for unit, outcome in zip(group, results, strict=True):
        unit.ticket.deliver(outcome, wakeups)
    wakeups.send()


def _meaning(error: psycopg.Error) -> LogError:
    """What a caller is told when the database refused: its event's fault, or the database's."""
    if isinstance(error, psycopg.DataError):
        return InvalidEvent(f"the database cannot store this event: {error}")
    return Unavailable(f"the database refused: {error}")
