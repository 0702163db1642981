"""Reads event logs in CSV, one row per event, in any order; columns are named in the --stages file or are XES's own."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from milepost.importing.mapping import Columns
from milepost.importing.source import BadLog, SourceCase, SourceEvent, opened
from milepost.importing.times import Clock

csv.field_size_limit(1 << 18)
EVERY = 1000


def read_csv(
    path: Path, columns: Columns, clock: Clock, progress: Callable[[int], None] = lambda _bytes: None
) -> Iterator[SourceCase]:
    """Yield one part of a case per row. ``progress`` hears the bytes of the (packed) file read so far."""
    with opened(path) as (stream, raw), io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        rows = _rows(text)
        header = _header(rows, columns)
        for number, (line, row) in enumerate(rows):
            if number % EVERY == 0:
                progress(raw.tell())
            yield _case_of(line, _record(header, row, line), columns, clock)


def _rows(text: TextIO) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text, strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except UnicodeDecodeError as error:
        at = codecs.decode(error.object[error.start : error.start + 1], "latin-1")
        raise BadLog(f"not UTF-8 text near {at!r}", line=reader.line_num + 1, accepted="UTF-8") from error
    except csv.Error as error:
        raise BadLog(f"not CSV: {error}", line=reader.line_num, accepted="comma-separated values") from error


def _header(rows: Iterator[tuple[int, list[str]]], columns: Columns) -> list[str]:
    _line, header = next(rows, (0, []))
    missing = [name for name in (columns.case, columns.activity, columns.time) if name not in header]
    if missing:
        raise BadLog(
            f"missing column {', '.join(missing)}; the file has {', '.join(header) or 'nothing'}",
            line=1,
            accepted="these columns, or their names under columns: in the --stages file",
        )
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise BadLog(f"column {', '.join(repeated)} stands twice", line=1, accepted="each column once")
    return header


def _record(header: list[str], row: list[str], line: int) -> dict[str, str]:
    if len(row) != len(header):
        raise BadLog(
            f"{len(row)} values for {len(header)} columns", line=line, accepted=f"{len(header)} values"
        )
    return {name: value for name, value in zip(header, row, strict=True) if value != ""}


def _case_of(line: int, record: dict[str, str], columns: Columns, clock: Clock) -> SourceCase:
    for needed in (columns.case, columns.activity, columns.time):
        if needed not in record:
            raise BadLog(f"no value in column {needed}", line=line, accepted="a value in every row")
    case, activity = record.pop(columns.case), record.pop(columns.activity)
    at_us = clock.microseconds(record.pop(columns.time), line)
    transition, actor = record.pop(columns.transition, "complete").lower(), record.pop(columns.actor, None)
    prefix = columns.case_prefix
    attributes = {key: value for key, value in record.items() if key.startswith(prefix)}
    extras = {key: value for key, value in record.items() if not key.startswith(prefix)}
    return SourceCase(case, line, attributes, [SourceEvent(activity, transition, at_us, actor, line, extras)])
