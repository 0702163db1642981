"""Slows down whoever asks too often, or for too much at once, so that there is room for the others."""

from __future__ import annotations

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

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


Kind = Literal["token", "person", "address"]
_SHARES: dict[Kind, int] = {"token": 1, "person": 2, "address": 1}
"""How many shares of a token each has: who has several tokens and sessions can use two of them up in all."""


@dataclass(frozen=True, slots=True)
class Who:
    """Whose share a request takes: of a token or session, of the person whose they are, or of an unknown address."""

    kind: Kind
    key: str


@dataclass(frozen=True, slots=True)
class Left:
    """What somebody has left of a minute's share, and in how many seconds all of it is there again."""

    kind: Kind
    most: int
    left: int
    whole_in_seconds: int


class Callers:
    """Gives every caller their share of a process: so many requests a minute, and so many at once."""

    def __init__(
        self, per_minute: int = 0, at_once: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """0: no limit. What was not asked for is saved up, for a minute at most."""
        self._per_minute, self._at_once, self._clock = per_minute, at_once, clock
        self._spent: OrderedDict[Who, tuple[float, float]] = OrderedDict()
        self._under_way: Counter[Who] = Counter()

    @contextmanager
    def turn(self, *all_of: Who) -> Iterator[None]:
        """One request that takes from all these shares; a problem when one of them has no more."""
        if self._per_minute:
            self._spend(all_of)
        for who in all_of:
            most = self._at_once * _SHARES[who.kind]
            if most and self._under_way[who] >= most:
                detail = f"{most} requests of this caller are under way; wait for one of them"
                raise Problem("too_many_requests", detail, headers={"Retry-After": "1"})
        self._under_way.update(all_of)
        try:
            yield
        finally:
            self._under_way.subtract(all_of)
            for who in all_of:
                if self._under_way[who] <= 0:
                    del self._under_way[who]

    @contextmanager
    def counting_refusals(self, who: Who) -> Iterator[None]:
        """What is refused inside takes from this share; once that is used up, this is what is said."""
        try:
            yield
        except Problem:
            with self.turn(who):
                raise

    def _spend(self, all_of: Sequence[Who]) -> None:
        """Take one from each share, which grows with time, or nothing from any."""
        now = self._clock()
        spent = {who: self._spent_of(who, now) for who in all_of}
        for who, used in spent.items():
            over = used + 1 - self._most(who)
            if over > 0:
                seconds = str(max(1, math.ceil(over / self._pace(who))))
                detail = f"a{'n' * (who.kind == 'address')} {who.kind} may make {self._most(who)} requests a minute; "
                raise Problem(
                    "too_many_requests", f"{detail}wait, then go on", headers={"Retry-After": seconds}
                )
        for who, used in spent.items():
            self._spent.pop(who, None)
            self._spent[who] = (used + 1, now)
        while len(self._spent) > _REMEMBERED:
            self._spent.popitem(last=False)

    def left(self, all_of: Iterable[Who]) -> list[Left]:
        """What each of these shares has left; nothing is told where there is no limit."""
        now = self._clock()
        return [self._left(who, self._spent_of(who, now)) for who in all_of if self._per_minute]

    def _left(self, who: Who, used: float) -> Left:
        most = self._most(who)
        return Left(who.kind, most, max(0, math.floor(most - used)), math.ceil(used / self._pace(who)))

    def _spent_of(self, who: Who, now: float) -> float:
        spent, at = self._spent.get(who, (0.0, now))
        return max(0.0, spent - (now - at) * self._pace(who))

    def _most(self, who: Who) -> int:
        return self._per_minute * _SHARES[who.kind]

    def _pace(self, who: Who) -> float:
        """How much of a share comes back in a second."""
        return self._most(who) / 60


def told(shares: Sequence[Left]) -> dict[str, str]:
    """The header fields that say so, as draft-ietf-httpapi-ratelimit-headers-10 has them."""
    if not shares:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{each.kind}";q={each.most};w=60' for each in shares),
        "RateLimit": ", ".join(f'"{each.kind}";r={each.left};t={each.whole_in_seconds}' for each in shares),
    }
