"""A worker in a process of its own, as the supervisor runs it, with the tally as its read model."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


class RunningWorker:
    """Starts at once. Settings are those of WorkerSettings and BrokerSettings, given as one flat mapping."""

    def __init__(self, database_url: str, nats_url: str, **settings: object) -> None:
        told = json.dumps({"database_url": database_url, "nats_url": nats_url, **settings})
        self._said = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.process", told],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def cpu_seconds(self) -> float:
        """Time on the processor so far."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Signal the process."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._hear()

    def wait(self) -> int:
        """The exit code, once the process has ended."""
        wait_until(lambda: not self.running, "the end of the worker")
        return self._process.wait()

    def stop(self) -> str:
        """End it as a supervisor does; the answer is what it logged."""
        if self.running:
            self._process.terminate()
        try:
            self._hear(20)
        except subprocess.TimeoutExpired:
            self.kill()
        return self._said

    def _hear(self, seconds: float | None = None) -> None:
        """Read what it logs until it ends."""
        if self._process.stderr is not None and not self._process.stderr.closed:
            self._said = self._process.communicate(timeout=seconds)[1]
