"""Plausible values for the fields of a form."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from domain.document import Column, FormField
from domain.words import Values

_SENTENCES = (
    "Agreed with everybody concerned.", "As discussed in the call.", "Nothing unusual.", "Two open points, both minor.",
    "They want to be live before the end of the quarter.", "See the notes of the meeting.",
)  # fmt: skip
_NAMES = ("Ada Berg", "Luis Ortega", "Mina Sato", "Jonas Weber", "Chiara Rossi", "Femi Ade")


def fill(fields: tuple[FormField, ...], random: Random, at: datetime, chosen: Values) -> Values:
    """A value for every required field and for every field that ``chosen`` names; ``chosen`` wins."""
    values: Values = {}
    for field in fields:
        if field.key in chosen:
            values[field.key] = chosen[field.key]
        elif field.required and field.kind != "computed":
            values[field.key] = _value(field, random, at)
    return values


def _value(field: FormField | Column, random: Random, at: datetime) -> Any:  # noqa: PLR0911 - one line a kind
    match field.kind:
        case "number" | "money":
            return _number(field, random)
        case "date":
            return (at + timedelta(days=14)).date().isoformat()
        case "datetime":
            return (at + timedelta(days=3)).isoformat()
        case "choice":
            return field.choices[0]
        case "multi_choice" | "checklist":
            return list(field.choices)
        case "yes_no":
            return True
        case "person":
            return "person:bo"
        case "email":
            return "contact@customer.example"
        case "table":
            return [{column.key: _value(column, random, at) for column in _columns(field)}]
        case _:
            return _text(field, random)


def _text(field: FormField | Column, random: Random) -> Any:
    match field.kind:
        case "files":
            return [
                {"name": f"{field.key}.pdf", "size": 48_213, "type": "application/pdf", "sha256": "0" * 64}
            ]
        case "url":
            return "https://files.example/document"
        case "phone":
            return "+49 30 1234567"
        case "signature":
            return random.choice(_NAMES)
        case _ if "name" in field.key or "contact" in field.key:
            return random.choice(_NAMES)
        case _:
            return random.choice(_SENTENCES)


def _number(field: FormField | Column, random: Random) -> float:
    low = getattr(field, "minimum", None)
    high = getattr(field, "maximum", None)
    if low is None and high is None:
        return random.randint(3, 40)
    bottom = low if low is not None else 0
    return round(bottom + ((high if high is not None else bottom + 20) - bottom) * random.uniform(0.6, 1.0))


def _columns(field: FormField | Column) -> tuple[Column, ...]:
    return field.columns if isinstance(field, FormField) else ()
