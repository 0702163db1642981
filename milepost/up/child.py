"""One process of Milepost's own (API, worker), started again when it ends without being asked."""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from milepost.embedded import process

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0
SETTLED_SECONDS = 30.0


class Child:
    """A command that runs as long as we do, its output in a log of its own."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        self.failures = 0
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._restart_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended, when it has."""
        return self._process.poll() if self._process is not None else None

    def start(self) -> None:
        """Start the process; it ends when we do."""
        self._restart_at = None
        self._started_at = time.monotonic()
        self._process = process.launch(
            self._command,
            directory=Path.cwd(),
            log=self.log,
            on_parent_death=signal.SIGTERM,
            environment=self._environment,
        )

    def tend(self, now: float) -> str | None:
        """Start the process again if it ended and its delay is over; the answer says what there is to tell."""
        if self.pid is not None:
            return None
        if self._restart_at is None:
            return self._plan_restart(now)
        if now >= self._restart_at:
            self.start()
        return None

    def _plan_restart(self, now: float) -> str:
        self.failures = 1 if now - self._started_at > SETTLED_SECONDS else self.failures + 1
        delay = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** (self.failures - 1))
        self._restart_at = now + delay
        return (
            f"{self.name} ended (exit code {self.exit_code}), starting again in {delay:.1f} s; see {self.log}"
        )

    def ask_to_stop(self) -> None:
        """Send the request to end; `stop` waits for it."""
        if self.pid is not None and self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float) -> None:
        """End the process, gently first."""
        if self._process is not None:
            process.stop(self._process, signal.SIGTERM, signal.SIGKILL, seconds=seconds)
