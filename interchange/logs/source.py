"""What a reader of log files hands on."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from interchange.bad_log import BadLog
from interchange.logs.mapping import Columns
from interchange.logs.times import Clock

LONGEST_NAME = 200
"""Characters of a case, an activity or an actor: names that people read, and that indexes hold."""
MOST_BYTES = 200_000
"""What the attributes of one event, or of one case, may take together: they are stored in one event of the log."""


@dataclass(slots=True)
class SourceEvent:
    """One row of a log. ``at_us`` is microseconds since 1970 in UTC; ``actor`` None means nobody was recorded.

    ``instance`` tells work of one activity apart that goes on at the same time; None where the log does not.
    """

    activity: str
    transition: str
    at_us: int
    actor: str | None
    line: int
    extras: dict[str, Any] = field(default_factory=dict)
    instance: str | None = None


@dataclass(slots=True)
class SourceCase:
    """One case of a log with its events in file order. A case may be handed on in several parts."""

    case: str
    line: int
    attributes: dict[str, Any]
    events: list[SourceEvent]


@dataclass
class Notes:
    """What a reader finds out beside the cases: how the file is written, and what it had to leave out."""

    encoding: str | None = None
    delimiter: str | None = None
    not_finite: int = 0


@dataclass(frozen=True)
class Source:
    """A file and how it is to be read; ``progress`` hears the bytes of the (packed) file read so far.

    ``encoding`` and ``delimiter`` are what somebody says of a CSV file; None: found out.
    """

    path: Path
    columns: Columns
    clock: Clock
    encoding: str | None = None
    delimiter: str | None = None
    progress: Callable[[int], None] = lambda _bytes: None
    notes: Notes = field(default_factory=Notes)


def bounded(cases: Iterator[SourceCase]) -> Iterator[SourceCase]:
    """The same cases; one whose names are too long to be names is a BadLog."""
    for case in cases:
        _name("case", case.case, case.line)
        for event in case.events:
            _name("activity", event.activity, event.line)
            _name("actor", event.actor or "", event.line)
            _name("instance", event.instance or "", event.line)
        yield case


def _name(what: str, text: str, line: int) -> None:
    if len(text) > LONGEST_NAME:
        raise BadLog(
            f"the {what} {text[:40]!r}… has {len(text)} characters",
            line=line,
            accepted=f"at most {LONGEST_NAME}",
        )


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
