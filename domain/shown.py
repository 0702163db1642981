"""Field values as people read them in a mail: dates in words, money with its unit, yes and no, tables line by line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from domain.comparing import is_set, moment
from domain.document import Column, FormField
from domain.words import Assignee

NameOf = Callable[[Assignee], str]
"""Gives the name of whoever plays a part."""

_GROUPED_FROM = 10_000
_BETWEEN_GROUPS = "\u202f"
_SOMEBODY = re.compile(r"(person|guest|group|service|system):\S+")


def shown(  # noqa: PLR0911 - one line for each kind of value
    field: FormField | Column | None, value: Any, zone: tzinfo, name_of: NameOf
) -> str:
    """The value of a field as text; nothing where there is none. Instants are told in ``zone``."""
    if not is_set(value):
        return ""
    kind = "text" if field is None else field.kind
    match kind:
        case "yes_no" if isinstance(value, bool):
            return "yes" if value else "no"
        case "number" | "money" if isinstance(value, (int, float)) and not isinstance(value, bool):
            return amount(value, kind, getattr(field, "unit", None))
        case "date" | "datetime" if isinstance(value, str):
            return when(value, zone)
        case "person" if isinstance(value, str):
            return name_of(Assignee(value))
        case "signature" if isinstance(value, str):
            return "(signed)" if value.startswith("data:") or len(value) > 200 else value
        case "table" if isinstance(value, list) and isinstance(field, FormField):
            return "\n".join(_row(field, row, zone, name_of) for row in value)
        case _:
            return _listed(value)


def when(value: str | date | datetime, zone: tzinfo) -> str:
    """A date as ``4 March 2026``, an instant as ``4 March 2026, 10:00 (Europe/Berlin)``; other text as it is."""
    found = moment(value) if isinstance(value, str) else value
    if found is None:
        return str(value)
    if not isinstance(found, datetime):
        return f"{found:%-d %B %Y}"
    try:
        local = found.astimezone(zone)
    except OverflowError:  # the first and the last day that there is: stored before instants were bounded
        return found.isoformat()
    return f"{local:%-d %B %Y, %H:%M} ({zone})"


def spoken(who: str) -> str:
    """What to call somebody whose name nobody wrote down: ``person:dana.berg`` is Dana Berg."""
    kind, _, key = who.rpartition(":")
    if kind == "system":
        return "Milepost"
    words = [word.capitalize() for word in re.split(r"[._\-\s]+", key.partition("@")[0]) if word]
    return " ".join(words) or who


def amount(value: float, kind: str, unit: str | None) -> str:
    """All digits, in groups of three from 10 000 on (of money from 1 000 on), with the unit.

    Between the groups is a narrow blank at which no line ends: a comma is a decimal sign to many readers.
    Money that is not whole has two decimals at least.
    """
    told = Decimal(repr(value)).normalize()
    grouped = kind == "money" or abs(told) >= _GROUPED_FROM
    digits = f"{told:,f}".replace(",", _BETWEEN_GROUPS) if grouped else f"{told:f}"
    if kind == "money" and "." in digits:
        digits += "0" * (2 - len(digits.partition(".")[2]))
    return f"{digits} {unit}" if unit else digits


def _row(field: FormField, row: Any, zone: tzinfo, name_of: NameOf) -> str:
    cells = row if isinstance(row, dict) else {}
    told = (shown(column, cells.get(column.key), zone, name_of) for column in field.columns)
    return "- " + ", ".join(cell for cell in told if cell)


def _listed(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case {"name": str(name), "sha256": _}:
            return name
        case dict():
            return ", ".join(_listed(part) for part in value.values() if part not in (None, ""))
        case list() | tuple():
            return ", ".join(_listed(part) for part in value)
        case str() if _SOMEBODY.fullmatch(value):
            return spoken(value)
        case _:
            return str(value)
