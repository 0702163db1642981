"""The rules of lint about what a condition compares: a value that the field can have, in a way that its kind allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from domain.comparing import moment
from domain.condition import Comparison, Operator
from domain.document import FieldKind, FormField
from domain.outline import Finding, Findings, Path, some
from domain.sorts import sort_of


class _Compared(NamedTuple):
    """What one kind of field can be compared with, in which ways besides set and not_set."""

    value: str
    types: tuple[type, ...]
    operators: frozenset[Operator]
    is_moment: bool = False


_EVERY: frozenset[Operator] = frozenset(get_args(Operator)) - {"set", "not_set"}
_SAME: frozenset[Operator] = frozenset({"equals", "not_equals", "in", "not_in"})
_LIST: frozenset[Operator] = frozenset({"contains", "equals", "not_equals"})
_TEXT = _Compared("a text", (str,), _EVERY)
_NUMBER = _Compared("a number", (int, float), _EVERY - {"contains"})
_CHOICES = _Compared("a text", (str,), _LIST)
_NOTHING = _Compared("nothing", (), frozenset())
_TRUTH = _Compared("true or false", (bool,), _SAME)
_MOMENT = _Compared(
    "a date such as 2026-03-31, or an instant such as 2026-03-31T09:00:00+02:00",
    (str,), _EVERY - {"contains"}, is_moment=True,
)  # fmt: skip
_COMPARED: dict[FieldKind, _Compared] = {
    "number": _NUMBER, "money": _NUMBER, "yes_no": _TRUTH, "multi_choice": _CHOICES, "checklist": _CHOICES,
    "files": _NOTHING, "table": _NOTHING, "date": _MOMENT, "datetime": _MOMENT,
}  # fmt: skip
_SORTS = {"number": _NUMBER, "text": _TEXT, "truth": _TRUTH, "moment": _MOMENT}
"""What a computed field can be compared with, where its formula tells what it gives."""


def possible(
    field: FormField, comparison: Comparison, path: Path, fields: Mapping[str, FormField]
) -> Findings:
    """A comparison that is never true, or always, says nothing: ``yes`` is a text, a choice is one of its own."""
    operator, value = comparison.operator, comparison.value
    if operator in ("set", "not_set"):
        if value is not None:
            message = f"{operator} compares with nothing, so the value is never looked at"
            yield Finding((*path, "value"), "misplaced_details", message, ("no value",))
        return
    allowed = _compared(field, fields)
    if allowed is not None and operator not in allowed.operators:
        message = f"{field.key!r} is of kind {field.kind}, for which {operator} is never true"
        yield Finding(
            (*path, "operator"), "impossible_value", message, (*sorted(allowed.operators), "set", "not_set")
        )
        return
    yield from _values(field, allowed, operator, value, (*path, "value"))


def _compared(field: FormField, fields: Mapping[str, FormField]) -> _Compared | None:
    """What the field can be compared with; None for a computed one of which nobody knows what it gives."""
    if field.kind != "computed":
        return _COMPARED.get(field.kind, _TEXT)
    return _SORTS.get(sort_of(field, fields) or "")


def _values(
    field: FormField, allowed: _Compared | None, operator: Operator, value: Any, path: Path
) -> Findings:
    several = operator in ("in", "not_in") or (operator in ("equals", "not_equals") and allowed is _CHOICES)
    if several != isinstance(value, (list, tuple)) and allowed is not None:
        wanted = f"a list with {_accepted(field, allowed)[0]}" if several else _accepted(field, allowed)[0]
        yield Finding(
            path,
            "impossible_value",
            f"{field.key!r} cannot be compared with {value!r} by {operator}",
            (wanted,),
        )
        return
    for one in value if isinstance(value, (list, tuple)) else [value]:
        if not _fits(field, allowed, operator, one):
            accepted = ("a value",) if allowed is None else _accepted(field, allowed)
            yield Finding(path, "impossible_value", f"{field.key!r} is never {one!r}", accepted)


def _fits(field: FormField, allowed: _Compared | None, operator: Operator, value: Any) -> bool:
    if allowed is None:
        return value is not None
    if not isinstance(value, allowed.types) or (isinstance(value, bool) and bool not in allowed.types):
        return False
    if allowed.is_moment:
        return moment(value) is not None
    named = not field.choices or (field.kind == "choice" and operator == "contains")
    return named or value in field.choices


def _accepted(field: FormField, allowed: _Compared) -> tuple[str, ...]:
    return some(field.choices) or (allowed.value,)
