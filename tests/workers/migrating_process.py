"""A worker that migrates and can die anywhere; to be run in a process of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from store import migration_jobs
from store.log import Log
from tests.support.people import letting
from tests.workers.deeds import OFFICE
from workers.migrations import Migrations


class Mortal(Migrations):
    """Migrates as the worker does, and ends without a word at one point."""

    dies = ""

    def _migrate(self, *told: Any) -> None:
        super()._migrate(*told)
        self.reach("after_mark")

    def _queue(self, *told: Any) -> bool:
        queued = super()._queue(*told)
        self.reach("after_mail")
        return queued

    def reach(self, point: str) -> None:
        """Die, if it is here."""
        if point == self.dies:
            os.kill(os.getpid(), signal.SIGKILL)


def _before(mortal: Mortal, name: str, point: str) -> None:
    """Let this writing of the list be a point at which it can die, just before."""
    write: Callable[..., None] = getattr(migration_jobs, name)

    def write_or_die(*told: Any) -> None:
        mortal.reach(point)
        write(*told)

    setattr(migration_jobs, name, write_or_die)


def work(told: dict[str, Any], log: Log) -> None:
    """Until there is nothing to do."""
    mortal = letting(Mortal(log, OFFICE, lambda: datetime.now(UTC)))
    mortal.dies = told.get("dies", "")
    _before(mortal, "mark", "after_append")
    _before(mortal, "finish", "before_finish")
    while mortal.round() == 0.0:
        pass


def main(told: dict[str, Any]) -> None:
    """Migrate in the log at ``url``; ``dies`` names the point at which it ends without a word."""
    with Log(told["url"], durable=False) as log:
        work(told, log)
