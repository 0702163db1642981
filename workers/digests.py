"""Queues the digests of runs when their time has come: each once, and none for the time that a worker was away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from application.asked import Asked
from application.blocking import finish
from application.definitions import UnknownVersion
from application.milepost import Milepost
from application.on_run import BY_MACHINE, on_run
from domain.definition import Definition
from domain.document import Digest
from domain.events import Event
from domain.run import Run
from domain.run.digests import newest, queue_digest
from domain.schedule import Calendar
from domain.words import MACHINE
from projections.machine.digest_queries import RunningVersion, digest_runs, running_versions
from store.errors import Conflict
from store.log import Log
from workers.apart import Apart
from workers.duty import Duty

LOOK_SECONDS = 30.0
"""A digest tells of days; nobody misses half a minute."""


class Digests:
    """One round: every digest that has come is queued. ``clock`` says what time it is."""

    def __init__(self, app: Milepost, calendar: Calendar, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._calendar = calendar
        self._clock = clock
        self._apart = Apart("digest_not_queued")
        self._queued: dict[UUID, int] = {}
        """The newest digest of each run that this worker dealt with, so that a run is read only when one is due."""

    async def once(self) -> float:
        """Queue what has come; the seconds until the next look."""
        await asyncio.to_thread(self._once)
        return LOOK_SECONDS

    def _once(self) -> None:
        at = self._clock()
        for process, version in self._versions():
            try:
                definition = self._app.definition(process, version)
            except UnknownVersion:
                continue  # runs that follow it are parked, and health says so
            digest = definition.document.digest
            if digest is not None and digest.to:
                self._look(definition, digest, at)

    def _versions(self) -> list[RunningVersion]:
        with self._app.started_log.lend() as connection:
            return running_versions(connection)

    def _look(self, definition: Definition, digest: Digest, at: datetime) -> None:
        with self._app.started_log.lend() as connection:
            found = digest_runs(connection, definition.process, definition.version, digest.after)
        for run, start in found:
            known = self._queued.get(run, 0)
            number = newest(digest, start, at, self._calendar, known)
            if number <= known or self._apart.rests(run):
                continue
            with self._apart.each(run, run=str(run)):
                if self._queue(run, definition, at):
                    self._queued[run] = number

    def _queue(self, stream: UUID, definition: Definition, at: datetime) -> bool:
        """Whether it was decided; a run that keeps changing just now is left for the next look."""

        def decide(run: Run, followed: Definition) -> Sequence[Event]:
            if run.imported or followed.version != definition.version:
                return []
            return queue_digest(run, definition, by=MACHINE, at=at, calendar=self._calendar)

        try:
            finish(on_run(self._app, stream, Asked(MACHINE, at), BY_MACHINE, decide))
        except Conflict:
            return False
        return True


def digests(database_url: str, growing: Log, calendar: Calendar, clock: Callable[[], datetime]) -> Duty:
    """The duty of a worker."""
    return Duty("digests", database_url, Digests(Milepost(growing, calendar=calendar), calendar, clock))
