"""Promises about lint: each rule finds its problem, says where it is and what would be accepted."""

from __future__ import annotations

from typing import Any

import pytest

from domain.diff import Change, diff
from domain.document import Document
from domain.lint import lint

ROLES = [{"key": "boss", "title": "Boss"}, {"key": "guest", "title": "Guest", "guest": True}]
INPUTS = [
    {"key": "plan", "title": "Plan", "kind": "choice", "choices": ["small", "large"]},
    {"key": "start", "title": "Start", "kind": "date"},
]
NUMBER = {"key": "n", "title": "N", "kind": "number"}
DAY = {"key": "day", "title": "Day", "kind": "date"}


def document(*steps: dict[str, Any], **more: Any) -> Document:
    """One stage with these steps."""
    made = [{"title": "T", **step} for step in steps]
    stages = [{"key": "s", "title": "S", "steps": made}]
    return Document.model_validate(
        {"key": "p", "title": "P", "roles": ROLES, "inputs": INPUTS, "stages": stages, **more}
    )


def compare(field: str, value: Any = 1, operator: str = "equals") -> dict[str, Any]:
    """A condition on one field."""
    return {"field": field, "operator": operator, "value": value}


A = {"key": "a", "fields": [NUMBER, DAY]}
STEP = "stages.0.steps"


@pytest.mark.parametrize(
    ("steps", "place", "code"),
    [
        ([A, A], f"{STEP}.1.key", "duplicate_key"),
        ([{"key": "step_1"}, {"key": "step_l"}], f"{STEP}.1.key", "look_alike_key"),
        ([{"key": "inputs"}], f"{STEP}.0.key", "reserved_key"),
        ([{"key": "a", "role": "king"}], f"{STEP}.0.role", "unknown_role"),
        ([{"key": "a", "overdue": {"notify": ["king"]}}], f"{STEP}.0.overdue.notify.0", "unknown_role"),
        ([{"key": "a", "rules": [{"then": {"notify": ["king"]}}]}], f"{STEP}.0.rules.0.then.notify.0", "unknown_role"),
        ([{"key": "a", "fields": [{**NUMBER, "sets_role": "boss"}]}], f"{STEP}.0.fields.0.kind", "not_a_person"),
        ([{"key": "a", "fields": [NUMBER, NUMBER]}], f"{STEP}.0.fields.1.key", "duplicate_key"),
        ([{"key": "a", "fields": [{**NUMBER, "kind": "choice"}]}], f"{STEP}.0.fields.0.kind", "missing_choices"),
        ([{"key": "a", "fields": [{**NUMBER, "kind": "table"}]}], f"{STEP}.0.fields.0.kind", "missing_columns"),
        ([{"key": "a", "fields": [{**NUMBER, "minimum": 2, "maximum": 1}]}], f"{STEP}.0.fields.0.minimum", "bad_range"),
        ([{"key": "a", "fields": [{**NUMBER, "sets_input": "x"}]}], f"{STEP}.0.fields.0.sets_input", "unknown_field"),
        ([{"key": "a", "after": ["z"]}], f"{STEP}.0.after.0", "unknown_step"),
        ([{"key": "a", "role": "boss", "gate": {"blocks": ["z"]}}], f"{STEP}.0.gate.blocks.0", "unknown_step"),
        ([{"key": "a", "actor_differs_from": ["z"]}], f"{STEP}.0.actor_differs_from.0", "unknown_step"),
        ([{"key": "a", "gate": {}}], f"{STEP}.0.gate", "gate_without_owner"),
        ([{"key": "a", "after": ["b"]}, {"key": "b", "after": ["a"]}], f"{STEP}.0.after", "dependency_cycle"),
        ([{"key": "a", "after": ["a"]}], f"{STEP}.0.after", "dependency_cycle"),
        (
            [{"key": "a", "kind": "approval", "after": [], "approval": {"covers": ["b"]}}, {"key": "b", "after": []}],
            f"{STEP}.0.approval.covers.0",
            "covers_later",
        ),
        ([{"key": "a", "when": compare("inputs.size")}], f"{STEP}.0.when.field", "unknown_field"),
        ([{"key": "a", "when": {"not": {"any": [compare("z.n")]}}}], f"{STEP}.0.when.not.any.0.field", "unknown_field"),
        ([{**A, "when": compare("a.n")}], f"{STEP}.0.when.field", "condition_set_later"),
        ([{"key": "x", "when": compare("a.n")}, A], f"{STEP}.0.when.field", "condition_set_later"),
        ([A, {"key": "x", "after": [], "when": compare("a.n")}], f"{STEP}.1.when.field", "condition_set_later"),
        ([{"key": "a", "when": compare("inputs.plan", "tiny")}], f"{STEP}.0.when.value", "impossible_value"),
        ([{"key": "a", "due": {"anchor": {"field": "inputs.plan"}}}], f"{STEP}.0.due.anchor.field", "not_a_date"),
        ([{"key": "a", "due": {"anchor": {"field": "inputs.end"}}}], f"{STEP}.0.due.anchor.field", "unknown_field"),
        ([{**A, "due": {"anchor": {"field": "a.day"}}}], f"{STEP}.0.due.anchor", "due_never_set"),
        ([{"key": "x", "due": {"anchor": {"field": "a.day"}}}, A], f"{STEP}.0.due.anchor", "due_never_set"),
        ([{"key": "a", "due": {"anchor": {"step_done": "a"}}}], f"{STEP}.0.due.anchor", "due_never_set"),
        ([{"key": "a", "due": {"anchor": {"step_ready": "b"}}}, {"key": "b"}], f"{STEP}.0.due.anchor", "due_never_set"),
        ([{"key": "a", "due": {"anchor": {"step_done": "z"}}}], f"{STEP}.0.due.anchor.step_done", "unknown_step"),
        (
            [{"key": "a", "due": {"anchor": {"stage_entered": "z"}}}],
            f"{STEP}.0.due.anchor.stage_entered", "unknown_stage",
        ),
        ([{"key": "a", "kind": "http"}], f"{STEP}.0.kind", "missing_details"),
        ([{"key": "a", "kind": "wait", "wait": {}}], f"{STEP}.0.wait", "missing_details"),
        ([{"key": "a", "approval": {}}], f"{STEP}.0.approval", "misplaced_details"),
        (
            [{"key": "a", "kind": "approval", "overdue": {"skip_after": {"offset": 1}}}],
            f"{STEP}.0.overdue.skip_after",
            "misplaced_details",
        ),
        (
            [{"key": "a", "role": "boss", "gate": {}, "overdue": {"skip_after": {"offset": 1}}}],
            f"{STEP}.0.overdue.skip_after",
            "misplaced_details",
        ),
        (
            [{"key": "a", "kind": "http", "http": {"url": "https://x", "outputs": {"m": "m"}}}],
            f"{STEP}.0.http.outputs.m",
            "output_without_field",
        ),
        ([{"key": "a", "outcome_from": "n"}], f"{STEP}.0.outcome_from", "unknown_field"),
        (
            [{"key": "a", "kind": "approval", "approval": {"on_refusal": {"requires": ["inputs.end"]}}}],
            f"{STEP}.0.approval.on_refusal.requires.0",
            "unknown_field",
        ),
        (
            [{"key": "a", "kind": "email", "email": {"to": ["a@b.example, team"], "subject": "x", "body": "x"}}],
            f"{STEP}.0.email.to.0",
            "not_an_address",
        ),
        (
            [{"key": "a", "kind": "email", "email": {"to": ["<a@b.example>"], "subject": "x", "body": "x"}}],
            f"{STEP}.0.email.to.0",
            "not_an_address",
        ),
        (
            [{"key": "a", "kind": "email", "email": {"to": [], "subject": "x", "body": "x"}}],
            f"{STEP}.0.email.to",
            "not_an_address",
        ),
        (
            [{**A, "email": {"to": ["{a.n}"], "subject": "x", "body": "x"}}],
            f"{STEP}.0.email.to.0",
            "not_an_address",
        ),
        (
            [{"key": "a", "kind": "email", "email": {"to": ["{role.king}"], "subject": "x", "body": "x"}}],
            f"{STEP}.0.email.to.0",
            "unknown_placeholder",
        ),
    ],
)  # fmt: skip
def test_each_problem_is_found_in_its_place(steps: list[dict[str, Any]], place: str, code: str):
    """One wrong thing gives one finding, with its code, where it stands, and what would be accepted."""
    findings = lint(document(*steps))
    assert [(found.as_dict()["path"], found.code) for found in findings] == [(place, code)]
    assert all(found.accepted for found in findings)


@pytest.mark.parametrize(
    ("more", "place", "code"),
    [
        ({"target_from": "inputs.plan"}, "target_from", "not_a_date"),
        ({"target_stage": "moon"}, "target_stage", "unknown_stage"),
        ({"run_name": "{who}"}, "run_name", "unknown_placeholder"),
        ({"digest": {"offset": 7, "after": "z"}}, "digest.after", "unknown_step"),
        ({"on_forecast_late": {"notify": ["king"]}}, "on_forecast_late.notify.0", "unknown_role"),
        ({"roles": [{"key": "r", "title": "R", "lead": "king"}]}, "roles.0.lead", "unknown_role"),
        (
            {"roles": [{"key": "r", "title": "R", "from_input": "plan"}]},
            "roles.0.from_input",
            "unknown_field",
        ),
        ({"inputs": [*INPUTS, INPUTS[0]]}, "inputs.2.key", "duplicate_key"),
    ],
)
def test_the_whole_document_is_looked_at(more: dict[str, Any], place: str, code: str):
    """Names, targets, digests and roles of the process itself."""
    findings = lint(document({"key": "a"}, **more))
    assert [(found.as_dict()["path"], found.code) for found in findings] == [(place, code)]
    assert all(found.accepted for found in findings)


def test_the_address_of_a_guest_comes_from_a_field_for_addresses():
    """A role whose address is in a field that is not there, or holds no address, is found."""
    role = {"key": "guest", "title": "Guest", "guest": True, "email_from": "inputs.plan"}
    written = document(
        {"key": "one"}, roles=[role], inputs=[{"key": "plan", "title": "Plan", "kind": "number"}]
    )
    (found,) = lint(written)
    assert (found.path, found.code) == (("roles", 0, "email_from"), "unknown_field")


def test_steps_behind_a_cycle_are_unreachable():
    """The cycle is named once, whole; what waits behind it is named too."""
    found = lint(
        document({"key": "a", "after": ["b"]}, {"key": "b", "after": ["a"]}, {"key": "c", "after": ["b"]})
    )
    assert [finding.code for finding in found] == ["dependency_cycle", "unreachable_step"]
    assert "a → b → a" in found[0].message


def test_a_stage_that_is_entered_later_anchors_nothing():
    """A due cannot wait for a stage that waits for its own step."""
    first = {
        "key": "one",
        "title": "1",
        "steps": [{"key": "a", "title": "A", "due": {"anchor": {"stage_entered": "two"}}}],
    }
    second = {"key": "two", "title": "2", "steps": [{"key": "b", "title": "B"}]}
    assert [found.code for found in lint(document(stages=[first, second]))] == ["due_never_set"]


def test_everything_wrong_is_said_at_once_with_what_would_do():
    """One run of lint is enough to repair a document."""
    found = lint(document({"key": "a", "role": "king", "after": ["z"], "when": compare("inputs.size")}))
    assert {finding.code for finding in found} == {"unknown_role", "unknown_step", "unknown_field"}
    assert all(finding.accepted for finding in found)


def test_what_comes_before_may_be_asked():
    """Conditions on earlier steps, own values in rules on done, and dues on them are fine."""
    own = [{"on": "done", "when": compare("x.n"), "then": {"set_priority": "high"}}]
    step = {
        "key": "x",
        "fields": [NUMBER],
        "when": compare("a.n"),
        "due": {"anchor": {"field": "a.day"}},
        "rules": own,
    }
    assert lint(document(A, step)) == []


def test_a_process_has_a_sensible_size():
    """Too many steps are one finding, found at once."""
    steps = [{"key": f"s{number}a", "after": []} for number in range(5_000)]
    assert [found.code for found in lint(document(*steps))] == ["too_many_steps"]


def test_a_version_has_room_in_one_event():
    """What could not be stored is found before it is published, whatever it looked like as a file."""
    steps = [{"key": f"s{number}a", "after": [], "instructions": '"' * 300} for number in range(500)]
    assert [found.code for found in lint(document(*steps))] == ["too_large"]


def test_what_would_do_is_said_where_nothing_is_there_to_name():
    """A document without roles, fields and dates still gets an answer that helps."""
    broken = {"key": "a", "role": "king", "after": ["a"], "when": compare("x.y"), "outcome_from": "z"}
    due = {"key": "b", "due": {"anchor": {"field": "inputs.end"}}}
    found = lint(document(broken, due, roles=[], inputs=[]))
    assert {each.code for each in found} >= {"unknown_role", "unknown_field", "dependency_cycle"}
    assert all(each.accepted for each in found)


def test_a_difference_names_what_came_went_and_changed():
    """Steps, fields, dependencies, rules and texts each as data; a document does not differ from itself."""
    before = document(A, {"key": "b", "instructions": "Do"}, {"key": "c"})
    after = document(
        {**A, "fields": [NUMBER]},
        {"key": "b", "instructions": "Do it", "weight": 2},
        {"key": "d", "after": ["a"]},
    )
    assert diff(before, before) == ()
    assert set(diff(before, after)) == {
        Change("changed", "text", "b.instructions", "Do", "Do it"),
        Change("added", "rule", "b.weight", None, 2.0),
        Change("added", "step", "d", None, "T"),
        Change("removed", "step", "c", "T", None),
        Change("removed", "field", "a.day", "Day", None),
    }
    shifted = document(A, {"key": "b", "after": []}, {"key": "c"})
    assert Change("removed", "dependency", "b", "a", None) in diff(
        document(A, {"key": "b"}, {"key": "c"}), shifted
    )


LEGAL = {"key": "legal", "title": "Legal", "group": "legal"}


@pytest.mark.parametrize(
    ("role", "place", "code"),
    [
        ({**LEGAL, "initiator": True}, "roles.0.group", "two_ways_to_fill"),
        ({**LEGAL, "manager_of": "boss"}, "roles.0.group", "two_ways_to_fill"),
        ({"assign": "round_robin"}, "roles.0.assign", "assign_without_group"),
        ({"optional": True}, "roles.0.optional", "misplaced_details"),
        ({"manager_of": "king"}, "roles.0.manager_of", "unknown_role"),
        ({"manager_of": "legal"}, "roles.0.manager_of", "role_cycle"),
    ],
)
def test_a_role_is_filled_in_one_way(role: dict[str, Any], place: str, code: str):
    """Two rules at once, half a rule, and managers in a circle cannot be published."""
    roles = [{"key": "legal", "title": "Legal", **role}, *ROLES]
    found = lint(document({"key": "a"}, roles=roles))
    assert [(".".join(map(str, each.path)), each.code) for each in found] == [(place, code)]
    assert all(each.accepted for each in found)


@pytest.mark.parametrize("role", [LEGAL, {**LEGAL, "assign": "least_loaded", "optional": True}])
def test_a_role_of_a_group_can_be_published(role: dict[str, Any]):
    """Whether the group is there is asked when a run starts."""
    manager = {"key": "lead", "title": "Lead", "manager_of": "legal"}
    assert lint(document({"key": "a"}, roles=[role, manager, *ROLES])) == []
