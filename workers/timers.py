"""The timer: fires every alarm that has come, the oldest first and each once, and follows changes of the calendar.

What has come is read from the read model of alarms; whether it still has to be done is decided by the rules of the
run on its newest state. A row carries the version of its stream, so what follows from it is appended for exactly that
version, many runs at a time; only where a run has moved on is it loaded and decided again. Doing it twice, late, on two
machines or with a clock that goes backwards therefore changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event as Flag
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import structlog

from application.milepost import Milepost
from domain.directory import EMPTY
from domain.events import Event
from domain.run import RUN, Run, fire
from domain.run.firing import glimpse, needs_whole_run
from domain.schedule import Calendar
from domain.words import MACHINE
from projections.machine import alarm_queries
from projections.machine.alarm_queries import Come
from store.errors import Conflict, InvalidEvent, LogError
from store.events import StreamEvent, in_stream
from store.log import Log
from workers.calendar_change import CalendarChange
from workers.duty import NOBODYS, Duty
from workers.staff import Staff
from workers.trouble import described

PAGE = 1_000
"""Alarms that are fired together."""
LOOK_SECONDS = 1.0
"""How long nobody looks for an alarm at most: one that was set meanwhile comes so much too late."""
AGAIN_SECONDS = 0.1
BEHIND_EVENTS = 500
PATIENCE_SECONDS = 10.0
"""How long a timer that starts waits for the read models to know everything that happened while it was away."""

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]


def now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def timers(database_url: str, growing: Log, calendar: Calendar) -> Duty:
    """The duty of a worker."""
    return Duty("timers", database_url, Timers(growing, calendar))


class _Standing(NamedTuple):
    """A run as far as it is known here, and the version of its stream."""

    version: int
    run: Run

    def after(self, events: Iterable[Event]) -> _Standing:
        found = list(events)
        return _Standing(self.version + len(found), RUN.fold(found, self.run) or self.run)


class Timers:
    """One round after the other of looking at the clock."""

    def __init__(self, growing: Log, calendar: Calendar, clock: Clock = now) -> None:
        """``growing`` is a started log; ``clock`` gives aware instants and may go backwards."""
        self._log = growing
        self._staff = Staff(growing)
        self._app = Milepost(growing, calendar=calendar)
        self._calendar = calendar
        self._clock = clock
        self._change = CalendarChange(self._app, calendar, clock)
        self._handled: dict[tuple[Any, ...], int] = {}
        self._stopping = Flag()
        self._ready_at: float | None = None

    async def once(self) -> float:
        """Fire what has come; the seconds until the next look. When cancelled, the page at hand is finished first."""
        round_ = asyncio.get_running_loop().run_in_executor(None, self.round)
        try:
            return await asyncio.shield(round_)
        except asyncio.CancelledError:
            self._stopping.set()
            with suppress(psycopg.Error, LogError, TimeoutError, OSError):
                await round_
            raise

    def round(self) -> float:
        """As ``once``, for a thread."""
        with self._log.lend() as connection:
            if not alarm_queries.are_made(connection) or not self._knows_the_past(connection):
                return AGAIN_SECONDS
            if self._change.advance(connection):
                return 0.0
            if self._fire_all(connection):
                return AGAIN_SECONDS
            return self._pause_seconds(alarm_queries.next_alarm(connection, self._clock()))

    def _knows_the_past(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether the read models have caught up once; they are waited for so that alarms come in their order."""
        if self._ready_at is None:
            self._ready_at = monotonic() + PATIENCE_SECONDS
        if monotonic() < self._ready_at and alarm_queries.events_behind(connection) > BEHIND_EVENTS:
            return False
        self._ready_at = 0.0
        return True

    def _fire_all(self, connection: psycopg.Connection[Any]) -> bool:
        """Page by page through everything that has come; whether anything was done."""
        seen: dict[tuple[Any, ...], int] = {}
        last: Come | None = None
        fired = False
        while not self._stopping.is_set():
            page = alarm_queries.come(connection, self._clock(), last, PAGE)
            new = [row for row in page if self._handled.get(row.key) != row.version]
            if new:
                self._fire(new)
                fired = True
            seen |= {row.key: row.version for row in page}
            if len(page) < PAGE:
                break
            last = page[-1]
        self._handled = seen
        return fired

    def _fire(self, rows: list[Come]) -> None:
        """Append what follows from each, in order; runs that have moved on meanwhile are decided anew."""
        present = self._clock()
        lost = self._store(list(self._decided(rows, present)))
        for row in rows:
            if row.run in lost:
                self._execute(row, present)

    def _store(self, runs: list[list[StreamEvent]]) -> set[UUID]:
        """The runs whose events were not taken. One that cannot be stored at all is found by trying each alone."""
        try:
            return {conflict.stream for conflict in self._app.save_bulk(runs).conflicts} if runs else set()
        except InvalidEvent:
            return {events[0].originator_id for events in runs}

    def _decided(self, rows: list[Come], present: datetime) -> Iterable[list[StreamEvent]]:
        known: dict[UUID, _Standing] = {}
        of_run: dict[UUID, list[Come]] = {}
        for row in rows:
            of_run.setdefault(row.run, []).append(row)
        for row in rows:
            try:
                standing = known.get(row.run) or self._standing(of_run[row.run])
                events = self._decide(standing.run, row, present)
                meta = {"process": standing.run.process, "process_version": standing.run.process_version}
            except NOBODYS:
                raise
            except Exception as error:  # noqa: BLE001 - a defect of one run is told, and stops no other
                self._told(row, error)
                continue
            if events:
                yield in_stream(row.run, standing.version, events, meta)
                if row is not of_run[row.run][-1]:
                    known[row.run] = standing.after(events)

    def _standing(self, rows: list[Come]) -> _Standing:
        """The run as its rows tell it where that is enough, else as it is."""
        first = rows[0]
        definition = self._app.definition(first.process, first.process_version)
        if any(needs_whole_run(definition, row.step, row.alarm) for row in rows):
            loaded = self._app.load_version(RUN, first.run)
            return _Standing(loaded[0], loaded[1] or Run())
        seen = [row.seen for row in rows]
        return _Standing(first.version, glimpse(first.process, first.process_version, first.imported, seen))

    def _decide(self, run: Run, row: Come, present: datetime) -> list[Event]:
        """What follows from the alarm; it is recorded as of now, and never as of before its instant."""
        definition = self._app.definition(run.process, run.process_version)
        at = max(present, row.at)
        told = (run, definition, row.step, row.alarm)
        moves_on = needs_whole_run(definition, row.step, row.alarm)
        staff = self._staff.recently() if moves_on else EMPTY
        return fire(*told, by=MACHINE, at=at, calendar=self._calendar, directory=staff)

    def _execute(self, row: Come, present: datetime) -> None:
        """The careful way: on the newest state, again when that changes under it."""
        meta = {"process": row.process, "process_version": row.process_version}
        try:
            self._app.execute(RUN, row.run, lambda run: self._decide(run or Run(), row, present), meta=meta)
        except (
            Conflict
        ):  # others write to this run again and again: its row will change, and be looked at again
            return
        except NOBODYS:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of one run is told, and stops no other
            self._told(row, error)

    def _told(self, row: Come, error: Exception) -> None:
        """The alarm stays open: health shows how long, and it is tried again when its run changes."""
        log.error("alarm_failed", run=str(row.run), step=row.step, alarm=row.alarm, **described(error))

    def _pause_seconds(self, next_at: datetime | None) -> float:
        if next_at is None:
            return LOOK_SECONDS
        return min(max((next_at - self._clock()).total_seconds(), 0.0), LOOK_SECONDS)
