"""Arrays in Postgres' binary form, put together from elements that were encoded one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct, pack
from typing import ClassVar
from uuid import UUID

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_LENGTH = Struct(">i")
_HEADER = Struct(">iiiii")
_INT8 = Struct(">iq")
_INT4 = Struct(">ii")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
NULL = _LENGTH.pack(-1)


def text_element(text: bytes) -> bytes:
    """UTF-8 text as an element of a text array."""
    return _LENGTH.pack(len(text)) + text


def instant_element(at: datetime) -> bytes:
    """An aware datetime as an element of a timestamptz array."""
    return _INT8.pack(8, (at - _EPOCH) // _MICROSECOND)


def int_element(number: int) -> bytes:
    """A number as an element of an int array."""
    return _INT4.pack(4, number)


class _Array:
    """The bytes of a one-dimensional array."""

    __slots__ = ("payload",)
    oid: ClassVar[int]
    element_oid: ClassVar[int]

    def __init__(self, count: int, elements: bytes) -> None:
        """``elements`` holds ``count`` encoded elements."""
        header = (
            _HEADER.pack(1, 1, self.element_oid, count, 1) if count else pack(">iii", 0, 0, self.element_oid)
        )
        self.payload = header + elements


class TextArray(_Array):
    """A text[]."""

    __slots__ = ()
    oid, element_oid = 1009, 25


class UuidArray(_Array):
    """A uuid[]."""

    __slots__ = ()
    oid, element_oid = 2951, 2950


class IntArray(_Array):
    """An int[]."""

    __slots__ = ()
    oid, element_oid = 1007, 23


class InstantArray(_Array):
    """A timestamptz[]."""

    __slots__ = ()
    oid, element_oid = 1185, 1184


def ints(numbers: Sequence[int]) -> IntArray:
    """Numbers as an int[]."""
    return IntArray(len(numbers), b"".join(map(int_element, numbers)))


def uuids(ids: Sequence[UUID]) -> UuidArray:
    """Ids as a uuid[]."""
    return UuidArray(len(ids), b"".join([b"\x00\x00\x00\x10" + each.bytes for each in ids]))


def texts(values: Iterable[str | None]) -> TextArray:
    """Texts, or nulls, as a text[]."""
    elements = [NULL if value is None else text_element(value.encode()) for value in values]
    return TextArray(len(elements), b"".join(elements))


def _dumper(array: type[_Array]) -> type[Dumper]:
    class ArrayDumper(Dumper):
        format = Format.BINARY
        oid = array.oid

        def dump(self, obj: _Array) -> Buffer:
            return obj.payload

    return ArrayDumper


_DUMPERS = {array: _dumper(array) for array in (TextArray, UuidArray, IntArray, InstantArray)}


def register(connection: Connection[tuple[object, ...]]) -> None:
    """Let this connection send these arrays."""
    for array, dumper in _DUMPERS.items():
        connection.adapters.register_dumper(array, dumper)
