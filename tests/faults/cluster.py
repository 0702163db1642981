"""Servers that are killed and come back in place, and a writer that reports what was acknowledged."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from milepost.embedded import NatsServer, PostgresServer
from store.migrations import migrate
from tests.workers.running import ROOT


class Writer:
    """Appends commands one after the other and writes the position of each acknowledged one to a file."""

    def __init__(self, database_url: str, report: Path, name: str) -> None:
        self._report = report
        command = [sys.executable, "-m", "tests.faults.writer", database_url, str(report), name]
        self._process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)

    @property
    def acknowledged(self) -> list[tuple[str, int]]:
        """Command id and position of every acknowledged append, a torn last line left out."""
        text = self._report.read_text("utf-8") if self._report.exists() else ""
        return [(id_, int(position)) for id_, position in (line.split() for line in text.split("\n")[:-1])]

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()


def kill(server: NatsServer | PostgresServer) -> None:
    """End the server without a word; for Postgres of the postmaster, its children follow."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)


@contextmanager
def servers() -> Iterator[tuple[PostgresServer, NatsServer]]:
    """Both engines in a directory that is removed afterwards, durable as in earnest."""
    with (
        TemporaryDirectory(prefix="milepost-faults-", ignore_cleanup_errors=True) as home,
        PostgresServer(Path(home) / "postgres") as postgres,
        NatsServer(Path(home) / "nats") as nats,
    ):
        migrate(postgres.owner_url)
        yield postgres, nats
