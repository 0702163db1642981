"""Structured conditions over the values of a run, and their evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Operator = Literal[
    "equals",
    "not_equals",
    "in",
    "not_in",
    "less",
    "at_most",
    "more",
    "at_least",
    "contains",
    "set",
    "not_set",
]
FieldPath = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
"""``inputs.plan`` names an input of the run, ``usage_pull.adoption_rate`` a field of a step."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Comparison(_Part):
    """One field against one value. A comparison with a value that is not set is false (except ``not_set``)."""

    field: FieldPath
    operator: Operator
    value: Any = None


class All(_Part):
    """True when every part is."""

    all: tuple[Condition, ...] = Field(min_length=1)


class Anyone(_Part):
    """True when at least one part is."""

    any: tuple[Condition, ...] = Field(min_length=1)


class Not(_Part):
    """True when the part is not."""

    not_: Condition = Field(alias="not")


Condition = Comparison | All | Anyone | Not
for _model in (All, Anyone, Not):
    _model.model_rebuild()


def holds(condition: Condition | None, values: Mapping[str, Any]) -> bool:
    """Whether the condition is true for ``values`` (field path -> value); no condition is always true."""
    match condition:
        case None:
            return True
        case All(all=parts):
            return all(holds(part, values) for part in parts)
        case Anyone(any=parts):
            return any(holds(part, values) for part in parts)
        case Not(not_=part):
            return not holds(part, values)
        case Comparison():
            return compare(condition.operator, values.get(condition.field), condition.value)


def size(condition: Condition | None) -> int:
    """How many comparisons the condition makes."""
    match condition:
        case None:
            return 0
        case All(all=parts) | Anyone(any=parts):
            return sum(size(part) for part in parts)
        case Not(not_=part):
            return size(part)
        case Comparison():
            return 1


def fields_of(condition: Condition | None) -> frozenset[str]:
    """The field paths that the condition looks at."""
    match condition:
        case None:
            return frozenset()
        case All(all=parts) | Anyone(any=parts):
            return frozenset().union(*(fields_of(part) for part in parts))
        case Not(not_=part):
            return fields_of(part)
        case Comparison():
            return frozenset({condition.field})


_EMPTY: tuple[Any, ...] = (None, "", [], (), {})


def compare(operator: Operator, actual: Any, wanted: Any) -> bool:
    """Whether the values stand so. Never raises: values that cannot be compared are neither equal nor in order."""
    if operator in ("set", "not_set"):
        return (actual not in _EMPTY) == (operator == "set")
    if actual is None:
        return False
    match operator:
        case "equals" | "not_equals":
            return _equal(actual, wanted) == (operator == "equals")
        case "in" | "not_in":
            return _within(actual, wanted) == (operator == "in")
        case "contains":
            return _contains(actual, wanted)
        case _:
            return _ordered(operator, actual, wanted)


def _equal(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _within(actual: Any, wanted: Any) -> bool:
    return isinstance(wanted, (list, tuple)) and any(_equal(actual, one) for one in wanted)


def _contains(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, str):
        return isinstance(wanted, str) and wanted in actual
    return _within(wanted, actual)


def _ordered(operator: Operator, actual: Any, wanted: Any) -> bool:
    """Numbers by size, texts (dates too: ISO text) by character."""
    if not (_numbers(actual, wanted) or (isinstance(actual, str) and isinstance(wanted, str))):
        return False
    match operator:
        case "less":
            return bool(actual < wanted)
        case "at_most":
            return bool(actual <= wanted)
        case "more":
            return bool(actual > wanted)
        case _:
            return bool(actual >= wanted)


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
