"""What a reader of log files hands on, and how a bad file is refused: with its line and what would be accepted."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any


class BadLog(Exception):
    """The file cannot be imported; nothing was. ``line`` is the line in the (unpacked) file, if there is one."""

    def __init__(self, reason: str, *, line: int | None = None, accepted: str | None = None) -> None:
        """``accepted`` says what would have been accepted in this place."""
        where = f"line {line}: " if line is not None else ""
        super().__init__(where + reason + (f" (accepted: {accepted})" if accepted else ""))
        self.reason = reason
        self.line = line
        self.accepted = accepted


@dataclass(slots=True)
class SourceEvent:
    """One row of a log. ``at_us`` is microseconds since 1970 in UTC; ``actor`` None means nobody was recorded."""

    activity: str
    transition: str
    at_us: int
    actor: str | None
    line: int
    extras: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class SourceCase:
    """One case of a log with its events in file order. A case may be handed on in several parts."""

    case: str
    line: int
    attributes: dict[str, Any]
    events: list[SourceEvent]


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The file's unpacked bytes, and the raw file (its ``tell()`` is the progress); a torn archive is a BadLog."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not packed:
            yield raw, raw
            return
        try:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked, raw  # type: ignore[misc]  # GzipFile is a binary stream in all but its annotation
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BadLog(
                f"the gzip archive is damaged or cut off: {error}", accepted="a whole .gz file"
            ) from error
