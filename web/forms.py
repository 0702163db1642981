"""Reads the forms of the pages: their flat names become the JSON body that the HTTP interface takes.

A name is a member of the body (``reason``), ``roles:KEY``, ``values:KIND:KEY`` for a field of a step, or for a table
``values:table:KEY:ROW:COLUMN:KIND``. What is left empty is not sent; a field named by ``had`` is cleared by that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from api.files import StoredFile
from api.run_commands import STEP_VERBS

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
_DECIDING = frozenset(verb.name for verb in STEP_VERBS if "content_sha256" in verb.body.model_fields)
"""What takes the hash of the content that the form stood beside; the other buttons of that form do not."""
_INSTANTS = frozenset({"due_at", "until", "target_at"})
_PEOPLE = frozenset({"assignee"})
_MENTION = re.compile(r"(?<![\w@])@((?:(?:person|group|guest):)?[A-Za-z0-9][A-Za-z0-9._-]{0,99})")
_KNOWN_KIND = re.compile(r"(person|guest|group|service):")

Pairs = Iterable[tuple[str, str]]


def body(pairs: Pairs, verb: str, zone: ZoneInfo) -> dict[str, Any]:
    """The body of a command from the names and values of its form; times are in ``zone`` where they name none."""
    made: dict[str, Any] = {}
    values: dict[str, Any] = {}
    tables: dict[str, dict[int, dict[str, Any]]] = {}
    had: list[str] = []
    for name, typed in pairs:
        text = typed.replace("\r\n", "\n").strip()
        match name.split(":"):
            case ["values", "table", key, row, column, kind] if row.isascii() and row.isdigit():
                _cell(tables, key, int(row), column, _value(kind, text, zone))
            case ["roles", role] if text:
                made.setdefault("roles", {})[role] = person(text)
            case ["had"]:
                had.append(text)
            case ["values", kind, key]:
                _put(values, key, kind, text, zone)
            case ["content_sha256"] if verb not in _DECIDING:
                pass
            case [plain] if plain not in CONTROL:
                _member(made, plain, text, verb, zone)
            case _:
                pass
    values |= {key: [rows[number] for number in sorted(rows)] for key, rows in tables.items()}
    values |= {key: None for key in had if key not in values}
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


def _member(made: dict[str, Any], name: str, text: str, verb: str, zone: ZoneInfo) -> None:
    if not text:
        if name in NULLABLE.get(verb, ()):
            made[name] = None
    elif verb == "edit" and name == "to":
        made["changes"] = {"to": [part.strip() for part in text.split(",") if part.strip()]}
    elif name in _INSTANTS:
        made[name] = instant(text, zone)
    elif name == "draft":
        made[name] = True
    elif name == "size_bytes":
        made[name] = int(text)
    elif name == "text" and verb == "comment":
        made |= {"text": text, "mentions": mentions(text)}
    elif name == "labels":
        made[name] = [label.strip() for label in text.split(",") if label.strip()]
    elif name in ("done", "shared"):
        made[name] = text == "true"
    else:
        made[name] = person(text) if name in _PEOPLE else text


def _put(values: dict[str, Any], key: str, kind: str, text: str, zone: ZoneInfo) -> None:
    """Several boxes of one name make a list; an empty list is told by its hidden marker alone."""
    if kind in ("multi_choice", "checklist"):
        chosen = values.setdefault(key, [])
        if text:
            chosen.append(text)
        elif not chosen:
            values.pop(key)
    elif text:
        values[key] = _value(kind, text, zone)


def _cell(tables: dict[str, dict[int, dict[str, Any]]], key: str, row: int, column: str, value: Any) -> None:
    if value != "":
        tables.setdefault(key, {}).setdefault(row, {})[column] = value


def _value(kind: str, text: str, zone: ZoneInfo) -> Any:
    if not text:
        return ""
    match kind:
        case "number" | "money":
            return _number(text)
        case "yes_no":
            return text == "yes"
        case "datetime":
            return instant(text, zone)
        case _:
            return _READERS.get(kind, str)(text)


def _number(text: str) -> float | int | str:
    """A number where it is one; otherwise the text, for the rules to refuse by name."""
    plain = text.replace(" ", "")
    try:
        return int(plain) if re.fullmatch(r"-?\d{1,15}", plain) else float(plain)
    except ValueError:
        return text


def mentions(text: str) -> list[str]:
    """Whom a comment names: ``@dana`` is person:dana, ``@group:legal`` the group; each once, in order."""
    return list(dict.fromkeys(person(found.rstrip(".")) for found in _MENTION.findall(text)))


def instant(text: str, zone: ZoneInfo) -> str:
    """The time of a date and time control, in the organisation's zone, as ISO 8601; other text as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at if at.tzinfo else at.replace(tzinfo=zone)).isoformat()


def person(text: str) -> str:
    """Whoever is meant: a name alone is a person."""
    if _KNOWN_KIND.match(text):
        return text
    return "person:" + re.sub(r"[^a-z0-9._@+-]+", "-", text.lower()).strip("-")


_READERS: dict[str, Callable[[str], Any]] = {"person": person, "files": orjson.loads}
