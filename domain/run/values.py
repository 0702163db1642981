"""What people and services may give as field values: every problem is named at once, with what would be accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

from domain import texts
from domain.comparing import is_set, same
from domain.computing import LARGEST
from domain.directory import Directory, why_not_here
from domain.document import Column, FormField
from domain.mail_address import ACCEPTED, is_address
from domain.reach import REACH, in_reach
from domain.schedule import Calendar
from domain.storable import unstorable
from domain.words import Rejected, Values

Problem = dict[str, str]

_TEXT_LENGTH, _LONG_LENGTH = 2_000, 100_000
_WORD_LENGTH, _INSTANT_LENGTH = 120, 40
_MOST_ENTRIES, _MOST_ROWS = 1_000, 2_000
_MOST_TOLD = 50
"""Problems that are told at once; whoever mends fifty asks again."""
_MOST_STRANGERS = 5
"""Strangers who are compared with everybody, in a field and in fields at once; others are refused only."""
_PERSON = re.compile(r"(person|guest|group|service):[^\s:]{1,100}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{2,30}")
_URL = re.compile(r"https?://[^\s/]\S*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check(
    fields: Sequence[FormField],
    given: Mapping[str, Any],
    owner: str,
    before: Mapping[str, Any],
    house: House,
) -> None:
    """Rejected("invalid_values") with every problem of these values; ``owner`` is the step or ``inputs``."""
    refuse(owner, amiss(fields, given, before, house))


class House(NamedTuple):
    """What new values are judged by beside their fields: who works here, and which day it is where the company is.

    ``at`` None: they are handed on by the machine, which took them where they were given, and no day is looked at.
    """

    directory: Directory
    calendar: Calendar
    at: datetime | None

    def day_of(self, instant: datetime) -> date:
        """The day that an instant falls on here."""
        return self.calendar.local_day(instant)


def amiss(
    fields: Sequence[FormField], given: Mapping[str, Any], before: Mapping[str, Any], here: House
) -> list[Problem]:
    """What is wrong with the values given, strangers and days gone by among them; ``before``: those there already."""
    directory = here.directory
    found, strangers = problems(fields, given), list[Problem]()
    found += _gone_by(fields, given, before, {problem["field"] for problem in found}, here)
    wrong = {problem["field"] for problem in found}
    for field in fields:
        house = directory if len(strangers) < _MOST_STRANGERS else replace(directory, discreet=True)
        told = None if field.key in wrong else _strangers(field, given.get(field.key), before, house)
        if told is not None:
            strangers.append({"field": field.key, "problem": "stranger", "accepted": told})
    return found + strangers


def refuse(owner: str, found: list[Problem]) -> None:
    """Rejected("invalid_values") when anything was found; ``more`` says how many problems are not told."""
    if found:
        told, more = found[:_MOST_TOLD], max(len(found) - _MOST_TOLD, 0)
        names = ", ".join(problem["field"] for problem in told) + (f" and {more} more" if more else "")
        left = {"more": more} if more else {}
        raise Rejected("invalid_values", f"{owner}: see {names}", problems=told, **left)


def problems(fields: Sequence[FormField], given: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the values given: unknown fields and values of the wrong form. None clears a field."""
    known = {field.key: field for field in fields}
    found = [_unknown(key, known) for key in given if key not in known]
    for key, value in given.items():
        accepted = _accepts(known[key], value) if key in known and value is not None else None
        if accepted is not None:
            found.append({"field": key, "problem": "wrong_value", "accepted": accepted})
    return found


def missing(fields: Sequence[FormField], present: Mapping[str, Any]) -> list[Problem]:
    """The required fields that have no value."""
    return [
        {"field": field.key, "problem": "required", "accepted": describe(field)}
        for field in fields
        if field.required and field.kind != "computed" and not _given(field, present.get(field.key))
    ]


def settled(given: Mapping[str, Any], present: Mapping[str, Any]) -> Values:
    """The values that change something; taking away what is not there does not."""
    return {key: value for key, value in given.items() if not same(present.get(key), value)}


def is_somebody(text: str) -> bool:
    """Whether the text names a person, group, guest or service; a guest named by an address is named by a real one."""
    kind, _, key = text.partition(":")
    return bool(_PERSON.fullmatch(text)) and (kind != "guest" or "@" not in key or is_address(key))


def describe(field: FormField) -> str:
    """What the field accepts, for people."""
    said = _DESCRIPTIONS[field.kind](field)
    return said if field.not_before is None else f"{said}, not before {field.not_before}"


def people_in(field: FormField, value: Any) -> set[str]:
    """Everybody whom a value names as a person: in a field of that kind, or in such a column of a table."""
    if field.kind == "person":
        return {value} if isinstance(value, str) and value else set()
    columns = [column.key for column in field.columns if column.kind == "person"]
    rows = value if isinstance(value, list) else ()
    cells = {row.get(column) for row in rows if isinstance(row, dict) for column in columns}
    return {cell for cell in cells if isinstance(cell, str) and cell}


def _strangers(field: FormField, value: Any, before: Mapping[str, Any], directory: Directory) -> str | None:
    """Why those who are named anew cannot be; whoever stood there before may stay."""
    new = sorted(people_in(field, value) - people_in(field, before.get(field.key)))
    told = (why for who in new if (why := why_not_here(who, directory)) is not None)
    return "; ".join(islice(told, _MOST_STRANGERS)) or None


def _gone_by(
    fields: Sequence[FormField],
    given: Mapping[str, Any],
    before: Mapping[str, Any],
    wrong: Set[str],
    here: House,
) -> list[Problem]:
    """The dates that may not lie before the day on which they are given; one that is there already may stay."""
    if here.at is None:
        return []
    today, found = here.day_of(here.at), list[Problem]()
    for field in fields:
        value: Any = given.get(field.key)
        if field.not_before is None or not is_set(value) or field.key in wrong:
            continue
        day = texts.day(value) if field.kind == "date" else here.day_of(texts.instant(value))
        if day < today and not same(before.get(field.key), value):
            accepted = f"{_DESCRIPTIONS[field.kind](field)}, not before today ({today.isoformat()})"
            found.append({"field": field.key, "problem": "wrong_value", "accepted": accepted})
    return found


def _unknown(key: str, known: Iterable[str]) -> Problem:
    return {"field": str(key), "problem": "unknown_field", "accepted": ", ".join(known) or "no field at all"}


def _given(field: FormField, value: Any) -> bool:
    if field.kind == "checklist" and field.choices:
        return isinstance(value, list) and set(field.choices) <= set(value)
    return is_set(value)


def _accepts(field: FormField, value: Any) -> str | None:
    if (why := unstorable(value)) is not None:
        return f"{describe(field)}, but {why}"
    return None if _CHECKS[field.kind](field, value) else describe(field)


def _text(limit: int) -> Callable[[Any, Any], bool]:
    return lambda _field, value: isinstance(value, str) and len(value) <= limit


def _matches(pattern: re.Pattern[str], longest: int) -> Callable[[Any, Any], bool]:
    """A text of this form. How long it is counts before how it looks: nobody's text is work for a pattern."""

    def check(_field: Any, value: Any) -> bool:
        if not isinstance(value, str) or len(value) > longest:
            return False
        return value == "" or bool(pattern.fullmatch(value))

    return check


def _email(_field: Any, value: Any) -> bool:
    return isinstance(value, str) and (value == "" or is_address(value))


def _person(_field: Any, value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _WORD_LENGTH and (value == "" or is_somebody(value))


def _number(field: Any, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -LARGEST <= value <= LARGEST:
        return False
    low, high = getattr(field, "minimum", None), getattr(field, "maximum", None)
    return (low is None or value >= low) and (high is None or value <= high)


def _date(_field: Any, value: Any) -> bool:
    if not isinstance(value, str) or len(value) > _INSTANT_LENGTH:
        return False
    try:
        return bool(texts.day(value))
    except texts.NotOne:
        return False


def _datetime(_field: Any, value: Any) -> bool:
    if not isinstance(value, str) or len(value) > _INSTANT_LENGTH:
        return False
    try:
        instant = texts.instant(value)
    except texts.NotOne:
        return False
    return instant.tzinfo is not None and in_reach(instant)


def _choice(field: Any, value: Any) -> bool:
    if not isinstance(value, str) or len(value) > _TEXT_LENGTH:
        return False
    return value in field.choices or not field.choices


def _choices(field: Any, value: Any) -> bool:
    if not isinstance(value, list) or len(value) > (len(field.choices) or _MOST_ENTRIES):
        return False  # each entry once, so there are no more than choices
    if not all(_choice(field, one) for one in value):
        return False
    return len(set(value)) == len(value)


def _yes_no(_field: Any, value: Any) -> bool:
    return isinstance(value, bool)


def _files(_field: Any, value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_ENTRIES and all(is_file(one) for one in value)


def is_file(one: Any) -> bool:
    """Whether this names a file as a value of the kind ``files`` does."""
    if not isinstance(one, dict) or set(one) != {"name", "size", "type", "sha256"}:
        return False
    size, digest = one["size"], one["sha256"]
    texts = all(isinstance(one[key], str) and 0 < len(one[key]) <= 255 for key in ("name", "type"))
    whole = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return texts and whole and isinstance(digest, str) and bool(_SHA256.fullmatch(digest))


def _table(field: Any, value: Any) -> bool:
    columns: dict[str, Column] = {column.key: column for column in field.columns}
    return isinstance(value, list) and len(value) <= _MOST_ROWS and all(_row(columns, row) for row in value)


def _row(columns: dict[str, Column], row: Any) -> bool:
    if not isinstance(row, dict):
        return False
    return all(
        key in columns and (cell is None or _CHECKS[columns[key].kind](columns[key], cell))
        for key, cell in row.items()
    )


def _never(_field: Any, _value: Any) -> bool:
    return False


_CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "text": _text(_TEXT_LENGTH),
    "long_text": _text(_LONG_LENGTH),
    "number": _number,
    "money": _number,
    "date": _date,
    "datetime": _datetime,
    "choice": _choice,
    "multi_choice": _choices,
    "yes_no": _yes_no,
    "person": _person,
    "email": _email,
    "phone": _matches(_PHONE, _WORD_LENGTH),
    "url": _matches(_URL, _TEXT_LENGTH),
    "files": _files,
    "table": _table,
    "signature": _text(_LONG_LENGTH),
    "checklist": _choices,
    "computed": _never,
}


def _range(field: FormField) -> str:
    ends = (("at least", field.minimum), ("at most", field.maximum))
    limits = " and ".join(f"{word} {end:.15g}" for word, end in ends if end is not None)
    return " ".join(part for part in ("a number", limits, field.unit and f"({field.unit})") if part)


def _one_of(field: FormField) -> str:
    return f"one of: {', '.join(field.choices)}" if field.choices else "a text"


def _list_of(field: FormField) -> str:
    return (
        f"a list, each entry once, of: {', '.join(field.choices)}"
        if field.choices
        else f"a list of up to {_MOST_ENTRIES} texts"
    )


def _rows(field: FormField) -> str:
    columns = ", ".join(f"{column.key} ({column.kind})" for column in field.columns)
    return f"a list of up to {_MOST_ROWS} rows with: {columns}"


def _says(text: str) -> Callable[[FormField], str]:
    return lambda _field: text


_DESCRIPTIONS: dict[str, Callable[[FormField], str]] = {
    "text": _says(f"a text of up to {_TEXT_LENGTH} characters"),
    "long_text": _says(f"a text of up to {_LONG_LENGTH} characters"),
    "number": _range,
    "money": _range,
    "date": _says("a date such as 2026-03-31"),
    "datetime": _says(f"an instant with its offset, such as 2026-03-31T09:00:00+02:00, {REACH}"),
    "choice": _one_of,
    "multi_choice": _list_of,
    "yes_no": _says("true or false"),
    "person": _says("a person such as person:dana"),
    "email": _says(ACCEPTED),
    "phone": _says("a phone number such as +49 30 1234567"),
    "url": _says(f"an address of up to {_TEXT_LENGTH} characters that begins with https:// or http://"),
    "files": _says(f"a list of up to {_MOST_ENTRIES} files, each with name, size, type and sha256"),
    "table": _rows,
    "signature": _says("the signature as a text"),
    "checklist": lambda field: f"the entries that are ticked: {', '.join(field.choices)}",
    "computed": _says("nothing: the field is computed"),
}
