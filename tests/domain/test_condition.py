"""Promises about conditions."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.condition import Condition, fields_of, holds

CONDITIONS: TypeAdapter[Condition] = TypeAdapter(Condition)
OPERATORS = [
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
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def check(operator: str, actual: Any, wanted: Any = None) -> bool:
    """Whether one field compares so with one value."""
    condition = CONDITIONS.validate_python({"field": "a.b", "operator": operator, "value": wanted})
    return holds(condition, {} if actual is None else {"a.b": actual}, UTC)


@pytest.mark.parametrize(
    ("operator", "actual", "wanted", "expected"),
    [
        ("equals", "x", "x", True),
        ("equals", 1, True, False),
        ("equals", 1, 1.0, True),
        ("not_equals", "x", "y", True),
        ("not_equals", None, "y", False),
        ("in", "x", ["x", "y"], True),
        ("in", "x", "xy", False),
        ("not_in", "z", ["x"], True),
        ("less", "2026-03-01", "2026-03-02", True),
        ("at_most", 3, 3, True),
        ("more", "9", 3, False),
        ("at_least", True, 0, False),
        ("contains", ["a", "b"], "a", True),
        ("contains", "abc", "b", True),
        ("contains", "abc", 1, False),
        ("set", "", None, False),
        ("set", False, None, True),
        ("not_set", None, None, True),
        ("not_set", [], None, True),
    ],
)
def test_comparisons(operator: str, actual: Any, wanted: Any, expected: bool):
    """Each operator says what its name says; a value that is not set compares with nothing."""
    assert check(operator, actual, wanted) is expected


@given(st.sampled_from(OPERATORS), json, json)
def test_no_comparison_raises(operator: str, actual: Any, wanted: Any):
    """Whatever stands in a field, a condition is true or false."""
    assert check(operator, actual, wanted) in (True, False)


def test_parts_are_combined():
    """All, any and not combine comparisons, and all their fields are known."""
    size = {"field": "a.size", "operator": "more", "value": 3}
    kind = {"field": "a.kind", "operator": "equals", "value": "x"}
    condition = CONDITIONS.validate_python({"any": [{"all": [size, {"not": kind}]}, kind]})
    assert holds(condition, {"a.size": 5}, UTC)
    assert holds(condition, {"a.kind": "x"}, UTC)
    assert not holds(condition, {"a.size": 1}, UTC)
    assert fields_of(condition) == {"a.size", "a.kind"}
    assert holds(None, {}, UTC)
