"""Reads what other services answer: JSON, and how long they ask to be left alone; whatever it is, nothing breaks."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from domain.storable import MOST_INTEGER_DIGITS

LONGEST_PAUSE = timedelta(days=1)
"""The longest that a service is left alone, whatever it asks for; the schedule of tries shortens it further."""
_LONGEST_HEADER = 64
_SECONDS = re.compile(r"[0-9]+")


class Unreadable(ValueError):
    """The text is no JSON; the message says why."""


def read_json(body: bytes) -> Any:
    """The JSON value of an answer; raises Unreadable. What of it can be kept is judged where it is to be kept.

    A number of more digits than any number has stays the text that it is.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), parse_int=_integer, parse_constant=_no_number)
    except RecursionError:
        raise Unreadable("it is nested too deep") from None
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8") from None
    except Unreadable:
        raise
    except ValueError:
        raise Unreadable("it is not JSON") from None


def retry_after(text: str | None, date: str | None, now: datetime) -> timedelta | None:
    """How long a service asks to be left alone (RFC 9110, 10.2.3), a day at most; None where it does not say.

    Seconds, or an instant by its own clock (its ``Date``), else by ours (``now``); an instant that is past is no time.
    """
    said = (text or "").strip()
    if _SECONDS.fullmatch(said):
        digits = said.lstrip("0") or "0"
        return LONGEST_PAUSE if len(digits) > 9 else min(timedelta(seconds=int(digits)), LONGEST_PAUSE)
    until = _instant(said)
    if until is None:
        return None
    return min(max(until - (_instant(date or "") or now), timedelta()), LONGEST_PAUSE)


def _instant(text: str) -> datetime | None:
    """An HTTP date in any of its three forms (RFC 9110, 5.6.7), which are all of the zone GMT."""
    if not 0 < len(text) <= _LONGEST_HEADER or not text.isascii():
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None


def _integer(digits: str) -> int | str:
    return digits if len(digits) > MOST_INTEGER_DIGITS else int(digits)


def _no_number(word: str) -> NoReturn:
    raise Unreadable(f"{word} is no number of JSON")
