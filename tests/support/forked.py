"""Processes that begin with the program already read: to read it takes longer than most of them live."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PRELOADED = [f"tests.workers.{name}_process" for name in ("acting", "migrating", "timers", "worker")]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(PRELOADED)


class Forked:
    """A process that calls a function with what it is told, and starts at once.

    It comes from a server that has imported much and run nothing, so it shares no thread, connection or lock with the
    test. What it writes to standard error can be read after its end.
    """

    def __init__(self, work: Callable[[dict[str, Any]], None], told: dict[str, Any]) -> None:
        handle, path = tempfile.mkstemp(prefix="milepost-said-")
        os.close(handle)
        self._path = Path(path)
        self._said: str | None = None
        self._process = FORKS.Process(target=_begin, args=(work, told, self._path), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process.exitcode is None

    def send(self, number: signal.Signals) -> None:
        """Signal the process, if it is still there."""
        if self.running:
            os.kill(self.pid, number)

    def wait(self, seconds: float | None = None) -> int | None:
        """The exit code, once the process has ended; None when it has not in so many seconds."""
        self._process.join(seconds)
        return self._process.exitcode

    def kill(self) -> None:
        """End it without a word."""
        self.send(signal.SIGKILL)
        self.said()

    def said(self) -> str:
        """What it wrote to standard error, once it has ended."""
        self.wait()
        if self._said is None:
            self._said = self._path.read_text("utf-8")
            self._path.unlink()
        return self._said


def _begin(work: Callable[[dict[str, Any]], None], told: dict[str, Any], path: Path) -> None:
    with path.open("wb") as file:
        os.dup2(file.fileno(), 2)
    work(told)
