"""Reads event logs in CSV, one row per event, in any order; columns are named in the --stages file or are XES's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import TextIO

from interchange.bad_log import BadLog
from interchange.logs.csv_form import called, delimiter_of, encoding_of, named_columns
from interchange.logs.mapping import Columns
from interchange.logs.source import Source, SourceCase, SourceEvent, opened
from interchange.logs.times import Clock

csv.field_size_limit(1 << 18)
EVERY = 1000


def read_csv(source: Source) -> Iterator[SourceCase]:
    """Yield one part of a case per row. How the file is written is found out where nobody says it."""
    encoding = source.notes.encoding = encoding_of(source)
    with opened(source.path) as (stream, raw), io.TextIOWrapper(stream, encoding, newline="") as text:
        rows = _rows(source, text, encoding)
        header = _header(rows, source)
        for number, (line, row) in enumerate(rows):
            if number % EVERY == 0:
                source.progress(raw.tell())
            yield _case_of(line, _record(header, row, line), source.columns, source.clock)


def _rows(source: Source, text: TextIO, encoding: str) -> Iterator[tuple[int, list[str]]]:
    before = 0
    reader = None
    try:
        first = text.readline()
        if first.lower().startswith("sep=") and source.delimiter is None:  # how spreadsheets say it
            source.notes.delimiter = first[4:].strip("\r\n") or None
            before, first = 1, text.readline()
        delimiter = source.notes.delimiter = delimiter_of(source, first)
        reader = csv.reader(chain([first], text), delimiter=delimiter, strict=True)
        for row in reader:
            line = before + reader.line_num
            if any("\x00" in value for value in row):
                raise BadLog(
                    "a value holds a NUL character", line=line, accepted="text; or another --encoding"
                )
            if row:
                yield line, row
    except UnicodeDecodeError as error:
        line = before + (reader.line_num if reader else 0) + 1
        wrong = error.object[error.start : error.start + 4].hex(" ")
        accepted = "the encoding of the file, said with --encoding"
        raise BadLog(f"not {encoding} text near the bytes {wrong}", line=line, accepted=accepted) from error
    except csv.Error as error:
        line = before + (reader.line_num if reader else 0)
        raise BadLog(f"not CSV: {error}", line=line, accepted="values with one delimiter") from error


def _header(rows: Iterator[tuple[int, list[str]]], source: Source) -> list[str]:
    _line, header = next(rows, (0, []))
    missing = [name for name in named_columns(source.columns) if name not in header]
    if missing:
        delimiter = called(source.notes.delimiter or "")
        raise BadLog(
            f"missing column {', '.join(missing)}; read as {source.notes.encoding} with {delimiter} as delimiter, "
            f"the file has {', '.join(header) or 'nothing'}",
            line=1,
            accepted="these columns, or their names under columns: in the --stages file; --delimiter, --encoding",
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
    prefix, instance = columns.case_prefix, record.get(columns.instance)
    attributes = {key: value for key, value in record.items() if key.startswith(prefix)}
    extras = {key: value for key, value in record.items() if not key.startswith(prefix)}
    event = SourceEvent(activity, transition, at_us, actor, line, extras, instance)
    return SourceCase(case, line, attributes, [event])
