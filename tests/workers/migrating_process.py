"""A worker that migrates and can die anywhere: `python -m tests.workers.migrating_process '{"url": …, "dies": …}'`."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from store import migration_jobs
from store.log import Log
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
    mortal = Mortal(told["url"], log, OFFICE, lambda: datetime.now(UTC))
    mortal.dies = told.get("dies", "")
    _before(mortal, "mark", "after_append")
    _before(mortal, "finish", "before_finish")
    while mortal.round() == 0.0:
        pass


if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    with Log(settings["url"], durable=False) as opened:
        work(settings, opened)
