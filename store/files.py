"""Contents of files beside the log, by their SHA-256: stored once, in parts, and never changed."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from psycopg import Connection

PART_BYTES = 1 << 20

_ADD = "insert into log.file (sha256, size_bytes) values (%s, %s) on conflict (sha256) do nothing"
_ADD_PART = "insert into log.file_part (sha256, part, content) values (%s, %s, %s)"
_SIZE = "select size_bytes from log.file where sha256 = %s"
_PART = "select content from log.file_part where sha256 = %s and part = %s"


def put(connection: Connection[Any], sha256: bytes, size_bytes: int, parts: Iterable[bytes]) -> None:
    """Keep a content, all of it or nothing. ``parts`` have PART_BYTES each, the last one the rest.

    A content that is there already is not stored again.
    """
    with connection.transaction():
        if connection.execute(_ADD, [sha256, size_bytes]).rowcount == 0:
            return
        with connection.cursor() as cursor:
            for number, part in enumerate(parts):
                cursor.execute(_ADD_PART, [sha256, number, part], binary=True)


def size_bytes(connection: Connection[Any], sha256: bytes) -> int | None:
    """How long the content is; None when it is not kept here."""
    row = connection.execute(_SIZE, [sha256]).fetchone()
    return None if row is None else int(row[0])


def part(connection: Connection[Any], sha256: bytes, number: int) -> bytes:
    """One part of a content that is kept here."""
    row = connection.execute(_PART, [sha256, number], binary=True).fetchone()
    assert row is not None
    return bytes(row[0])


def kind_of(name: str, given: str) -> str:
    """The type of a file as it was said, else as its name ends."""
    kind = given.partition(";")[0].strip().lower()
    if kind in ("", "application/octet-stream", "application/x-www-form-urlencoded"):
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return kind


def is_taken(kind: str, patterns: Iterable[str]) -> bool:
    """Whether files of this type are taken."""
    return any(fnmatchcase(kind, pattern) for pattern in patterns)


def numbers(size: int) -> Iterator[int]:
    """The numbers of the parts of a content of this many bytes."""
    return iter(range((size + PART_BYTES - 1) // PART_BYTES))
