"""How two values of fields compare: one rule for conditions, for the least and the greatest, and for what is the same.

Numbers compare by size. Texts that are days or instants compare in time: two instants as instants, whatever their
offsets; a day and an instant by the day that the instant falls on where the organisation is. Other texts compare by
character. A truth is no number and no text, and values of different sorts are neither equal nor in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, TypeVar
from unicodedata import category

from domain import texts

T = TypeVar("T")
_EMPTY: tuple[Any, ...] = (None, [], (), {})
_UNSEEN = frozenset({"Cc", "Cf"})
"""Characters that steer a text and are not drawn (Unicode categories)."""


def is_set(value: Any) -> bool:
    """Whether there is a value: neither nothing, nor an empty list, nor a text of which nothing is seen."""
    if isinstance(value, str):
        return any(not sign.isspace() and category(sign) not in _UNSEEN for sign in value)
    return value not in _EMPTY


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same all through: true is not 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if _is_list(one) and _is_list(other):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def equal(one: Any, other: Any, zone: tzinfo) -> bool:
    """Whether two values are equal: the same, or the same moment."""
    if isinstance(one, str) and isinstance(other, str):
        return order(one, other, zone) == 0
    return same(one, other)


def order(one: Any, other: Any, zone: tzinfo) -> int | None:
    """Below 0 when the first comes before the second, 0 when they are equal, above 0 else; None: they have no order."""
    if _is_number(one) and _is_number(other):
        return _sign(one, other)
    if not (isinstance(one, str) and isinstance(other, str)):
        return None
    moments = moment(one), moment(other)
    if moments[0] is None or moments[1] is None:
        return _sign(one, other)
    if isinstance(moments[0], datetime) and isinstance(moments[1], datetime):
        return _sign(moments[0], moments[1])
    return _sign(local_day(moments[0], zone), local_day(moments[1], zone))


def moment(value: Any) -> date | datetime | None:
    """The day, or the instant with its offset, that a text is; None for every other value."""
    if not isinstance(value, str):
        return None
    try:
        return texts.day(value)
    except texts.NotOne:
        pass
    try:
        instant = texts.instant(value)
    except texts.NotOne:
        return None
    return instant if instant.tzinfo is not None else None


def local_day(found: date | datetime, zone: tzinfo) -> date:
    """The day itself, or the one that the instant falls on in this zone."""
    if not isinstance(found, datetime):
        return found
    try:
        return found.astimezone(zone).date()
    except OverflowError:  # the first or the last day that there is
        return found.date()


def first_of(values: Iterable[T], zone: tzinfo, *, last: bool = False) -> T | None:
    """The earliest of the days and instants among these values, as it is written, or the latest one."""
    found: T | None = None
    for value in values:
        if moment(value) is None:
            continue
        way = None if found is None else order(value, found, zone)
        if way is None or (way > 0 if last else way < 0):
            found = value
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _sign(one: Any, other: Any) -> int | None:
    """None for what is no number (NaN)."""
    return 0 if one == other else -1 if one < other else 1 if one > other else None
