"""The rules of lint about what a condition compares: a value that the field can have, in a way that its kind allows."""

from __future__ import annotations

from typing import Any, NamedTuple, get_args

from domain.condition import Comparison, Operator
from domain.document import FieldKind, FormField
from domain.outline import Finding, Findings, Path, some


class _Compared(NamedTuple):
    """What one kind of field can be compared with, in which ways besides set and not_set."""

    value: str
    types: tuple[type, ...]
    operators: frozenset[Operator]


_EVERY: frozenset[Operator] = frozenset(get_args(Operator)) - {"set", "not_set"}
_SAME: frozenset[Operator] = frozenset({"equals", "not_equals", "in", "not_in"})
_LIST: frozenset[Operator] = frozenset({"contains", "equals", "not_equals"})
_TEXT = _Compared("a text", (str,), _EVERY)
_NUMBER = _Compared("a number", (int, float), _EVERY - {"contains"})
_CHOICES = _Compared("a text", (str,), _LIST)
_NOTHING = _Compared("nothing", (), frozenset())
_COMPARED: dict[FieldKind, _Compared] = {
    "number": _NUMBER, "money": _NUMBER, "yes_no": _Compared("true or false", (bool,), _SAME), "multi_choice": _CHOICES,
    "checklist": _CHOICES, "files": _NOTHING, "table": _NOTHING,
}  # fmt: skip


def possible(field: FormField, comparison: Comparison, path: Path) -> Findings:
    """A comparison that is never true, or always, says nothing: ``yes`` is a text, a choice is one of its own."""
    operator, value = comparison.operator, comparison.value
    if operator in ("set", "not_set"):
        if value is not None:
            message = f"{operator} compares with nothing, so the value is never looked at"
            yield Finding((*path, "value"), "misplaced_details", message, ("no value",))
        return
    allowed = _COMPARED.get(field.kind, _TEXT)
    if field.kind != "computed" and operator not in allowed.operators:
        message = f"{field.key!r} is of kind {field.kind}, for which {operator} is never true"
        yield Finding(
            (*path, "operator"), "impossible_value", message, (*sorted(allowed.operators), "set", "not_set")
        )
        return
    yield from _values(field, operator, value, (*path, "value"))


def _values(field: FormField, operator: Operator, value: Any, path: Path) -> Findings:
    several = operator in ("in", "not_in") or (
        operator in ("equals", "not_equals") and _COMPARED.get(field.kind) is _CHOICES
    )
    if several != isinstance(value, (list, tuple)) and field.kind != "computed":
        wanted = f"a list with {_accepted(field)[0]}" if several else _accepted(field)[0]
        yield Finding(
            path,
            "impossible_value",
            f"{field.key!r} cannot be compared with {value!r} by {operator}",
            (wanted,),
        )
        return
    for one in value if isinstance(value, (list, tuple)) else [value]:
        if not _fits(field, operator, one):
            yield Finding(path, "impossible_value", f"{field.key!r} is never {one!r}", _accepted(field))


def _fits(field: FormField, operator: Operator, value: Any) -> bool:
    if field.kind == "computed":
        return value is not None
    types = _COMPARED.get(field.kind, _TEXT).types
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        return False
    named = not field.choices or (field.kind == "choice" and operator == "contains")
    return named or value in field.choices


def _accepted(field: FormField) -> tuple[str, ...]:
    return some(field.choices) or (_COMPARED.get(field.kind, _TEXT).value,)
