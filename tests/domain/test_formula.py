"""Promises about computed fields: exact, total, stored when the step is completed, and nobody's to give."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.computing import LARGEST, LONGEST, compute, evaluate
from domain.document import Document, FormField
from domain.events import RunInputsChanged, StepCompleted
from domain.formula import Formula
from domain.lint import lint
from domain.run import change_inputs, complete_step, save_values, start_run
from tests.domain.documents import run_of, step
from tests.support.given import DANA, NINE

FORMULA: TypeAdapter[Any] = TypeAdapter(Formula)
LINES = [{"quantity": 3, "price": 0.1}, {"quantity": 1, "price": 19.99}, {"price": 5}]
VALUES = {
    "a.n": 2, "a.m": 0.1, "a.zero": 0, "a.text": "x", "a.yes": True,
    "a.start": "2026-02-27", "a.end": "2026-03-01T23:30:00+01:00",
    "a.many": ["one", "two"], "a.lines": LINES, "a.big": LARGEST,
}  # fmt: skip
PRICE = {"rows": "a.lines", "value": {"cell": "price"}}
WORTH = {"rows": "a.lines", "value": {"product": [{"cell": "quantity"}, {"cell": "price"}]}}


def field(path: str) -> dict[str, str]:
    """The value of a field."""
    return {"field": path}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        (field("a.n"), 2),
        (field("a.many"), None),
        (field("a.nothing"), None),
        ({"sum": [field("a.m"), 0.2]}, 0.3),
        ({"sum": [field("a.n"), field("a.nothing"), field("a.text"), field("a.yes")]}, 2),
        ({"sum": [field("a.nothing")]}, None),
        ({"sum": [PRICE]}, 25.09),
        ({"sum": [WORTH]}, 20.29),
        ({"product": [field("a.n"), 1.5]}, 3),
        ({"product": [field("a.n"), field("a.nothing")]}, None),
        ({"product": [field("a.big"), field("a.big")]}, None),
        ({"difference": [field("a.n"), 0.5]}, 1.5),
        ({"difference": [field("a.n"), field("a.nothing")]}, None),
        ({"ratio": [field("a.n"), 8]}, 0.25),
        ({"ratio": [field("a.n"), field("a.zero")]}, None),
        ({"minimum": [PRICE, 4]}, 0.1),
        ({"maximum": [PRICE, field("a.nothing")]}, 19.99),
        ({"maximum": [field("a.nothing")]}, None),
        ({"count": field("a.many")}, 2),
        ({"count": field("a.lines")}, 3),
        ({"count": {"rows": "a.lines", "value": {"cell": "quantity"}}}, 2),
        ({"count": field("a.nothing")}, 0),
        ({"days_between": [field("a.start"), field("a.end")]}, 2),
        ({"days_between": [field("a.end"), field("a.start")]}, -2),
        ({"days_between": [field("a.text"), field("a.end")]}, None),
        ({"if": {"field": "a.n", "operator": "more", "value": 1}, "then": "high", "otherwise": "low"}, "high"),
        ({"if": {"field": "a.n", "operator": "more", "value": 2}, "then": "high"}, None),
        ({"concat": [field("a.text"), field("a.nothing"), field("a.n"), field("a.yes")], "separator": "-"}, "x-2-yes"),
        ({"concat": [field("a.many")], "separator": ", "}, "one, two"),
        ({"concat": [field("a.text"), " ", field("a.n")]}, "x 2"),
        ({"round": {"ratio": [field("a.n"), 3]}, "digits": 2}, 0.67),
        ({"round": 2.5}, 3),
        ({"round": -2.5}, -3),
        ({"round": field("a.text")}, None),
    ],
)  # fmt: skip
def test_each_operation_gives_what_it_says(formula: dict[str, Any], value: Any):
    """Exact in decimals, without a value where one cannot be; whole numbers are whole."""
    found = evaluate(FORMULA.validate_python(formula), VALUES, UTC)
    assert (found, type(found)) == (value, type(value))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates().map(str),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["quantity", "price"]), inner)
    ),
    max_leaves=6,
)


@given(st.lists(anything, min_size=3, max_size=3))
def test_no_value_breaks_a_formula(given_values: list[Any]):
    """Whatever stands in the fields, the answer is a value or none; numbers are finite."""
    values = dict(zip(("a.n", "a.m", "a.lines"), given_values, strict=True))
    two = [field("a.n"), field("a.m")]
    whole: dict[str, Any] = {
        "concat": [
            {name: two} for name in ("sum", "product", "difference", "ratio", "minimum", "days_between")
        ]
        + [WORTH, PRICE, {"count": field("a.lines")}, {"round": field("a.n"), "digits": 9}]
    }
    for formula in (whole, *whole["concat"]):
        found = evaluate(FORMULA.validate_python(formula), values, UTC)
        assert found is None or isinstance(found, (str, bool)) or -LARGEST <= found <= LARGEST


TOTAL = {"key": "total", "title": "T", "kind": "computed", "formula": {"sum": [WORTH]}}
DOUBLE = {"key": "double", "title": "D", "kind": "computed", "formula": {"product": [field("a.total"), 2]}}
TABLE = {
    "key": "lines", "title": "L", "kind": "table", "required": True,
    "columns": [{"key": "quantity", "title": "Q", "kind": "number"}, {"key": "price", "title": "P", "kind": "money"}],
}  # fmt: skip
LARGE = {"field": "a.double", "operator": "more", "value": 40}


def made_of(key: str, formula: dict[str, Any]) -> FormField:
    """A computed field of the step ``a``."""
    return FormField.model_validate({"key": key, "title": key, "kind": "computed", "formula": formula})


def test_texts_made_of_texts_have_an_end():
    """Fields that are each twenty times the one before would soon be gigabytes: what is too long has no value."""
    before = ["a.text", "a.f0", "a.f1"]
    fields = [made_of(f"f{number}", {"concat": [field(name)] * 20}) for number, name in enumerate(before)]
    fields.append(made_of("f3", {"concat": [field("a.f2")]}))
    found = compute(fields, "a", {"a.text": "x" * 100}, UTC)
    assert [text and len(text) for text in found.values()] == [2_000, 40_000, None, ""]


def test_texts_within_one_formula_have_an_end():
    """What is made together counts, not only what comes out; and the last character that may be made is made."""
    nested = {"concat": [{"concat": [field("a.text")] * 20}] * 20}
    assert evaluate(FORMULA.validate_python(nested), {"a.text": "x" * 1_000}, UTC) is None
    assert evaluate(FORMULA.validate_python({"concat": ["x"] * 2}), {"a.text": "x"}, UTC) == "xx"
    longest = evaluate(FORMULA.validate_python({"concat": [field("a.text")]}), {"a.text": "x" * LONGEST}, UTC)
    assert len(longest) == LONGEST


def test_tables_within_tables_have_an_end():
    """Rows for each row of rows are looked at so often and no more: sixty rows are enough to show it."""
    rows: Any = {"cell": "n"}
    for _ in range(3):
        rows = {"rows": "a.table", "value": rows}
    condition = {"all": [{"field": "a.table", "operator": "set"}] * 50}
    for value in (rows, {"rows": "a.table", "value": {"if": condition, "then": rows}}):
        formula = FORMULA.validate_python({"count": value})
        assert evaluate(formula, {"a.table": [{"n": 1}] * 60}, UTC) is None
        assert evaluate(formula, {"a.table": [{"n": 1}]}, UTC) == 1


def test_formulas_within_formulas_have_an_end():
    """However deep they go, there is a value or none."""
    for part in ("sum", "maximum", "concat"):
        deep: Any = 1
        for depth in range(200):
            deep = {part: [deep]}
            if depth == 40:
                assert evaluate(FORMULA.validate_python(deep), {}, UTC) in (1, "1")
        assert evaluate(FORMULA.validate_python(deep), {}, UTC) is None


def test_computed_values_are_stored_with_the_completion():
    """What is computed counts from then on: conditions read it like any other value."""
    story = run_of(step("a", kind="form", fields=[TABLE, TOTAL, DOUBLE]), step("b", ["a"], when=LARGE)).after(
        start_run
    )
    done = (
        story.after(save_values, "a", {"lines": LINES[:1]})
        .when(complete_step, "a", {"lines": LINES})
        .then_types("step_completed", "step_became_ready")
    )
    assert done.state.values["a.total"] == 20.29
    assert done.state.values["a.double"] == 40.58
    small = story.when(complete_step, "a", {"lines": []} | {"lines": LINES[:1]}).events()
    assert [event.type for event in small] == [
        "step_completed",
        "step_became_not_applicable",
        "run_completed",
    ]
    assert isinstance(small[0], StepCompleted)
    assert small[0].values == {"lines": LINES[:1], "total": 0.3, "double": 0.6}


@pytest.mark.parametrize("decision", [complete_step, save_values])
def test_nobody_gives_a_computed_value(decision: Any):
    """The refusal says that the field is computed."""
    story = run_of(step("a", kind="form", fields=[TABLE, TOTAL])).after(start_run)
    refusal = story.when(decision, "a", {"lines": LINES, "total": 1}).rejected("invalid_values")
    assert refusal.facts["problems"] == [
        {"field": "total", "problem": "wrong_value", "accepted": "nothing: the field is computed"}
    ]


def test_computed_inputs_follow_the_others():
    """They are there from the start and change with what they are computed from."""
    inputs = [
        {"key": "seats", "title": "S", "kind": "number"},
        {
            "key": "price",
            "title": "P",
            "kind": "computed",
            "formula": {"product": [field("inputs.seats"), 9]},
        },
    ]
    story = run_of(step("a"), inputs=inputs, roles=[]).after(start_run, inputs={"seats": 2})
    assert story.state.inputs == {"seats": 2, "price": 18}
    story.when(change_inputs, {"seats": 3}).then(
        RunInputsChanged(inputs={"seats": 3, "price": 27}, by=DANA, at=NINE)
    )
    story.when(change_inputs, {"price": 3}).rejected("invalid_values")


def problems(*fields: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    """What lint says of a step with these fields after one with a table and a secret."""
    secret = {"key": "secret", "title": "S", "kind": "number", "sensitive": True}
    steps = [
        {"key": "a", "title": "A", "fields": [TABLE, secret]},
        {
            "key": "b",
            "title": "B",
            "fields": [{"title": "T", "kind": "computed", **each} for each in fields],
            **more,
        },
        {"key": "c", "title": "C", "fields": [{"key": "late", "title": "L", "kind": "number"}]},
    ]
    document = Document.model_validate(
        {"key": "p", "title": "P", "stages": [{"key": "s", "title": "S", "steps": steps}]}
    )
    start = "stages.0.steps.1.fields."
    return [(found.as_dict()["path"].removeprefix(start), found.code) for found in lint(document)]


@pytest.mark.parametrize(
    ("formula", "place", "code"),
    [
        ({"sum": [1, field("z.n")]}, "sum.1.field", "unknown_field"),
        ({"sum": [field("c.late")]}, "sum.0.field", "formula_set_later"),
        (field("b.x"), "field", "formula_set_later"),
        ({"if": {"field": "c.late", "operator": "set"}, "then": 1}, "if", "formula_set_later"),
        ({"sum": [{"cell": "price"}]}, "sum.0.cell", "cell_without_rows"),
        ({"sum": [{"rows": "a.lines", "value": {"cell": "cost"}}]}, "sum.0.value.cell", "unknown_field"),
        ({"count": {"rows": "a.secret", "value": 1}}, "count.rows", "not_a_table"),
        ({"sum": ["a.n"]}, "sum.0", "not_a_number"),
        ({"sum": [field("a.secret")]}, "sum.0.field", "sensitive_source"),
    ],
)
def test_each_problem_of_a_formula_has_its_place(formula: dict[str, Any], place: str, code: str):
    """What a formula reads is there, is known by then, fits, and stays as sensitive as it was."""
    sensitive = code == "not_a_table"
    found = problems({"key": "x", "formula": formula, "sensitive": sensitive})
    assert found == [(f"0.formula.{place}", code)]


def test_a_formula_and_its_field_belong_together():
    """A computed field has a formula and is never asked for; no other field has one."""
    number = {"key": "n", "kind": "number", "formula": {"sum": [1]}}
    assert problems({"key": "x"}, {"key": "y", "formula": {"sum": [1]}, "required": True}, number) == [
        ("0.kind", "missing_details"),
        ("1.required", "misplaced_details"),
        ("2.formula", "misplaced_details"),
    ]


def test_a_formula_reads_its_own_step_and_what_came_before():
    """Own values, computed ones above it, inputs and earlier steps."""
    first = {"key": "x", "formula": {"sum": [WORTH]}}
    assert (
        problems(
            first,
            {"key": "y", "formula": {"sum": [field("b.x"), field("b.n")]}},
            {"key": "n", "kind": "number"},
        )
        == []
    )
