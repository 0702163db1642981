"""What a control shows of a field's value, and which value stands for what was typed: two ways through one door.

A form remembers a trace of each value that it showed. What comes back as it was shown was not touched, and is not
sent: so a value never changes by having been looked at, however little of it a control can show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any

import orjson

from domain.directory import EMPTY, Directory, called

LISTS = frozenset({"multi_choice", "checklist"})
"""Kinds of which one name comes several times."""
_EXACT = frozenset({"choice", *LISTS})
"""Kinds whose texts come from a closed list: blanks around them belong to them."""
_MANY_LINES = frozenset({"long_text", *_EXACT})
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_MOST_DIGITS = 400
_BLANKS = str.maketrans("", "", " \u00a0\u202f")


_GROUPS = ("multi_choice", "checklist", "yes_no", "table")
_MOST_RADIOS = 4


def is_group(field: Any) -> bool:
    """Whether a field is asked for by several controls that belong together: few choices stand side by side."""
    choices = field.get("choices") if isinstance(field, Mapping) else field.choices
    kind = field.get("kind") if isinstance(field, Mapping) else field.kind
    return kind in _GROUPS or (kind == "choice" and 0 < len(choices or ()) <= _MOST_RADIOS)


def values_of(value: Any) -> list[Any]:
    """The values of a field of several; a single one of an older version, of another kind, as a list of it."""
    if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return list(value)
    return [] if value in (None, "") else [value]


def table_rows(value: Any) -> list[Mapping[str, Any]]:
    """The rows of a table that are there, and empty ones to be filled: two of a table that has none."""
    if not value:
        return [{}, {}]
    return [*(row for row in values_of(value) if isinstance(row, Mapping)), {}]


def shown(kind: str, value: Any, zone: tzinfo, directory: Directory = EMPTY) -> str:
    """The text of a value in its control; times are in ``zone``, with as much of a second as they have.

    Somebody is called as the directory says.
    """
    if value is None or isinstance(value, bool):
        return "" if value is None else "yes" if value else "no"
    if isinstance(value, str):
        if kind == "datetime":
            return _local(value, zone)
        if kind == "person":
            return called(value, directory)
        return _lines(value) if kind in _MANY_LINES else _lines(value).replace("\n", "")
    several = kind in LISTS and isinstance(value, list | tuple)
    return "\n".join(sorted(map(str, value))) if several else str(value)


def read(kind: str, text: str, zone: tzinfo) -> Any:
    """The value that was typed; what cannot be read stays as it is, for the rules to refuse by name."""
    told = _lines(text) if kind in _EXACT else _lines(text).strip()
    return _READERS.get(kind, _as_it_is)(told, zone) if told else ""


def trace(kind: str, value: Any, zone: tzinfo, directory: Directory = EMPTY) -> str:
    """What a form remembers of the value that it showed: tables and files whole, of others a digest is enough."""
    if kind in ("table", "files"):
        return orjson.dumps(value).decode()
    return sha256(shown(kind, value, zone, directory).encode(errors="replace")).hexdigest()


def untouched(kind: str, remembered: str, texts: Sequence[str]) -> bool:
    """Whether these texts are what the form had shown."""
    if kind in LISTS:
        told = "\n".join(sorted(_lines(text) for text in texts if text))
    else:
        told = _lines(texts[-1]) if texts else ""
        told = _normal(told) if kind == "datetime" else told
    return remembered == sha256(told.encode(errors="replace")).hexdigest()


def choices_with(field: Mapping[str, Any], value: Any) -> list[str]:
    """The choices of a field; what was chosen when others stood there is still among them."""
    chosen = value if isinstance(value, list) else [value]
    return [
        *field["choices"],
        *(one for one in chosen if isinstance(one, str) and one and one not in field["choices"]),
    ]


def file_mark(file: Any, given: Any) -> str:
    """What says in a form that a file stays: its place among those that were given, else the file itself."""
    return (
        str(given.index(file)) if isinstance(given, list) and file in given else orjson.dumps(file).decode()
    )


def remembered(text: str) -> Any:
    """The rows or files of a trace; the text itself where it is none, for the rules to refuse."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text.strip()


def instant(text: str, zone: tzinfo) -> str:
    """The time of a date and time control, in ``zone``, as ISO 8601; other text as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at if at.tzinfo else at.replace(tzinfo=zone)).isoformat()


def _lines(text: str) -> str:
    """The text with the line ends that we keep; forms send others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _local(value: str, zone: tzinfo) -> str:
    try:
        at = datetime.fromisoformat(value).astimezone(zone)
    except (ValueError, OverflowError):
        return ""
    return _spelt(at.replace(tzinfo=None))


def _normal(text: str) -> str:
    """A local time as controls spell it, however the browser did."""
    try:
        return _spelt(datetime.fromisoformat(text))
    except ValueError:
        return text


def _spelt(at: datetime) -> str:
    """As short as a control spells it: it knows thousandths of a second, and leaves out what is nought."""
    if at.microsecond >= 1_000:
        return at.isoformat(timespec="milliseconds").rstrip("0")
    return at.isoformat(timespec="seconds" if at.second else "minutes")


def _number(text: str, _zone: tzinfo) -> float | int | str:
    """A number in plain digits, with blanks between groups; whatever else Python would take for one is text."""
    plain = text.translate(_BLANKS)
    if len(plain) > _MOST_DIGITS or not _NUMBER.fullmatch(plain):
        return text
    if plain.lstrip("+-").isdigit():
        whole = int(plain)
        return whole if abs(whole) < 2**63 else text
    told = float(plain)
    return told if abs(told) != float("inf") else text


def _yes_no(text: str, _zone: tzinfo) -> bool | str:
    return {"yes": True, "no": False}.get(text, text)


def _as_it_is(text: str, _zone: tzinfo) -> str:
    return text


_READERS: dict[str, Callable[[str, tzinfo], Any]] = {
    "number": _number,
    "money": _number,
    "yes_no": _yes_no,
    "datetime": instant,
}
