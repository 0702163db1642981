"""Watches progress, not connections: a worker that should apply and does not subscribes anew, then gives itself up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import structlog

Verdict = Literal["fine", "resubscribe", "give_up"]

log = structlog.get_logger(__name__)


class NoProgress(Exception):
    """The log is ahead of the read models, the database answers, and nothing was applied for too long."""


@dataclass
class Watchdog:
    """Judges progress over time: standing still costs a new subscription, twice as long the process."""

    patience_seconds: float = 10.0
    _progress: int = -1
    _since: float = 0.0
    _resubscribed: bool = False

    def judge(self, progress: int, now: float, *, behind: bool) -> Verdict:
        """What to do, given whether we are behind the log, a number that applying changes, and the time."""
        if not behind or progress != self._progress:
            self._progress, self._since, self._resubscribed = progress, now, False
            return "fine"
        still_seconds = now - self._since
        if still_seconds >= 2 * self.patience_seconds:
            return "give_up"
        if still_seconds >= self.patience_seconds and not self._resubscribed:
            self._resubscribed = True
            return "resubscribe"
        return "fine"


async def watch(
    watchdog: Watchdog,
    behind: Callable[[], bool],
    progress: Callable[[], int],
    resubscribe: Callable[[], Awaitable[None]],
) -> None:
    """Look every tenth of the patience; raises NoProgress when nothing helped. ``progress`` may block, and may fail."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(watchdog.patience_seconds / 10)
        number = await loop.run_in_executor(None, progress) if behind() else 0
        verdict = watchdog.judge(number, loop.time(), behind=behind())
        if verdict == "resubscribe":
            log.warning("no_progress", resubscribing=True)
            await resubscribe()
        elif verdict == "give_up":
            raise NoProgress("the log is ahead of the read models, and nothing is applied")
