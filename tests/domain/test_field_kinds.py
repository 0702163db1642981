"""Every kind of field takes its values, says what it accepts when it refuses, and keeps what was given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from domain import texts
from domain.directory import Directory, GroupFacts
from domain.document import FieldKind, FormField
from domain.run import complete_step, start_run, values
from domain.schedule import Calendar
from domain.words import Assignee, Rejected
from tests.domain.documents import run_of, step
from tests.support.given import NINE
from tests.support.people import welcoming

FILE = {"name": "a.pdf", "size": 3, "type": "application/pdf", "sha256": "0" * 64}
COLUMNS = [{"key": "n", "title": "N", "kind": "number"}, {"key": "who", "title": "Who", "kind": "person"}]
CHOICES = ["one", "two"]
KINDS: dict[str, tuple[dict[str, Any], list[Any], list[Any]]] = {
    "text": ({}, ["x", ""], [1, "x" * 2_001, "a\0b", ["x"]]),
    "long_text": ({}, ["x" * 100_000], ["x" * 100_001, True]),
    "number": ({"minimum": 0, "maximum": 10, "unit": "h"}, [0, 10, 2.5], [-1, 11, "1", True, float("nan"), 10**400]),
    "money": ({"unit": "EUR"}, [19.99, -5, 10**15], [float("inf"), "19,99", 10**15 + 1]),
    "date": ({}, ["2028-02-29"], ["2027-02-29", "29.02.2028", "2028-02-29T10:00:00Z", 20280229]),
    "datetime": ({}, ["2026-03-31T09:00:00+02:00", "2026-03-31T07:00:00Z"], ["2026-03-31T09:00:00", "2026-03-31"]),
    "choice": ({"choices": CHOICES}, ["one"], ["three", ["one"], 1]),
    "multi_choice": ({"choices": CHOICES}, [["two", "one"], []], [["one", "one"], ["three"], "one"]),
    "yes_no": ({}, [True, False], ["yes", 1, 0]),
    "person": ({}, ["person:dana", "group:it", "guest:buyer"], ["dana", "person:", "robot:x"]),
    "email": ({}, ["a@b.org"], ["a@b", "a b@c.org", 1]),
    "phone": ({}, ["+49 30 1234567"], ["call me", "1"]),
    "url": ({}, ["https://example.org/x?y=1"], ["ftp://example.org", "javascript:alert(1)", "example.org"]),
    "files": ({}, [[FILE], []], [[{**FILE, "size": -1}], [{"name": "a"}], FILE, [{**FILE, "sha256": "0"}]]),
    "table": ({"columns": COLUMNS}, [[{"n": 1, "who": "person:dana"}, {}]], [[{"n": "1"}], [{"m": 1}], {"n": 1}]),
    "signature": ({}, ["Dana Doe"], [1]),
    "checklist": ({"choices": CHOICES}, [["one"], CHOICES], [["three"], ["one", "one"], True]),
    "computed": ({"formula": {"count": {"field": "a.other"}}}, [], [1, "x"]),
}  # fmt: skip


def story(kind: str, more: dict[str, Any], **flags: Any) -> Any:
    """A run whose only step has a field of this kind."""
    house = welcoming(Directory(groups={Assignee("group:it"): GroupFacts("IT")}))
    asked = run_of(step("a", fields=[{"key": "f", "title": "F", "kind": kind, **more, **flags}]))
    return replace(asked, directory=house).after(start_run)


def test_every_kind_is_here():
    """None is forgotten."""
    assert set(KINDS) == set(get_args(FieldKind))


@pytest.mark.parametrize("kind", KINDS)
def test_what_fits_is_kept_and_what_does_not_is_refused(kind: str):
    """A refusal names the field and what it would accept, and nothing happened."""
    more, right, wrong = KINDS[kind]
    for value in right:
        done = story(kind, more).after(complete_step, "a", {"f": value})
        assert done.state.values["a.f"] == value
    for value in wrong:
        refusal = story(kind, more).when(complete_step, "a", {"f": value}).rejected("invalid_values")
        problem = refusal.facts["problems"][0]
        assert (problem["field"], problem["problem"]) == ("f", "wrong_value")
        assert problem["accepted"]


MANY = 400_000
LONG: dict[str, list[Any]] = {
    "person": ["person:" + "a" * MANY],
    "email": ["a@" + "b." * MANY + "c", "a" * MANY],
    "phone": ["+" + "1" * MANY],
    "url": ["http://" + "a" * MANY, "http://" + "a" * MANY + " x"],
    "datetime": ["2026-03-31T09:00:00" + "0" * MANY],
    "date": ["2" * MANY],
    "choice": ["x" * MANY],
    "multi_choice": [["one"] * MANY],
    "checklist": [["one"] * MANY],
    "files": [[FILE] * (MANY // 20)],
    "table": [[{}] * MANY],
}


@pytest.mark.parametrize("kind", LONG)
def test_what_is_too_long_is_refused_before_it_is_looked_at(kind: str, monkeypatch: pytest.MonkeyPatch):
    """No pattern, no reader of dates and no set of entries is given what is longer than any right value."""

    def never(*_: Any) -> Any:
        raise AssertionError("looked at")

    for reader in ("day", "instant"):
        monkeypatch.setattr(texts, reader, never)
    for name in ("is_file", "_row", "_choice" if kind != "choice" else "_row"):
        monkeypatch.setattr(values, name, never)
    free: dict[str, Any] = {"choices": []} if kind == "choice" else {}
    field = FormField.model_validate({"key": "f", "title": "F", "kind": kind, **KINDS[kind][0], **free})
    for value in LONG[kind]:
        assert [one["problem"] for one in values.problems([field], {"f": value})] == ["wrong_value"]


def test_of_very_many_problems_the_first_are_told():
    """Whoever mends fifty asks again, and is told how many are left."""
    fields = [FormField(key=f"f{n}", title="F", kind="number") for n in range(400)]
    here = values.House(Directory(), Calendar(), NINE)
    with pytest.raises(Rejected) as told:
        values.check(fields, {field.key: "x" for field in fields}, "a", {}, here)
    assert (len(told.value.facts["problems"]), told.value.facts["more"]) == (50, 350)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "computed"])
def test_what_is_required_has_to_be_there(kind: str):
    """Neither nothing nor an empty value will do; a checklist is complete when all of it is ticked."""
    more, right, _ = KINDS[kind]
    empty: list[Any] = (
        [None] if kind in ("number", "money", "yes_no") else [None, "" if isinstance(right[0], str) else []]
    )
    for value in [*empty, *([["one"]] if kind == "checklist" else [])]:
        story(kind, more, required=True).when(complete_step, "a", {"f": value}).rejected("invalid_values")
    story(kind, more, required=True).when(complete_step, "a", {}).rejected("invalid_values")
    full = right[-1] if kind == "checklist" else right[0]
    assert (
        story(kind, more, required=True).after(complete_step, "a", {"f": full}).state.step("a").state
        == "done"
    )
