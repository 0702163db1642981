"""A worker in a process of its own, as the supervisor runs it, with the tally as its read model."""

import signal
from pathlib import Path

from tests.support.forked import Forked
from tests.support.waiting import wait_until
from tests.workers import worker_process

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 60.0


class RunningWorker:
    """Starts at once. Settings are those of WorkerSettings and BrokerSettings, given as one flat mapping."""

    def __init__(self, database_url: str, nats_url: str, **settings: object) -> None:
        told = {"database_url": database_url, "nats_url": nats_url, **settings}
        self._process = Forked(worker_process.main, told)

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process.running

    def send(self, number: signal.Signals) -> None:
        """Signal the process."""
        self._process.send(number)

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()

    def wait(self) -> int | None:
        """The exit code, once the process has ended."""
        wait_until(lambda: not self.running, "the end of the worker")
        return self._process.wait()

    def stop(self) -> str:
        """End it as a supervisor does; the answer is what it logged."""
        self.send(signal.SIGTERM)
        if self._process.wait(STOP_SECONDS) is None:
            self.kill()
        return self._process.said()
