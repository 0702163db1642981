"""Instants that come again and again: five-field cron expressions in a time zone, with what the clocks' changes do.

Daylight saving follows Debian's cron: a time that the clocks skip happens right after the gap; one that comes twice
happens once, unless hour or minute is a wildcard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from domain.words import Rejected

_FIELDS = (("minute", 60), ("hour", 24), ("day of the month", 31), ("month", 12), ("day of the week", 7))
_ORDINAL = re.compile(r"\b((?:\d*[02-9])?[123])th\b")
_ENDINGS = {"1": "st", "2": "nd", "3": "rd"}
_EXAMPLE = "minute hour day-of-month month day-of-week, for example 0 9 * * MON or 30 8 1 * *"


def zone(name: str) -> ZoneInfo:
    """The time zone of this IANA name; Rejected("unknown_time_zone") when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Rejected(
            "unknown_time_zone",
            f"there is no time zone {name!r}",
            accepted="an IANA name, such as Europe/Berlin",
        ) from None


def checked(cron: str, time_zone: str, after: datetime) -> str:
    """The expression itself when it names instants; Rejected("bad_cron") says what is wrong with it."""
    text = " ".join(cron.split())
    place = zone(time_zone)
    if len(text.split()) != 5:
        raise Rejected("bad_cron", f"{cron!r} has {len(text.split())} fields, not 5", accepted=_EXAMPLE)
    try:
        CronSim(text, after.astimezone(place))
    except CronSimError as error:
        raise Rejected("bad_cron", f"{cron!r}: {str(error).lower()}", accepted=_EXAMPLE) from None
    _no_empty_steps(text)
    if not upcoming(text, time_zone, after, 1):
        raise Rejected("bad_cron", f"{cron!r} never comes", accepted=_EXAMPLE)
    return text


def following(cron: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    """The instants after ``after``, in UTC, in order; the expression is one that was checked."""
    return (found.astimezone(UTC) for found in CronSim(cron, after.astimezone(zone(time_zone))))


def upcoming(cron: str, time_zone: str, after: datetime, count: int) -> list[datetime]:
    """The next ``count`` instants after ``after``; fewer where there are no more."""
    return list(islice(following(cron, time_zone, after), count))


def described(cron: str) -> str:
    """The expression in words: "At 09:00 on the first day of every month".

    With a day of the month and a day of the week it comes on either, not only when they fall together.
    """
    minute, hour, day, month, weekday = cron.split()
    if day.startswith("*") or weekday.startswith("*"):
        return _explained(cron)
    on_days = _explained(f"{minute} {hour} {day} {month} *")
    on_weekdays = _explained(f"{minute} {hour} * {month} {weekday}")
    return f"{on_days}, and also {on_weekdays[:1].lower()}{on_weekdays[1:]}"


def _explained(cron: str) -> str:
    said = str(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)).explain())
    return _ORDINAL.sub(lambda found: found[1] + _ENDINGS[found[1][-1]], said)


def _no_empty_steps(cron: str) -> None:
    """A step longer than its field comes once, at the beginning: whoever writes it means another distance."""
    for (name, size), part in zip(_FIELDS, cron.split(), strict=True):
        for piece in part.split(","):
            step = piece.partition("/")[2]
            if step.isdigit() and int(step) > size:
                raise Rejected(
                    "bad_cron",
                    f"{cron!r}: no {name} comes {step} after another",
                    accepted=f"a step of 1 to {size}",
                )
