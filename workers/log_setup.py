"""Log lines of a worker: structured, without personal values, and never a flood while a server is away."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Literal

import structlog

REPEAT_SECONDS = 10.0
LIBRARIES = ("faststream", "nats", "nats.aio.client")

Fields = MutableMapping[str, Any]


class Limit:
    """Lets the first line of a kind through and then one every so often, which says how many it stands for."""

    def __init__(
        self, repeat_seconds: float = REPEAT_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._repeat_seconds = repeat_seconds
        self._clock = clock
        self._last: dict[str, float] = {}
        self._dropped: dict[str, int] = {}

    def admit(self, kind: str) -> int | None:
        """None: drop this line; otherwise the number of lines dropped since the last one of its kind."""
        now = self._clock()
        if now - self._last.get(kind, -self._repeat_seconds) < self._repeat_seconds:
            self._dropped[kind] = self._dropped.get(kind, 0) + 1
            return None
        self._last[kind] = now
        return self._dropped.pop(kind, 0)

    def __call__(self, _logger: Any, level: str, fields: Fields) -> Fields:
        """As a processor of structlog: warnings of one kind are limited, everything else passes."""
        if level != "warning":
            return fields
        dropped = self.admit(f"{fields.get('event')} {fields.get('reason')}")
        if dropped is None:
            raise structlog.DropEvent
        if dropped:
            fields["repeated"] = dropped
        return fields


class LibraryLines(logging.Handler):
    """Hands what the libraries say to our log: message and kind of error, no arguments, no payloads, no stack."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line of a library."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        speaker = structlog.get_logger(record.name)
        say = speaker.warning if record.levelno >= logging.WARNING else speaker.debug
        say("library", reason=error or str(record.msg).split("\n", 1)[0][:200])


def set_up(level: str = "info", shape: Literal["console", "json"] = "json") -> None:
    """Send all log lines to stderr in this shape."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if shape == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            Limit(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.handlers, library.propagate = [LibraryLines()], False
        library.setLevel(logging.INFO)
