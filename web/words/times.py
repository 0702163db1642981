"""How pages say when something was, how long it took, and how late an answer is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from math import ceil

from markupsafe import Markup


def moment(value: datetime | date | None, style: str = "full") -> Markup:
    """A time that script shows in the reader's zone; without script it reads in UTC."""
    if value is None:
        return Markup("")
    if not isinstance(value, datetime):
        return Markup(f'<time datetime="{value.isoformat()}">{value:%-d %b %Y}</time>')  # noqa: S704 - ours
    return _written(value.astimezone(UTC), style, datetime.now(UTC).year)


@lru_cache(maxsize=20_000)
def _written(instant: datetime, style: str, year: int) -> Markup:
    """Kept, because pages show the same times again: to write them took a quarter of drawing a long list."""
    day = "%-d %b" if instant.year == year else "%-d %b %Y"
    shapes = {
        "full": f"{day} %H:%M UTC", "since": f"since {day} %H:%M UTC", "date": day, "seconds": "%H:%M:%S"
    }  # fmt: skip
    stamp = instant.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup(f'<time datetime="{stamp}" data-as="{style}">{instant.strftime(shapes[style])}</time>')  # noqa: S704 - ours


def age(since: datetime | None, now: datetime) -> str:
    """How long it took, in the largest unit that says enough."""
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "less than 1 min"


def here(stage_days: float | None, usual_days: float | None) -> str:
    """How long a card has been in its stage, in working days, against what is usual there."""
    if stage_days is None:
        return ""
    told = "new here" if stage_days < 1 else f"{int(stage_days)} d here"
    return told if usual_days is None else f"{told}, usually up to {max(1, ceil(usual_days))} d"


_JUST_NOW = 5
"""Seconds within which an answer that lacked nothing counts as current."""


def lag(as_of: datetime, behind: int, now: datetime) -> str:
    """How far an answer is behind the log, in words."""
    if behind <= 0:
        seconds = int((now - as_of).total_seconds())
        return "up to date" if seconds < _JUST_NOW else f"{seconds} s ago"
    milliseconds = max(1, round((now - as_of).total_seconds() * 1000))
    return f"{milliseconds} ms behind" if milliseconds < 10_000 else f"{milliseconds // 1000} s behind"
