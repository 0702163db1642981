"""Structured conditions over the values of a run, and their evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from domain.comparing import equal, is_set, order

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


def holds(condition: Condition | None, values: Mapping[str, Any], zone: tzinfo) -> bool:
    """Whether the condition is true for ``values`` (field path -> value); no condition is always true.

    ``zone`` is the organisation's: there a day and an instant are compared.
    """
    match condition:
        case None:
            return True
        case All(all=parts):
            return all(holds(part, values, zone) for part in parts)
        case Anyone(any=parts):
            return any(holds(part, values, zone) for part in parts)
        case Not(not_=part):
            return not holds(part, values, zone)
        case Comparison():
            return compare(condition.operator, values.get(condition.field), condition.value, zone)


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


def compare(operator: Operator, actual: Any, wanted: Any, zone: tzinfo) -> bool:
    """Whether the values stand so. Never raises: values that cannot be compared are neither equal nor in order."""
    if operator in ("set", "not_set"):
        return is_set(actual) == (operator == "set")
    if actual is None:
        return False
    match operator:
        case "equals" | "not_equals":
            return equal(actual, wanted, zone) == (operator == "equals")
        case "in" | "not_in":
            return _within(actual, wanted, zone) == (operator == "in")
        case "contains":
            return _contains(actual, wanted, zone)
        case _:
            return _ordered(operator, order(actual, wanted, zone))


def _within(actual: Any, wanted: Any, zone: tzinfo) -> bool:
    return isinstance(wanted, (list, tuple)) and any(equal(actual, one, zone) for one in wanted)


def _contains(actual: Any, wanted: Any, zone: tzinfo) -> bool:
    if isinstance(actual, str):
        return isinstance(wanted, str) and wanted in actual
    return _within(wanted, actual, zone)


def _ordered(operator: Operator, found: int | None) -> bool:
    if found is None:
        return False
    match operator:
        case "less":
            return found < 0
        case "at_most":
            return found <= 0
        case "more":
            return found > 0
        case _:
            return found >= 0
