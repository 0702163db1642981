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
]


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
