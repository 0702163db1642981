"""Promises about lint: a comparison can turn out either way, and a distance in time leads somewhere."""

from __future__ import annotations

from typing import Any

import pytest

from domain.lint import lint
from tests.domain.test_lint import STEP, compare, document

TICKS = {"key": "ticks", "title": "Ticks", "kind": "checklist", "choices": ["a", "b"]}
FIELDS: list[dict[str, Any]] = [
    {"key": "n", "title": "N", "kind": "number"},
    {"key": "sure", "title": "Sure", "kind": "yes_no"},
    {"key": "day", "title": "Day", "kind": "date"},
    {"key": "plan", "title": "Plan", "kind": "choice", "choices": ["small", "large"]},
    {"key": "parts", "title": "Parts", "kind": "multi_choice", "choices": ["desk", "chair"]},
    TICKS,
    {"key": "files", "title": "Files", "kind": "files"},
    {"key": "rows", "title": "Rows", "kind": "table", "columns": [{"key": "n", "title": "N"}]},
    {"key": "total", "title": "Total", "kind": "computed", "formula": {"count": {"field": "a.rows"}}},
    {"key": "at", "title": "At", "kind": "datetime"},
    {"key": "first", "title": "First", "kind": "computed", "formula": {
        "minimum": [{"field": "a.day"}, {"field": "a.at"}]}},
    {"key": "called", "title": "Called", "kind": "computed", "formula": {"concat": [{"field": "a.n"}]}},
    {"key": "big", "title": "Big", "kind": "computed", "formula": {
        "if": {"field": "a.n", "operator": "more", "value": 3}, "then": True, "otherwise": False}},
    {"key": "any", "title": "Any", "kind": "computed", "formula": {
        "if": {"field": "a.n", "operator": "more", "value": 3}, "then": 1, "otherwise": "little"}},
]  # fmt: skip


def found(step: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    """What lint says of a document with this step behind one that has every sort of field."""
    findings = lint(document({"key": "a", "fields": FIELDS}, step, **more))
    assert all(each.accepted for each in findings)
    return [(each.as_dict()["path"], each.code) for each in findings]


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        (compare("a.sure", "yes"), "value"),
        (compare("a.sure", 1), "value"),
        (compare("a.sure", True, "more"), "operator"),
        (compare("a.n", "3"), "value"),
        (compare("a.n", True), "value"),
        (compare("a.n", "3", "less"), "value"),
        (compare("a.n", 3, "contains"), "operator"),
        (compare("a.n", [3]), "value"),
        (compare("a.n", 3, "in"), "value"),
        (compare("a.day", 2026, "more"), "value"),
        (compare("a.plan", "tiny"), "value"),
        (compare("a.plan", "small", "in"), "value"),
        (compare("a.plan", ["small", "tiny"], "not_in"), "value"),
        (compare("a.parts", "desk"), "value"),
        (compare("a.parts", ["lamp"]), "value"),
        (compare("a.parts", "lamp", "contains"), "value"),
        (compare("a.parts", ["desk"], "in"), "operator"),
        (compare("a.ticks", "c", "contains"), "value"),
        (compare("a.files", "x", "contains"), "operator"),
        (compare("a.rows", []), "operator"),
        ({"field": "a.n", "operator": "equals"}, "value"),
        ({"field": "a.total", "operator": "more"}, "value"),
        (compare("a.day", "soon", "less"), "value"),
        (compare("a.day", "2026-02-30"), "value"),
        (compare("a.day", "2026-W10-1"), "value"),
        (compare("a.at", "2026-03-01T10:00:00", "less"), "value"),
        (compare("a.at", "10:00", "contains"), "operator"),
        (compare("a.total", "1,5", "more"), "value"),
        (compare("a.total", "true"), "value"),
        (compare("a.first", "early", "less"), "value"),
        (compare("a.called", 4), "value"),
        (compare("a.big", "true"), "value"),
        (compare("a.big", True, "less"), "operator"),
        ({"field": "a.any", "operator": "equals"}, "value"),
    ],
)
def test_a_comparison_that_says_nothing_is_found(condition: dict[str, Any], place: str):
    """Another kind of value, no choice of the field's own, a text where a list belongs: never true, so never meant."""
    where = f"{STEP}.1.when.{place}" if place in condition else f"{STEP}.1.when.value"
    assert found({"key": "x", "when": condition}) == [(where, "impossible_value")]


@pytest.mark.parametrize(
    "condition",
    [
        compare("a.sure", False),
        compare("a.sure", [True], "in"),
        compare("a.n", 2.5, "at_most"),
        compare("a.n", [1, 2], "in"),
        compare("a.day", "2026-01-01", "more"),
        compare("a.day", "2026-01-01T10:00:00Z", "more"),
        compare("a.at", "2026-01-01", "at_least"),
        compare("a.at", ["2026-01-01T10:00:00+02:00"], "in"),
        compare("a.total", 1.5, "more"),
        compare("a.first", "2026-01-01", "less"),
        compare("a.called", "4", "contains"),
        compare("a.big", True),
        compare("a.any", "little"),
        compare("a.plan", "small", "not_equals"),
        compare("a.plan", "all", "contains"),
        compare("a.plan", ["small", "large"], "in"),
        compare("a.parts", "desk", "contains"),
        compare("a.parts", ["desk", "chair"]),
        compare("a.ticks", "b", "contains"),
        compare("a.total", 3, "more"),
        {"field": "a.files", "operator": "set"},
    ],
)
def test_a_comparison_that_can_turn_out_either_way_is_fine(condition: dict[str, Any]):
    """Each kind in the ways that it allows."""
    assert found({"key": "x", "when": condition}) == []


def _field(path: str) -> dict[str, str]:
    return {"field": path}


@pytest.mark.parametrize(
    ("formula", "place", "code"),
    [
        ({"sum": [_field("a.n"), _field("a.day")]}, "sum.1", "not_a_number"),
        ({"product": [_field("a.sure"), 2]}, "product.0", "not_a_number"),
        ({"sum": [{"rows": "a.rows", "value": {"cell": "n"}}]}, "sum.0", "not_a_number"),
        ({"round": _field("a.plan")}, "round", "not_a_number"),
        ({"minimum": [_field("a.n"), _field("a.day")]}, "minimum.1", "not_a_number"),
        ({"maximum": [_field("a.day"), _field("a.called")]}, "maximum.1", "not_a_date"),
        ({"days_between": [_field("a.day"), _field("a.n")]}, "days_between.1", "not_a_date"),
    ],
)
def test_a_part_that_has_no_place_in_its_formula_is_found(formula: dict[str, Any], place: str, code: str):
    """A date among numbers, a number among dates: it would be left out without a word."""
    step = {"key": "x", "fields": [{"key": "f", "title": "F", "kind": "computed", "formula": formula}]}
    assert found(step) == [(f"{STEP}.1.fields.0.formula.{place}", code)]


def test_formulas_of_one_sort_are_fine():
    """Numbers with numbers, dates with dates, what may be either, and lists of numbers."""
    formulas = [
        {"minimum": [_field("a.day"), _field("a.at"), "2026-01-01"]},
        {"sum": [_field("a.total"), _field("a.any"), {"count": _field("a.parts")}]},
        {"days_between": [_field("a.first"), "2026-01-01"]},
    ]
    fields = [{"key": f"f{place}", "title": "F", "kind": "computed", "formula": formula}
              for place, formula in enumerate(formulas)]  # fmt: skip
    assert found({"key": "x", "fields": fields}) == []


@pytest.mark.parametrize(
    ("choices", "place", "code"),
    [
        (["", "a"], "choices.0", "empty_choice"),
        ([" ", "a"], "choices.0", "empty_choice"),
        (["a", "b", "a"], "choices.2", "duplicate_choice"),
        (["a b", "a  b "], "choices.1", "duplicate_choice"),
    ],
)
def test_a_choice_is_seen_and_seen_once(choices: list[str], place: str, code: str):
    """Of a field, and of a column."""
    field = {"key": "f", "title": "F", "kind": "choice", "choices": choices}
    table = {"key": "t", "title": "T", "kind": "table", "columns": [{**field, "key": "c"}]}
    assert found({"key": "x", "fields": [field, table]}) == [
        (f"{STEP}.1.fields.0.{place}", code),
        (f"{STEP}.1.fields.1.columns.0.{place}", code),
    ]


def test_set_and_not_set_compare_with_nothing():
    """Whoever gives a value there means another operator."""
    assert found({"key": "x", "when": compare("a.n", 3, "set")}) == [
        (f"{STEP}.1.when.value", "misplaced_details")
    ]


@pytest.mark.parametrize(
    ("step", "place", "code"),
    [
        ({"due": {"anchor": "run_start", "unit": "hours", "time": "09:00"}}, "due.time", "misplaced_details"),
        ({"due": {"anchor": "run_start", "unit": "hours", "roll": "previous"}}, "due.roll", "misplaced_details"),
        ({"due": {"anchor": "run_start", "offset": 10**18}}, "due.offset", "bad_range"),
        ({"due": {"anchor": "run_start", "offset": -100_001, "unit": "hours"}}, "due.offset", "bad_range"),
        ({"overdue": {"skip_after": {"offset": -1}}}, "overdue.skip_after.offset", "bad_range"),
        ({"reminders": [{"offset": -1, "counted_from": "ready"}]}, "reminders.0.offset", "bad_range"),
        ({"reminders": [{"offset": 10_001}]}, "reminders.0.offset", "bad_range"),
    ],
)  # fmt: skip
def test_a_distance_that_leads_nowhere_is_found(step: dict[str, Any], place: str, code: str):
    """Before what has to happen first, beyond all reach, or with a part that nobody looks at."""
    assert found({"key": "x", **step}) == [(f"{STEP}.1.{place}", code)]


def test_a_wait_s_instant_is_looked_at_too():
    """It is a due like others."""
    until = {"anchor": "run_start", "offset": 1, "unit": "hours", "time": "09:00"}
    step = {"key": "x", "kind": "wait", "wait": {"until": until}}
    assert found(step) == [(f"{STEP}.1.wait.until.time", "misplaced_details")]


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"escalate_after": {"offset": -2}}, "escalate_after.offset"),
        ({"reminders": [{"offset": -2, "counted_from": "ready"}]}, "reminders.0.offset"),
        ({"digest": {"offset": 100_000}}, "digest.offset"),
    ],
)
def test_distances_of_the_whole_document_are_looked_at(more: dict[str, Any], place: str):
    """What holds for every step leads somewhere too."""
    assert found({"key": "x"}, **more) == [(place, "bad_range")]
