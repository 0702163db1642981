"""Follows a change of the organisation's calendar: the dues of all open steps are set anew, some runs at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import structlog

from application.asked import Asked
from application.blocking import finish
from application.milepost import Milepost
from application.on_run import BY_MACHINE, on_run
from domain.definition import Definition
from domain.events import Event
from domain.run import Run, recompute_dues
from domain.schedule import Calendar
from domain.words import MACHINE
from projections.machine import alarm_queries
from store import followed
from store.errors import Conflict
from workers.duty import NOBODYS
from workers.trouble import described

RUNS = 100
"""Runs between two notes of how far the change is: so many are looked at again after a crash, without harm."""

log = structlog.get_logger(__name__)


class CalendarChange:
    """Compares the calendar of the settings with the one that dues follow."""

    def __init__(self, app: Milepost, calendar: Calendar, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._calendar = calendar
        self._clock = clock
        self._done = False

    def advance(self, connection: psycopg.Connection[Any]) -> bool:
        """Set the dues of some more runs; whether there may be more to do. Resumes where it was interrupted."""
        if self._done:
            return False
        standing, name = followed.get(connection), self._calendar.name
        if standing.name == name and standing.changing_to is None:
            self._done = True
            return False
        if standing.changing_to != name:
            followed.begin(connection, name)
            return True
        runs = alarm_queries.active_runs(connection, standing.after_run, RUNS)
        try:
            for run in runs:
                self._follow(run)
        except Conflict:  # others write to a run again and again: these runs are gone through once more
            return True
        if runs:
            followed.move(connection, name, runs[-1])
        else:
            followed.end(connection, name)
        return True

    def _follow(self, stream: UUID) -> None:
        try:
            finish(on_run(self._app, stream, Asked(MACHINE, self._clock()), BY_MACHINE, self._recomputed))
        except NOBODYS:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of one run is told, and stops no other
            log.error("dues_not_recomputed", run=str(stream), **described(error))

    def _recomputed(self, run: Run, definition: Definition) -> list[Event]:
        return recompute_dues(run, definition, by=MACHINE, at=self._clock(), calendar=self._calendar)
