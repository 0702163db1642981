"""How much of uploads a process holds in temporary files at once: bounded for all callers together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from api.wire.problems import Problem


class Spool:
    """What all uploads under way hold."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self.held = 0

    @contextmanager
    def use(self) -> Iterator[Used]:
        """Take room for one upload; it is given back when the context ends."""
        used = Used(self)
        try:
            yield used
        finally:
            self.held -= used.bytes

    def take(self, count: int) -> None:
        """Hold so many bytes more; a problem when that is too much."""
        self.held += count
        if self.held > self._most:
            detail = "too much is being uploaded at this moment; send it again in a minute"
            raise Problem("overloaded", detail, headers={"Retry-After": "60"})


class Used:
    """What one upload holds."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.bytes = 0

    def take(self, count: int) -> None:
        """Hold so many bytes more."""
        self.bytes += count
        self._spool.take(count)
