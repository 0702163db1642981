"""How long somebody waits who fails again and again: the delay grows, and nobody is ever locked out for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FORGOTTEN_AFTER = timedelta(hours=1)
"""Without a failure for so long, all earlier ones are forgotten."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures cost nothing; each further one doubles the wait, which begins at a second, up to the longest."""

    free: int
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Failures:
    """How often it failed, and when it last did."""

    count: int = 0
    last_at: datetime | None = None

    def still_counting(self, at: datetime) -> int:
        """How many of them count now."""
        if self.last_at is None or at - self.last_at >= FORGOTTEN_AFTER:
            return 0
        return self.count


PAIR = Limit(5, timedelta(minutes=15))
"""One account from one address; likewise a browser that the account knows."""
ADDRESS = Limit(50, timedelta(minutes=1))
"""Whatever account, from one address: many people may share it."""
ACCOUNT = Limit(100, timedelta(seconds=30))
"""One account from wherever: short, so that whoever has the right password comes in although others go on guessing."""
SECOND = Limit(3, timedelta(minutes=5))
"""The code of the second factor of an account, whose password was right."""


def wait(failures: Failures, limit: Limit, *, at: datetime) -> timedelta:
    """How long until the next try is looked at; nothing when it may come now."""
    count = failures.still_counting(at)
    if count < limit.free or failures.last_at is None:
        return timedelta(0)
    doubled = timedelta(seconds=2 ** min(count - limit.free, 20))
    return max(timedelta(0), failures.last_at + min(doubled, limit.longest) - at)
