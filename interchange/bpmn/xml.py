"""Reads the BPMN elements of an XML file into a small tree; size, depth and document types are limited on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from interchange.bad_log import BadLog
from interchange.logs.source import opened

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
LARGEST_FILE = 10 * 1024 * 1024
MOST_ELEMENTS = 100_000
DEEPEST = 64
_CHUNK = 1 << 18
_BLANK = frozenset({"extensionElements"})


@dataclass(slots=True)
class Element:
    """One element of BPMN: its name without namespace, the line it begins on, and what is in it."""

    kind: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    parts: list[Element] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id; empty where there is none."""
        return self.attributes.get("id", "")

    @property
    def name(self) -> str:
        """The name on one line."""
        return " ".join(self.attributes.get("name", "").split())

    def all(self, *kinds: str) -> Iterator[Element]:
        """The parts of these kinds."""
        return (part for part in self.parts if part.kind in kinds)

    def texts(self, kind: str) -> list[str]:
        """The texts of the parts of this kind that have one."""
        return [part.text.strip() for part in self.all(kind) if part.text.strip()]


def read_elements(path: Path) -> Element:
    """The root element of a BPMN 2.0 file; BadLog when it is something else, damaged or too large."""
    reader = _Reader()
    size = 0
    with opened(path) as (stream, _raw):
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > LARGEST_FILE:
                raise BadLog("the model is too large", accepted=f"at most {LARGEST_FILE >> 20} MB")
            reader.feed(chunk, final=False)
        reader.feed(b"", final=True)
    assert reader.root is not None  # without a root the parser has complained
    return reader.root


class _Reader:
    """Builds the tree; what is not BPMN (diagrams, extensions of a vendor) is passed over."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._skipping = self._depth = self._elements = 0
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def feed(self, chunk: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(chunk, final)
        except expat.ExpatError as error:
            said = expat.ErrorString(error.code)
            reason = "the file ends in the middle" if final else f"not well-formed XML: {said}"
            raise BadLog(reason, line=error.lineno, accepted="a whole BPMN 2.0 file") from error

    def _refuse_doctype(self, *_declaration: object) -> None:
        self._refuse("the file declares a document type (DOCTYPE)", "BPMN without DOCTYPE or entities")

    def _refuse(self, reason: str, accepted: str) -> None:
        raise BadLog(reason, line=self._parser.CurrentLineNumber, accepted=accepted)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            self._refuse(f"elements are nested deeper than {DEEPEST}", f"at most {DEEPEST} levels")
        space, _, kind = name.rpartition(" ")
        if self.root is None:
            self._check_root(space, kind)
        if self._skipping or space != BPMN or kind in _BLANK:
            self._skipping += 1
            return
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            self._refuse("the model has too many elements", f"at most {MOST_ELEMENTS:,}")
        element = Element(kind, attributes, self._parser.CurrentLineNumber)
        if self._open:
            self._open[-1].parts.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _check_root(self, space: str, kind: str) -> None:
        if (space, kind) != (BPMN, "definitions"):
            self._refuse(f"the root element is <{kind}>, which is not BPMN 2.0", f"<definitions> of {BPMN}")

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if self._skipping:
            self._skipping -= 1
        else:
            self._open.pop()

    def _text(self, text: str) -> None:
        if self._open and not self._skipping:
            self._open[-1].text += text
