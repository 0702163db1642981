"""Reads XES logs (IEEE 1849) as a stream, one trace at a time; a document type is refused, so no entity is expanded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from xml.parsers import expat

from domain import texts
from interchange.bad_log import BadLog
from interchange.logs.source import Source, SourceCase, SourceEvent, opened
from interchange.logs.times import BLANKS

CHUNK = 1 << 18
MAXIMUM_DEPTH = 64
_ATTRIBUTES = frozenset({"string", "date", "int", "float", "boolean", "id"})
_TYPES: dict[str, Callable[[str], Any]] = {"int": texts.whole, "float": texts.number, "boolean": texts.truth}
"""How the types are read that are no texts here; None is left out, and counted."""


def read_xes(source: Source) -> Iterator[SourceCase]:
    """Yield the traces of the file."""
    reader = _Reader(source)
    with opened(source.path) as (stream, raw):
        while chunk := stream.read(CHUNK):
            reader.feed(chunk, final=False)
            yield from reader.take()
            source.progress(raw.tell())
        reader.feed(b"", final=True)
    yield from reader.take()
    if not reader.seen_log:
        raise BadLog("there is no <log> element", accepted="an XES file")


class _Reader:
    """Keeps where we are in the file: in a trace, in an event, how deep in an attribute."""

    def __init__(self, source: Source) -> None:
        self.columns, self.clock, self.notes = source.columns, source.clock, source.notes
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
        typed = self._typed(kind, key, value) if kind in _TYPES else value
        if typed is not None:
            target[key] = typed

    def _typed(self, kind: str, key: str, value: str) -> Any:
        try:
            found = _TYPES[kind](value.strip(BLANKS))
        except texts.NotOne as wrong:
            line = self._parser.CurrentLineNumber
            told = f"the {kind} {value[:40]!r} of {key}: {wrong}"
            raise BadLog(told, line=line, accepted=wrong.accepted) from wrong
        self.notes.not_finite += found is None
        return found

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
        actor, instance = found.pop(columns.actor, None), found.get(columns.instance)
        at_us = self.clock.microseconds(time, line)
        return SourceEvent(activity, transition, at_us, _named(actor), line, found, _named(instance))

    def _close_trace(self, found: dict[str, Any]) -> None:
        case = found.pop(self.columns.xes_case, None)
        if case in (None, ""):
            raise BadLog(
                f"a trace has no {self.columns.xes_case}",
                line=self._trace_line,
                accepted="a text in every trace",
            )
        self._finished.append(SourceCase(str(case), self._trace_line, found, self._events))


def _named(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
