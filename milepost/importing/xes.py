"""Reads XES logs (IEEE 1849) as a stream, one trace at a time; a document type is refused, so no entity is expanded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from milepost.importing.mapping import Columns
from milepost.importing.source import BadLog, SourceCase, SourceEvent, opened
from milepost.importing.times import Clock

CHUNK = 1 << 18
MAXIMUM_DEPTH = 64
_ATTRIBUTES = frozenset({"string", "date", "int", "float", "boolean", "id"})


def read_xes(
    path: Path, columns: Columns, clock: Clock, progress: Callable[[int], None] = lambda _bytes: None
) -> Iterator[SourceCase]:
    """Yield the traces of the file. ``progress`` hears the bytes of the (packed) file read so far."""
    reader = _Reader(columns, clock)
    with opened(path) as (stream, raw):
        while chunk := stream.read(CHUNK):
            reader.feed(chunk, final=False)
            yield from reader.take()
            progress(raw.tell())
        reader.feed(b"", final=True)
    yield from reader.take()
    if not reader.seen_log:
        raise BadLog("there is no <log> element", accepted="an XES file")


class _Reader:
    """Keeps where we are in the file: in a trace, in an event, how deep in an attribute."""

    def __init__(self, columns: Columns, clock: Clock) -> None:
        self.columns, self.clock = columns, clock
        self.seen_log = False
        self._finished: list[SourceCase] = []
        self._depth = 0
        self._trace: dict[str, Any] | None = None
        self._event: dict[str, Any] | None = None
        self._events: list[SourceEvent] = []
        self._trace_line = self._event_line = 0
        self._attribute_depth = 0
        self._skipping = 0
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def feed(self, chunk: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(chunk, final)
        except expat.ExpatError as error:
            reason = (
                "the file ends in the middle"
                if final
                else f"not well-formed XML: {expat.ErrorString(error.code)}"
            )
            raise BadLog(reason, line=error.lineno, accepted="a whole XES file") from error

    def take(self) -> list[SourceCase]:
        finished, self._finished = self._finished, []
        return finished

    def _refuse_doctype(self, *_declaration: object) -> None:
        line = self._parser.CurrentLineNumber
        raise BadLog(
            "the file declares a document type (DOCTYPE)",
            line=line,
            accepted="XES without DOCTYPE or entities",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise BadLog(
                f"elements are nested deeper than {MAXIMUM_DEPTH}", line=self._parser.CurrentLineNumber
            )
        local = name.rpartition(":")[2]
        if self._skipping:
            self._skipping += 1
        elif self._depth == 1:
            self._open_log(local)
        elif local == "trace" and self._trace is None:
            self._trace, self._events, self._trace_line = {}, [], self._parser.CurrentLineNumber
        elif local == "event" and self._trace is not None and self._event is None:
            self._event, self._event_line = {}, self._parser.CurrentLineNumber
        elif local in _ATTRIBUTES and self._trace is not None:
            self._attribute(local, attributes)
        else:
            self._skipping = 1

    def _open_log(self, local: str) -> None:
        if local != "log":
            raise BadLog(
                f"the root element is <{local}>", line=self._parser.CurrentLineNumber, accepted="<log>"
            )
        self.seen_log = True

    def _attribute(self, kind: str, attributes: dict[str, str]) -> None:
        self._attribute_depth += 1
        if self._attribute_depth > 1:
            return
        target = self._event if self._event is not None else self._trace
        key, value = attributes.get("key"), attributes.get("value")
        if key is None or value is None:
            line = self._parser.CurrentLineNumber
            raise BadLog(
                f"a <{kind}> without key or value", line=line, accepted='<string key="…" value="…"/>'
            )
        assert target is not None
        target[key] = self._typed(kind, value)

    def _typed(self, kind: str, value: str) -> Any:
        try:
            if kind == "int":
                return int(value)
            if kind == "float":
                return float(value)
        except ValueError as error:
            raise BadLog(f"{value!r} is not of type {kind}", line=self._parser.CurrentLineNumber) from error
        return value == "true" if kind == "boolean" else value

    def _end(self, name: str) -> None:
        self._depth -= 1
        local = name.rpartition(":")[2]
        if self._skipping:
            self._skipping -= 1
        elif self._attribute_depth and local in _ATTRIBUTES:
            self._attribute_depth -= 1
        elif local == "event" and self._event is not None:
            self._events.append(self._event_of(self._event))
            self._event = None
        elif local == "trace" and self._trace is not None:
            self._close_trace(self._trace)
            self._trace = None

    def _event_of(self, found: dict[str, Any]) -> SourceEvent:
        columns, line = self.columns, self._event_line
        activity, time = found.pop(columns.activity, None), found.pop(columns.time, None)
        if not activity or not isinstance(activity, str):
            raise BadLog(f"an event has no {columns.activity}", line=line, accepted="a text in every event")
        if not isinstance(time, str):
            raise BadLog(f"an event has no {columns.time}", line=line, accepted="a time in every event")
        transition = str(found.pop(columns.transition, "complete")).lower()
        actor = found.pop(columns.actor, None)
        at_us = self.clock.microseconds(time, line)
        return SourceEvent(
            activity, transition, at_us, None if actor in (None, "") else str(actor), line, found
        )

    def _close_trace(self, found: dict[str, Any]) -> None:
        case = found.pop(self.columns.xes_case, None)
        if case in (None, ""):
            raise BadLog(
                f"a trace has no {self.columns.xes_case}",
                line=self._trace_line,
                accepted="a text in every trace",
            )
        self._finished.append(SourceCase(str(case), self._trace_line, found, self._events))
