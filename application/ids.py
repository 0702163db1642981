"""New ids, made at the edge: the domain takes them as arguments."""

from __future__ import annotations

import os
import time
from threading import Lock
from uuid import UUID

_VERSION_7 = 0x7 << 76
_VARIANT = 0x2 << 62
_RANDOM_B = (1 << 62) - 1
_COUNT = 12
"""Bits for ids of the same millisecond."""


class _Clock:
    """Milliseconds with a count, each later than the one before, also when the clock of the machine goes back."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()

    def tick(self) -> int:
        """The next moment."""
        with self._lock:
            self._last = max(self._last + 1, (time.time_ns() // 1_000_000) << _COUNT)
            return self._last


_CLOCK = _Clock()


def uuid7() -> UUID:
    """A UUID of version 7 (RFC 9562): in the order in which this process made them, across processes by millisecond."""
    milliseconds, count = divmod(_CLOCK.tick(), 1 << _COUNT)
    random = int.from_bytes(os.urandom(8)) & _RANDOM_B
    return UUID(int=(milliseconds << 80) | _VERSION_7 | (count << 64) | _VARIANT | random)
