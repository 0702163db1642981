"""Numbers, truths, days and instants as others write them down: the forms of XML Schema and ISO 8601, and no others.

Python's own readers take more, and not the same in every version: digits of other scripts, underscores, numbered weeks,
any letter between day and time. What was written for another reader would mean something else here.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([0-9]{2}):[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?"
)
_LEAST, _MOST = -(2**63), 2**63 - 1
_LONGEST = 400


class NotOne(ValueError):
    """The text is none of the kind; ``accepted`` says what would be."""

    def __init__(self, reason: str, accepted: str) -> None:
        super().__init__(reason)
        self.accepted = accepted


def whole(text: str) -> int:
    """A whole number of 64 bits."""
    sign, digits = text[:1] if text[:1] in "+-" else "", text.lstrip("+-").lstrip("0") or "0"
    if not _WHOLE.fullmatch(text):
        raise NotOne("it is not a whole number", "digits such as 42 or -7")
    if len(digits) > len(str(_MOST)) or not _LEAST <= int(sign + digits) <= _MOST:
        raise NotOne("it is beyond 64 bits", f"from {_LEAST} to {_MOST}")
    return int(sign + digits)


def number(text: str) -> float | None:
    """A number; None for what is written where there is none (NaN) or no end (INF), or is beyond all numbers."""
    if text.lower() in _NOT_FINITE:
        return None
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        raise NotOne("it is not a number", "a number with a decimal point, such as 1234.5 or 1.2e3")
    found = float(text)
    return found if abs(found) != float("inf") else None


def truth(text: str) -> bool:
    """Yes or no."""
    if text not in _TRUTHS:
        raise NotOne("it is not a truth", ", ".join(_TRUTHS))
    return _TRUTHS[text]


def day(text: str) -> date:
    """A day, such as 2026-03-31."""
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise NotOne("it is not a day", "a date such as 2026-03-31")


def instant(text: str) -> datetime:
    """A day with a time, with an offset or without one; parts of a microsecond are left out."""
    found = _INSTANT.fullmatch(text)
    if found is not None:
        try:
            return _end_of_day(text) if found[1] == "24" else datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            pass
    raise NotOne("it is not a time", "a time such as 2026-03-31T09:00:00+02:00")


def _end_of_day(text: str) -> datetime:
    """24:00 is the beginning of the next day, as XML Schema has it."""
    begin = datetime.fromisoformat(f"{text[:11]}00{text[13:]}")
    if (begin.minute, begin.second, begin.microsecond) != (0, 0, 0):
        raise ValueError("a day has 24 hours")
    return begin + timedelta(days=1)
