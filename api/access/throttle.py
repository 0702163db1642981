"""Slows down whoever asks too often, or for too much at once, so that there is room for the others."""

from __future__ import annotations

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.wire.problems import Problem

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


class Callers:
    """Gives every caller their share of a process: so many requests a minute, and so many at once."""

    def __init__(
        self, per_minute: int = 0, at_once: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """0: no limit. What was not asked for is saved up, for a minute at most."""
        self._per_minute, self._at_once, self._clock = per_minute, at_once, clock
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def turn(self, who: str) -> Iterator[None]:
        """One request of somebody; a problem when it is too many."""
        if self._per_minute:
            self._spend(who)
        if self._at_once and self._under_way[who] >= self._at_once:
            detail = f"{self._at_once} requests of this caller are under way; wait for one of them"
            raise Problem("too_many_requests", detail, headers={"Retry-After": "1"})
        self._under_way[who] += 1
        try:
            yield
        finally:
            self._under_way[who] -= 1
            if not self._under_way[who]:
                del self._under_way[who]

    def _spend(self, who: str) -> None:
        """Take one from what the caller has left, which grows with time."""
        now, pace = self._clock(), self._per_minute / 60
        spent, at = self._spent.pop(who, (0.0, now))
        spent = max(0.0, spent - (now - at) * pace)
        over = spent + 1 - self._per_minute
        self._spent[who] = (spent if over > 0 else spent + 1, now)
        if len(self._spent) > _REMEMBERED:
            self._spent.popitem(last=False)
        if over > 0:
            detail = f"a caller may make {self._per_minute} requests a minute; wait, then go on"
            raise Problem(
                "too_many_requests", detail, headers={"Retry-After": str(max(1, math.ceil(over / pace)))}
            )
