"""When a live run must have begun for its scene to be on stage now: tried out in rehearsals, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

TAKES, REHEARSALS = 6, 6
"""How many casts of the dice are tried, and how many beginnings with each."""
CLOSE_ENOUGH = timedelta(hours=1)
A_MOMENT = timedelta(hours=6)
"""Between two beginnings so near, one early enough and one too late, lies nothing that is worth a rehearsal."""
A_NIGHT = timedelta(hours=12)
"""The least that a beginning which came too late is moved: the same morning often follows from all hours of a day."""


class Stand(NamedTuple):
    """Where a rehearsed run stands: since when its held step is ready, and which open steps are overdue now."""

    held_at: datetime
    overdue: frozenset[str] = frozenset()


class Beginning(NamedTuple):
    """When a run began, and which cast of the dice says how long everybody took."""

    at: datetime
    take: int = 0


def beginning(wanted: datetime, overdue: frozenset[str], rehearse: Callable[[Beginning], Stand]) -> Beginning:
    """After which beginning the held step is ready since ``wanted``, or a little longer, and only these are overdue.

    Weekends and dates move what hangs on them, so that no beginning may lead to such a stand; then other dice are cast.
    Where none of them does it, what comes nearest.
    """
    tried: list[tuple[bool, bool, timedelta, Beginning]] = []
    at = wanted
    for take in range(TAKES):
        search = _Search(at)
        for _ in range(REHEARSALS):
            chosen = Beginning(search.at, take)
            stand = rehearse(chosen)
            early = wanted - stand.held_at
            tried.append((early < timedelta(), stand.overdue != overdue, abs(early), chosen))
            if not search.go_on(early):
                break
        *amiss, _, nearest = min(tried)
        if not any(amiss):
            return nearest
        at = nearest.at
    return min(tried)[-1]


class _Search:
    """Comes nearer to the latest beginning that is early enough; what is held is ready later the later a run begins."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._enough: datetime | None = None
        self._too_late: datetime | None = None

    def go_on(self, early: timedelta) -> bool:
        """Choose what to try next, after a beginning was so much too early (too late, when negative)."""
        if early >= timedelta():
            self._enough = max(self.at, self._enough or self.at)
        else:
            self._too_late = min(self.at, self._too_late or self.at)
            early = min(early, -A_NIGHT) if self._enough is None else early
        close = timedelta() <= early < CLOSE_ENOUGH
        self.at += early
        if self._enough is None or self._too_late is None:
            return not close
        low, high = sorted((self._enough, self._too_late))
        if early < timedelta() or not low < self.at < high:
            self.at = low + (high - low) / 2
        return not close and high - low > A_MOMENT
