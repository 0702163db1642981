"""Promises about values that are for some roles only: no document tells them to others on a side way."""

from __future__ import annotations

from typing import Any

import pytest

from domain.document import Document
from domain.lint import lint

TEXT = {"key": "finding", "title": "Finding", "kind": "text"}
DAY = {"key": "day", "title": "Day", "kind": "date"}
SOLD = {"key": "sold", "title": "Sold", "kind": "number"}
TOTAL = {"key": "total", "title": "Total", "kind": "computed"}
MAIL = {"to": ["{role.boss}"], "subject": "Look", "body": "It says {talk.finding}."}
DUE = {"anchor": {"field": "talk.day"}, "offset": 1}


def document(*steps: dict[str, Any], visibility: Any = "role", **talk: Any) -> Document:
    """A talk between ann and bob whose values are for some, and what follows it."""
    first = {
        "key": "talk", "title": "Talk", "kind": "form", "role": "seller", "visibility": visibility,
        "fields": [TEXT, DAY, SOLD], **talk,
    }  # fmt: skip
    return Document.model_validate({
        "key": "sale", "title": "Sale",
        "inputs": [{"key": "note", "title": "Note", "kind": "text"}, {"key": "mail", "title": "Mail", "kind": "email"}],
        "roles": [{"key": "seller", "title": "Seller"}, {"key": "boss", "title": "Boss"},
                  {"key": "customer", "title": "Customer", "guest": True, "email_from": "mail"}],
        "stages": [{"key": "work", "title": "Work", "steps": [first, *({"title": "T", **one} for one in steps)]}],
    })  # fmt: skip


def after(**more: Any) -> dict[str, Any]:
    """A step that follows the talk."""
    return {"key": "next", "role": "boss", **more}


@pytest.mark.parametrize(
    ("follows", "talk", "where"),
    [
        (after(outcome_from="talk.finding"), {}, "1.outcome_from"),
        (after(), {"outcome_from": "finding"}, "0.outcome_from"),
        (after(due=DUE), {}, "1.due.anchor.field"),
        (after(kind="wait", wait={"until": DUE}), {}, "1.wait.until.anchor.field"),
        (after(kind="wait", wait={"event": "x.y", "key": "{talk.finding}"}), {}, "1.wait.key"),
        (after(kind="run", run={"process": "other", "inputs": {"a": "talk.finding"}}), {}, "1.run.inputs.a"),
        (after(kind="email", email=MAIL), {}, "1.email.body"),
        (after(kind="email", email={**MAIL, "to": ["{mail}"]}), {}, "1.email.body"),
        (after(kind="approval", approval={"on_refusal": {"ends_run": "No", "email": {**MAIL, "to": ["a@b.example"]}}}),
         {}, "1.approval.on_refusal.email.body"),
        (after(fields=[{**TOTAL, "formula": {"field": "talk.sold"}}]), {}, "1.fields.0.formula.field"),
        (after(), {"fields": [{**TEXT, "sets_input": "note"}]}, "0.fields.0.sets_input"),
        (after(), {"fields": [{"key": "who", "title": "Who", "kind": "person", "sets_role": "boss"}]},
         "0.fields.0.sets_role"),
        (after(outcome_from="talk.finding"), {"visibility": "everyone", "fields": [{**TEXT, "sensitive": True}]},
         "1.outcome_from"),
        (after(), {"visibility": "everyone", "fields": [{**TEXT, "sensitive": True, "sets_input": "note"}]},
         "0.fields.0.sets_input"),
    ],
)  # fmt: skip
def test_what_would_tell_it_to_others_is_refused(follows: dict[str, Any], talk: dict[str, Any], where: str):
    """The refusal names the place; for everybody's eyes the same document is fine."""
    found = lint(document(follows, **talk))
    assert [(one.code, one.as_dict()["path"]) for one in found] == [
        ("sealed_source", f"stages.0.steps.{where}")
    ]
    plain = [
        {name: value for name, value in one.items() if name != "sensitive"} for one in talk.get("fields", [])
    ]
    open_ = {"visibility": "everyone", **({"fields": plain} if plain else {})}
    assert lint(document(follows, **{**talk, **open_})) == []


@pytest.mark.parametrize(
    ("follows", "visibility"),
    [
        (after(kind="email", email=MAIL), ["boss"]),
        (after(kind="email", email={**MAIL, "to": ["{role.seller}"]}), "role"),
        (after(kind="email", email={**MAIL, "to": ["{mail}"]}), ["customer"]),
        (
            after(
                kind="approval",
                approval={"covers": ["talk"], "on_refusal": {"ends_run": "No", "email": MAIL}},
            ),
            "role",
        ),
        (after(fields=[{**TOTAL, "formula": {"field": "talk.sold"}}], visibility=["seller"]), ["boss"]),
        (after(fields=[{**TOTAL, "formula": {"field": "talk.sold"}, "sensitive": True}]), "role"),
        (after(when={"field": "talk.finding", "operator": "set"}), "role"),
    ],
)
def test_what_tells_it_to_its_roles_is_fine(follows: dict[str, Any], visibility: Any):
    """Mails to those roles and computed values for them are kept; whether a step takes part is told to all."""
    assert lint(document(follows, visibility=visibility)) == []


def test_the_roles_that_see_a_step_are_there():
    """A role that there is not, or a step without one, is found before anybody relies on it."""
    (one,) = lint(document(visibility=["boss", "bos"]))
    assert (one.code, one.as_dict()["path"]) == ("unknown_role", "stages.0.steps.0.visibility.1")
    (one,) = lint(document(role=None))
    assert (one.code, one.as_dict()["path"]) == ("missing_details", "stages.0.steps.0.visibility")


@pytest.mark.parametrize(
    ("key", "more"),
    [("run_name", {"run_name": "For {mail}"}), ("target_from", {"target_from": "inputs.day"})],
)
def test_what_all_see_of_a_run_is_not_read_from_what_some_see(key: str, more: dict[str, Any]) -> None:
    """Neither the name of a run nor its target tells a sensitive input."""
    inputs = [{"key": "mail", "title": "Mail", "kind": "email"}, DAY]
    for sensitive, found in ((False, []), (True, [(key, "sealed_source")])):
        stages = [{"key": "work", "title": "Work", "steps": [{"key": "next", "title": "Next"}]}]
        told = {"inputs": [{**one, "sensitive": sensitive} for one in inputs], "stages": stages, **more}
        problems = lint(Document.model_validate({"key": "sale", "title": "Sale", **told}))
        assert [(problem.as_dict()["path"], problem.code) for problem in problems] == found
