"""YAML text as plain data with the place of every key: without aliases, tags, double keys or unbounded depth."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from domain.outline import Path

DEEPEST = 32
"""As deep as the body of a request may be."""
MOST_VALUES = 30_000
"""Keys, values and entries of a document: reading more would take more than a moment."""
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]{1,18}(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_Place = tuple[int, int]


class TreeError(Exception):
    """The text is YAML, but not of the plain sort that is read here."""

    def __init__(self, place: _Place, key: str, code: str, message: str, *accepted: str) -> None:
        """``place`` is line and column, counted from 1."""
        super().__init__(message)
        self.line, self.column = place
        self.key = key
        self.code = code
        self.message = message
        self.accepted = accepted


@dataclass
class Tree:
    """The data and where each key or entry of it begins."""

    data: Any = None
    places: dict[Path, _Place] = field(default_factory=dict)
    doubles: list[TreeError] = field(default_factory=list)
    """Keys that are there again; the last one of each is what ``data`` has."""

    def place(self, path: Path) -> _Place:
        """Line and column of the path, or of the nearest thing around it that is there."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def read_tree(text: str) -> Tree:
    """The one document of the text. Raises TreeError or ruamel's YAMLError."""
    builder = _Builder()
    for event in YAML(typ="safe", pure=True).parse(text):
        builder.take(event)
    if not isinstance(builder.tree.data, dict):
        raise TreeError(
            (1, 1), "", "not_a_mapping", "a document is a mapping of keys to values", "key: value"
        )
    return builder.tree


@dataclass
class _Open:
    """A mapping or list that is being filled; ``key`` is the mapping's key that waits for its value."""

    content: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None


class _Builder:
    def __init__(self) -> None:
        self.tree = Tree()
        self._open: list[_Open] = []
        self._documents = 0
        self._values = 0

    def take(self, event: Any) -> None:
        """One event of the parser."""
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, NodeEvent):
            self._count(place)
            self._refuse_tricks(event, place)
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise TreeError(place, "", "many_documents", "a file holds one document", "one document")
            case ScalarEvent():
                self._scalar(event, place)
            case MappingStartEvent():
                self._begin({}, place)
            case SequenceStartEvent():
                self._begin([], place)
            case MappingEndEvent() | SequenceEndEvent():
                self._open.pop()
            case _:
                pass

    def _count(self, place: _Place) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            message = f"more than {MOST_VALUES} keys and values"
            raise TreeError(place, self._where(), "too_many_values", message, f"at most {MOST_VALUES}")

    def _refuse_tricks(self, event: Any, place: _Place) -> None:
        if isinstance(event, AliasEvent) or event.anchor is not None:
            message = "anchors and aliases are not read; write the value out"
            raise TreeError(place, self._where(), "alias", message, "the value itself")
        tag = getattr(event, "tag", None)
        if (None if tag is None else str(tag)) not in _TAGS:
            raise TreeError(place, self._where(), "tag", f"the tag {tag!s:.60} is not read", "plain values")

    def _scalar(self, event: ScalarEvent, place: _Place) -> None:
        if "\0" in event.value:
            raise TreeError(place, self._where(), "zero_byte", "a text holds a zero byte", "text without it")
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.content, dict) and top.key is None:
            self._key(top, str(event.value), place)
            return
        plain = event.style is None and (event.tag is None)
        self._add(_resolved(event.value) if plain else event.value, place)

    def _key(self, top: _Open, key: str, place: _Place) -> None:
        if key in top.content:
            message = f"the key {key[:60]!r} is there twice"
            self.tree.doubles.append(
                TreeError(place, self._where(key), "duplicate_key", message, "each key once")
            )
        top.key = key
        self.tree.places[(*top.path, key)] = place

    def _begin(self, content: dict[str, Any] | list[Any], place: _Place) -> None:
        if len(self._open) >= DEEPEST:
            message = f"nested more than {DEEPEST} deep"
            raise TreeError(place, self._where(), "too_deep", message, f"at most {DEEPEST} levels")
        if self._open and isinstance(self._open[-1].content, dict) and self._open[-1].key is None:
            raise TreeError(place, self._where(), "bad_key", "a key is a text", "text")
        path = self._add(content, place)
        self._open.append(_Open(content, path))

    def _add(self, value: Any, place: _Place) -> Path:
        if not self._open:
            self.tree.data = value
            return ()
        top = self._open[-1]
        if isinstance(top.content, list):
            path: Path = (*top.path, len(top.content))
            self.tree.places[path] = place
            top.content.append(value)
            return path
        assert top.key is not None, "a value follows its key"
        path = (*top.path, top.key)
        top.content[top.key] = value
        top.key = None
        return path

    def _where(self, *more: str) -> str:
        top = self._open[-1] if self._open else None
        path = () if top is None else (*top.path, *([top.key] if top.key else []))
        return ".".join(str(part) for part in (*path, *more))[:200]


def _resolved(text: str) -> Any:
    """A plain value as YAML 1.2 reads it: nothing, truth, a number, or else the text (dates and yes stay text)."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
