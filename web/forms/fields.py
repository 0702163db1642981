"""Reads the forms of the pages: their flat names become the JSON body that the HTTP interface takes.

A name is a member of the body (``reason``), ``roles:KEY``, ``values:KIND:KEY`` for a field of a step, for a table
``values:table:KEY:ROW:COLUMN:KIND``, and ``refused:KIND:PATH`` for what only a refusal brings. What is left empty is
not sent. ``had:KIND:KEY`` is the trace of a value that the form showed: what is as it was shown is not sent, and what
was emptied is sent as null. ``keep:KEY`` names a file, by its place in the trace, that stays. ``said`` is what
somebody writes to a decision, whichever it will be; ``said:KEY`` the same where the step has a field for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from api.run.files import StoredFile
from api.run.step_commands import STEP_VERBS
from domain.directory import Directory, meant, plain_name
from web.rendering import controls

NULLABLE = {
    "assign": ("assignee",),
    "assign-role": ("assignee",),
    "due": ("due_at", "due_on"),
    "target": ("target_at",),
    "link": ("project",),
}
"""Members that are sent as null when a form leaves them empty."""
CONTROL = frozenset({"csrf", "command", "expected_version", "next", "ends_at", "confirm"})
"""Names that steer the request and are no part of the body."""
_MADE = frozenset({"values", "inputs", "roles", "changes", "mentions"})
"""Members of the body that are made of several names; no form has a name of their own for them."""
_SAID = {"approve": "comment", "refuse": "reason", "decline": "reason"}
"""What the words that go with a decision are called in the body of each."""
_DECIDING = frozenset(verb.name for verb in STEP_VERBS if "content_sha256" in verb.body.model_fields)
"""What takes the hash of the content that the form stood beside; the other buttons of that form do not."""
_INSTANTS = frozenset({"due_at", "until", "target_at"})
_PEOPLE = frozenset({"assignee"})
_MENTION = re.compile(r"(?<![\w@])@((?:(?:person|group|guest):)?[A-Za-z0-9][A-Za-z0-9._-]{0,99})")
_KNOWN_KIND = re.compile(r"(person|guest|group|service):")
_LONGEST_NAME = 90

Pairs = Iterable[tuple[str, str]]
Cells = dict[int, dict[str, tuple[str, str]]]


@dataclass(slots=True)
class _Fields:
    """What a form says of fields: texts by key, cells by row and column, files that stay, traces of what was shown."""

    texts: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    tables: dict[str, Cells] = field(default_factory=dict)
    kept: dict[str, set[str]] = field(default_factory=dict)
    had: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, name: Sequence[str], typed: str, *, refused: bool) -> None:
        """One name and its text; what only a refusal brings counts with one alone."""
        match name:
            case ["values", "table", key, row, column, kind] if re.fullmatch("[0-9]{1,5}", row):
                self.tables.setdefault(key, {}).setdefault(int(row), {})[column] = kind, typed
            case ["values", kind, key]:
                self.texts.setdefault(key, (kind, []))[1].append(typed)
            case ["refused", kind, path] if refused:
                self.texts.setdefault(path, (kind, []))[1].append(typed)
            case ["had", kind, key]:
                self.had[key] = kind, typed
            case ["keep", key]:
                self.kept.setdefault(key, set()).add(typed)
            case _:
                pass

    def forget(self, keys: Iterable[str]) -> None:
        """These are no values: what was written there is the reason."""
        for key in keys:
            self.texts.pop(key, None)
            self.had.pop(key, None)

    def values(self, zone: ZoneInfo, directory: Directory) -> dict[str, Any]:
        """The values that the form changes."""
        made: dict[str, Any] = {}
        for key in dict.fromkeys([*self.texts, *self.tables, *self.had, *self.kept]):
            kind, trace = self.had.get(key, ("files", None))
            kind, texts = self.texts.get(key, ("table" if key in self.tables else kind, []))
            match kind:
                case "table":
                    made |= _table(key, self.tables.get(key, {}), trace, zone, directory)
                case "files":
                    made |= _files(key, texts, trace, self.kept.get(key, set()))
                case _:
                    made |= _field(key, kind, texts, trace, zone, directory)
        return made


def body(pairs: Pairs, verb: str, zone: ZoneInfo, directory: Directory) -> dict[str, Any]:
    """The body of a command from the names and values of its form; times are in ``zone`` where they name none.

    Somebody is named in words, as the directory calls them.
    """
    made: dict[str, Any] = {}
    fields, pairs = _Fields(), list(pairs)
    for name, typed in pairs:
        match name.split(":"):
            case ["said", *key]:
                _said(made, fields, verb, typed, key)
            case ["roles", role] if text := typed.strip():
                made.setdefault("roles", {})[role] = person(text, directory)
            case ["content_sha256"] if verb not in _DECIDING:
                pass
            case [plain] if plain not in CONTROL | _MADE:
                _member(made, plain, controls.read("text", typed, zone), verb, zone, directory)
            case parts:
                fields.take(parts, typed, refused=verb == "refuse")
    if _SAID.get(verb) == "reason":
        fields.forget(name.removeprefix("said:") for name, _ in pairs if name.startswith("said:"))
    values = fields.values(zone, directory)
    of_run = "process" in made or verb == "inputs"
    return made | ({"inputs" if of_run else "values": values} if values else {})


def attachment(file: StoredFile) -> list[tuple[str, str]]:
    """The names and values that attach a file which was just kept."""
    return [
        ("name", file.name),
        ("media_type", file.type),
        ("size_bytes", str(file.size)),
        ("sha256", file.sha256),
    ]


def _said(made: dict[str, Any], fields: _Fields, verb: str, typed: str, key: list[str]) -> None:
    """What was written to a decision: its comment or its reason; where a field of the step holds it, that too."""
    if verb in _SAID and (text := typed.strip()):
        made[_SAID[verb]] = controls.read("long_text", text, ZoneInfo("UTC"))
    if key:
        fields.texts[key[0]] = "long_text", [typed]


def _member(
    made: dict[str, Any], name: str, text: str, verb: str, zone: ZoneInfo, directory: Directory
) -> None:
    if name == "labels":
        made[name] = [label.strip() for label in text.split(",") if label.strip()]
    elif not text:
        if name in NULLABLE.get(verb, ()):
            made[name] = None
    elif verb == "edit" and name == "to":
        made["changes"] = {"to": [part.strip() for part in text.split(",") if part.strip()]}
    elif name in _INSTANTS:
        made[name] = controls.instant(text, zone)
    elif name == "draft":
        made[name] = True
    elif name == "size_bytes":
        made[name] = int(text) if re.fullmatch(r"[0-9]{1,15}", text) else text
    elif name == "text" and verb == "comment":
        made |= {"text": text, "mentions": mentions(text, directory)}
    elif name in ("done", "shared"):
        made[name] = {"true": True, "false": False}.get(text, text)
    else:
        made[name] = person(text, directory) if name in _PEOPLE else text


def _field(
    key: str, kind: str, texts: list[str], trace: str | None, zone: ZoneInfo, directory: Directory
) -> dict[str, Any]:
    """A field that is one text or several; several of one name make a list."""
    if trace is not None and controls.untouched(kind, trace, texts):
        return {}
    told = [value for text in texts if (value := _value(kind, text, zone, directory)) != ""]
    if told:
        return {key: told if kind in controls.LISTS else told[-1]}
    return {} if trace is None else {key: None}


def _table(key: str, cells: Cells, trace: str | None, zone: ZoneInfo, directory: Directory) -> dict[str, Any]:
    """The rows of a table that hold something; a cell that was not touched keeps its value."""
    before = _listed(trace)
    rows, touched = [], False
    for number in sorted(cells):
        was = before[number] if number < len(before) and isinstance(before[number], dict) else {}
        row = {
            column: _cell(was.get(column), kind, typed, zone, directory)
            for column, (kind, typed) in cells[number].items()
        }
        same = all(kept for _, kept in row.values())
        touched = touched or not same
        now = (
            was if same else {column: value for column, (value, _) in row.items() if value not in (None, "")}
        )
        rows += [now] if now else []
    gone = len(before) > len(cells.keys() & range(len(before)))
    return {key: rows or None} if (touched or gone) and (rows or before) else {}


def _cell(was: Any, kind: str, typed: str, zone: ZoneInfo, directory: Directory) -> tuple[Any, bool]:
    """The value of a cell, and whether it is as it was shown."""
    kept = controls.untouched(kind, controls.trace(kind, was, zone, directory), [typed])
    return (was, True) if kept else (_value(kind, typed, zone, directory), False)


def _files(key: str, uploads: list[str], trace: str | None, kept: set[str]) -> dict[str, Any]:
    """The files that stay and those that came."""
    before = _listed(trace)
    now = [file for place, file in enumerate(before) if str(place) in kept]
    now += [controls.remembered(text) for text in sorted(kept) if not text.isdigit()]
    for text in uploads:
        told = controls.remembered(text)
        now += told if isinstance(told, list) else [told] if told else []
    if now == before:
        return {}
    return {key: now or None}


def _listed(trace: str | None) -> list[Any]:
    told = None if trace is None else controls.remembered(trace)
    return told if isinstance(told, list) else []


def _value(kind: str, text: str, zone: ZoneInfo, directory: Directory) -> Any:
    told = controls.read(kind, text, zone)
    return person(told, directory) if kind == "person" and told else told


def mentions(text: str, directory: Directory) -> list[str]:
    """Whom a comment names: ``@dana`` is person:dana, ``@group:legal`` the group; each once, in order."""
    named = (found.rstrip(".") for found in _MENTION.findall(text))
    return list(dict.fromkeys(person(name, directory) for name in named))


def person(text: str, directory: Directory) -> str:
    """Whoever is meant by these words; a name that nobody has is left to the rules, which tell who is near it."""
    found = meant(text, directory)
    if found is not None or _KNOWN_KIND.match(text):
        return found or text
    return f"person:{plain_name(text)[:_LONGEST_NAME].strip('-') or 'unknown'}"


def typed_files(found: Mapping[str, list[Any]]) -> list[tuple[str, str]]:
    """The names and values of files that were just kept."""
    return [(name, orjson.dumps(files).decode()) for name, files in found.items()]
