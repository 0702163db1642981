"""The home of one Milepost: who may use it, what lies where, and where its running servers are found."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from milepost.embedded.files import DirectoryLock, private_directory, read_json, write_json


@dataclass(frozen=True)
class Running:
    """What the command line needs to reach a running instance; stored for the owner's eyes only."""

    pid: int
    url: str
    database_url: str
    migration_database_url: str
    nats_url: str
    migration_nats_url: str
    token: str
    processes: dict[str, int]


class Home:
    """The directory that `MILEPOST_HOME` names."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.postgres = directory / "postgres"
        self.nats = directory / "nats"
        self.logs = directory / "log"
        self.run = directory / "run"
        self._lock = DirectoryLock(directory)

    @property
    def instance_file(self) -> Path:
        """Where a running instance says how to reach it."""
        return self.run / "instance.json"

    @property
    def token_file(self) -> Path:
        """Where `milepost up` keeps the API token of the person who started it."""
        return self.run / "token"

    @property
    def demo_done(self) -> Path:
        """A file that is there once the demonstration has been filled in."""
        return self.run / "demo.done"

    def acquire(self) -> Self:
        """Make the directories and take the lock; DirectoryInUse when another Milepost has it."""
        private_directory(self.directory)
        self._lock.acquire()
        private_directory(self.logs)
        private_directory(self.run)
        return self

    def release(self) -> None:
        """Take back what said how to reach us, and let go of the lock."""
        if self._lock.held:
            self.instance_file.unlink(missing_ok=True)
        self._lock.release()

    def announce(self, running: Running) -> None:
        """Say where the running servers are."""
        write_json(self.instance_file, asdict(running))

    def left_over(self) -> dict[str, int]:
        """The processes, by name, that a Milepost which was killed here had announced."""
        stored: dict[str, Any] = read_json(self.instance_file) or {}
        return dict(stored.get("processes", {}))

    def running(self) -> Running | None:
        """Where the servers of this home are, or None when nothing runs here."""
        stored: dict[str, Any] | None = read_json(self.instance_file)
        if stored is None or not _alive(stored["pid"]):
            return None
        return Running(**stored)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
