"""Arrays in Postgres' binary form, put together from elements that were encoded one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from uuid import UUID

_LENGTH = Struct(">i")
_HEADER = Struct(">iiiii")
_INT8 = Struct(">iq")
_INT4 = Struct(">ii")
_EMPTY = Struct(">iii")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
NULL = _LENGTH.pack(-1)
INT, TEXT, INSTANT, UUIDS = 23, 25, 1184, 2950
"""Object ids of the types of elements, the same in every Postgres."""


def text_element(text: bytes) -> bytes:
    """UTF-8 text as an element of a text array."""
    return _LENGTH.pack(len(text)) + text


def instant_element(at: datetime) -> bytes:
    """An aware datetime as an element of a timestamptz array."""
    return _INT8.pack(8, (at - _EPOCH) // _MICROSECOND)


def int_element(number: int) -> bytes:
    """A number as an element of an int array."""
    return _INT4.pack(4, number)


def array(element_type: int, count: int, elements: bytes) -> bytes:
    """A one-dimensional array of ``count`` encoded elements."""
    if not count:
        return _EMPTY.pack(0, 0, element_type)
    return _HEADER.pack(1, 1, element_type, count, 1) + elements


def ints(numbers: Sequence[int]) -> bytes:
    """Numbers as an int[]."""
    return array(INT, len(numbers), b"".join(map(int_element, numbers)))


def uuids(ids: Sequence[UUID]) -> bytes:
    """Ids as a uuid[]."""
    return array(UUIDS, len(ids), b"".join([b"\x00\x00\x00\x10" + each.bytes for each in ids]))


def texts(values: Iterable[str | None]) -> bytes:
    """Texts, or nulls, as a text[]."""
    elements = [NULL if value is None else text_element(value.encode()) for value in values]
    return array(TEXT, len(elements), b"".join(elements))
