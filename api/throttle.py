"""Slows down whoever asks too often: guests, and those who guess links."""

from __future__ import annotations

import time
from collections import OrderedDict

from api.problems import Problem

MOST_A_MINUTE = 60
"""Requests of one link, or of one address that brings links that open nothing, in a minute."""
_REMEMBERED = 10_000


class Throttle:
    """Counts what somebody did in the current minute; old counts are forgotten."""

    def __init__(self, most: int = MOST_A_MINUTE) -> None:
        self._most = most
        self._counts: OrderedDict[tuple[str, int], int] = OrderedDict()

    def count(self, who: str) -> None:
        """Count one more; a problem when it is too many."""
        key = (who, int(time.monotonic() // 60))
        self._counts[key] = self._counts.pop(key, 0) + 1
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        if self._counts[key] > self._most:
            raise Problem("too_many_requests", "wait a minute and try again", headers={"Retry-After": "60"})
