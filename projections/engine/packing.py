"""Packs values for binary COPY: lists with all elements in one call, and whole numbers that fit their column.

The driver's general way costs a call for each element of a list, and its way with numbers cuts off what is too large.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct, pack
from typing import Any

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

_TEXT, _SHORT, _INT, _LONG, _FLOAT = 25, 21, 23, 20, 701
_HEAD = Struct(">iiIii")  # dimensions, whether there are nulls, element type, length, first index
_LENGTH = Struct(">i").pack
_NULL = _LENGTH(-1)


def _texts(values: Sequence[str | None]) -> bytes:
    return b"".join([
        _NULL if text is None else _LENGTH(len(text)) + text
        for text in [None if value is None else value.encode() for value in values]
    ])  # fmt: skip


def _fixed(letter: str, size: int) -> Callable[[Sequence[Any]], bytes]:
    one = Struct(f">i{letter}").pack

    def packed(values: Sequence[Any]) -> bytes:
        if None in values:
            return b"".join([_NULL if value is None else one(size, value) for value in values])
        pairs: list[Any] = [size] * (2 * len(values))
        pairs[1::2] = values
        return pack(f">{('i' + letter) * len(values)}", *pairs)

    return packed


def _dumper(array: int, element: int, packed: Callable[[Sequence[Any]], bytes]) -> type[Dumper]:
    """The class for one type of array; ``array`` is the type's number."""
    empty = pack(">iiI", 0, 0, element)

    class ArrayDumper(Dumper):
        format = Format.BINARY
        oid = array

        def dump(self, obj: Sequence[Any]) -> bytes:
            """One list as the array that the database reads."""
            if not obj:
                return empty
            return _HEAD.pack(1, None in obj, element, len(obj), 1) + packed(obj)

    return ArrayDumper


def _whole(kind: int, letter: str) -> type[Dumper]:
    """The class for one type of whole numbers, by its number; a number beyond the type's range raises."""
    one = Struct(f">{letter}").pack

    class WholeDumper(Dumper):
        format = Format.BINARY
        oid = kind

        def dump(self, obj: Any) -> bytes:
            """One number."""
            return one(obj)

    return WholeDumper


_DUMPERS = (
    _dumper(1009, _TEXT, _texts),
    _dumper(1007, _INT, _fixed("i", 4)),
    _dumper(1016, _LONG, _fixed("q", 8)),
    _dumper(1022, _FLOAT, _fixed("d", 8)),
    _whole(_SHORT, "h"),
    _whole(_INT, "i"),
    _whole(_LONG, "q"),
)


def pack_exactly(connection: Connection[Any]) -> None:
    """Use this on the connection wherever the type of a column is known, which is in COPY."""
    for dumper in _DUMPERS:
        connection.adapters.register_dumper(None, dumper)
