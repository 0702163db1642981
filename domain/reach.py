"""How far an instant may lie from today: every calendar, time zone and drawing can follow it there.

Days that people write down as they are (a birthday, a contract without end) may lie anywhere; what is counted from one
beyond this reach never comes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""The first instant that is too late."""
REACH = "between 1970 and 2199"


def in_reach(moment: datetime | date) -> bool:
    """Whether an aware instant, or a day, lies where instants may."""
    if isinstance(moment, datetime):
        return EARLIEST <= moment < LATEST
    return EARLIEST.year <= moment.year < LATEST.year
