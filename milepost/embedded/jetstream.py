"""Whether JetStream still works: its files are where they were, and its API answers.

A nats-server whose directory was deleted goes on acknowledging into files that nobody will ever find, and one whose
disk was full has switched JetStream off and stays so; to every connection check both look well.
"""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

from workers.broker_users import inbox_of

ASK_EVERY_SECONDS = 5.0
ANSWER_SECONDS = 2.0
PATIENCE = 2
INFO = "$JS.API.INFO"
MOST_BYTES = 65_536


class JetStreamProbe:
    """Watches one run of one server."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._seen: dict[Path, int] = {}
        self._ask_at = time.monotonic() + ASK_EVERY_SECONDS
        self._unanswered = 0

    def trouble(self, port: int, user: str, password: str) -> str | None:
        """What is wrong, or None. Looks at the directories each time, asks the server every few seconds."""
        if lost := self._lost():
            return f"the directory {lost} was deleted or replaced under it"
        if time.monotonic() >= self._ask_at:
            self._ask_at = time.monotonic() + ASK_EVERY_SECONDS
            answers = jetstream_answers(port, user, password)
            self._unanswered = 0 if answers else self._unanswered + 1
        return "JetStream does not answer" if self._unanswered >= PATIENCE else None

    def _lost(self) -> Path | None:
        """A directory that was there before and is not any more; the server would go on as if it were."""
        now = _directories(self._store)
        for path, inode in self._seen.items():
            if now.get(path) != inode:
                return path
        self._seen = now
        return None


def _directories(store: Path) -> dict[Path, int]:
    """The directories that JetStream keeps as long as a stream lives, with their inodes."""
    found: dict[Path, int] = {}
    for pattern in ("jetstream", "jetstream/*/streams/*", "jetstream/*/streams/*/msgs"):
        for path in (store, *store.glob(pattern)):
            try:
                found[path] = path.stat().st_ino
            except FileNotFoundError:
                continue
    return found


def jetstream_answers(port: int, user: str, password: str) -> bool:
    """Ask the server on this port of the loopback for its JetStream account; False when that fails."""
    try:
        with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as connection:
            return _asked(connection, user, password)
    except (OSError, ValueError):
        return False


def _asked(connection: socket.socket, user: str, password: str) -> bool:
    inbox = f"{inbox_of(user)}.probe"
    options = {"user": user, "pass": password, "verbose": False, "pedantic": False, "name": "milepost probe"}
    options |= {"lang": "python", "version": "1", "headers": True, "no_responders": True}
    asked = f"CONNECT {json.dumps(options)}\r\nSUB {inbox} 1\r\nPUB {INFO} {inbox} 0\r\n\r\n"
    connection.sendall(asked.encode())
    return _answer(connection)


def _answer(connection: socket.socket) -> bool:
    """Whether the first message that arrives is an answer without an error."""
    deadline = time.monotonic() + ANSWER_SECONDS
    heard = b""
    while time.monotonic() < deadline and len(heard) < MOST_BYTES:
        part = connection.recv(4096)
        heard += part
        if not part or b"-ERR" in heard or b"HMSG " in heard:  # closed, refused, or nobody is there to answer
            return False
        _head, found, rest = heard.partition(b"MSG ")
        line, whole, body = rest.partition(b"\r\n")
        if found and whole and len(body) >= (size := int(line.split()[-1])):
            return "error" not in json.loads(body[:size])
    return False
