"""A stand-in for the API: `python -m tests.faults.writer DATABASE_URL REPORT NAME` appends until it is killed."""

import sys
from itertools import count
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from store.log import Append, Command, Log, LogError, Repeated
from tests.workers.writing import step_started


def main(database_url: str, report: Path, name: str) -> None:
    """Each command is sent until it is acknowledged, with the same id: it is there once."""
    with Log(database_url) as log, report.open("a", encoding="utf-8") as lines:
        for number in count():
            identity = f"{name}-{number}"
            stream = uuid5(NAMESPACE_URL, identity)
            append, command = [Append(stream, 0, [step_started()])], Command(identity, b"x")
            lines.write(f"{identity} {_position(log, append, command)}\n")
            lines.flush()


def _position(log: Log, append: list[Append], command: Command) -> int:
    while True:
        try:
            return log.append(append, command).last_position
        except Repeated as repeated:
            return repeated.last_position
        except LogError:
            continue


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
