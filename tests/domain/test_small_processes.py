"""The small processes that ship: each can be published, and each of its branches runs to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.definition import Definition
from domain.document import AUTOMATIC, Document, Step, stored_form
from domain.lint import lint
from domain.run import RUN, Run, complete_step, give_approval, refuse_approval, reopen_step, start_run
from domain.schedule import Calendar
from domain.words import Actor, Assignee, RoleKey, StepKey
from interchange.documents.reading import read_document
from milepost.demo.values import fill
from tests.support.given import NINE
from tests.support.people import EVERYBODY

PROCESSES = Path(__file__).parents[2] / "processes"
OFFICE = Calendar()
SIZES = {
    "employee_leaving": 10,
    "vendor_onboarding": 11,
    "monthly_close": 12,
    "incident_review": 10,
    "equipment_request": 8,
    "contract_renewal": 11,
}
Values = dict[str, dict[str, Any]]


def load(name: str) -> Document:
    """A process that ships, without problems."""
    document, problems = read_document(PROCESSES / f"{name}.yaml")
    assert problems == []
    assert document is not None
    return document


DOCUMENTS = {name: load(name) for name in SIZES}


@dataclass
class Walk:
    """A run of which every role is played by somebody of that name; ``values`` are what forms get."""

    process: str
    inputs: dict[str, Any]
    values: Values = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    run: Run = field(default_factory=Run)
    hours: int = 0

    def __post_init__(self) -> None:
        self.document = DOCUMENTS[self.process]
        self.definition = Definition(self.process, 1, self.document)
        asked = fill(self.document.inputs, Random(1), datetime(2026, 3, 2, tzinfo=UTC), self.inputs)
        roles = {RoleKey(role.key): Assignee(f"person:{role.key}") for role in self.document.roles}
        started = start_run(None, self.definition, inputs=asked, roles=roles, by=Actor("person:someone"), at=NINE,
                            calendar=OFFICE, directory=EVERYBODY)  # fmt: skip
        self.run = RUN.fold(started, self.run) or self.run

    def tell(self, decision: Any, step: Step, *args: Any) -> None:
        """Decide something about a step, an hour later, as whoever has it."""
        self.hours += 1
        by = Actor("service:automation" if step.kind in AUTOMATIC else f"person:{step.role}")
        events = decision(self.run, self.definition, StepKey(step.key), *args, by=by,
                          at=NINE + timedelta(hours=self.hours), calendar=OFFICE, directory=EVERYBODY)  # fmt: skip
        self.run = RUN.fold(events, self.run) or self.run

    def do(self, step: Step) -> None:
        """Do one step; what is to be refused is refused once."""
        chosen = self.values.get(step.key, {})
        values = fill(step.fields, Random(step.key), NINE, chosen)
        if step.kind != "approval":
            self.tell(complete_step, step, values)
        elif step.key in self.refused:
            self.tell(refuse_approval, step, self.refused.pop(step.key))
        else:
            self.tell(give_approval, step)

    def to_the_end(self) -> Walk:
        """Do whatever is ready until the run has ended."""
        for _ in range(100):
            ready = [step for key, step in self.definition.steps.items() if self.run.step(key).is_open]
            if self.run.ended:
                return self
            assert ready, {key: step.state for key, step in self.run.steps.items()}
            self.do(ready[0])
        raise AssertionError("the run does not come to an end")

    def states(self, state: str) -> set[str]:
        """The steps in this state."""
        return {key for key, step in self.run.steps.items() if step.state == state}


SOLVED: Values = {
    "bank": {"unexplained": 0},
    "company_check": {"finding": "Clear"},
    "check_actions": {"open": 0},
    "received": {"complete": True},
}
YES, NO = True, False
BRANCHES: list[tuple[str, dict[str, Any], Values, str, set[str]]] = [
    ("employee_leaving", {"reason": "Own wish"}, {}, "Left in good order", set()),
    ("employee_leaving", {"reason": "Dismissal"}, {}, "Left in good order", {"exit_talk"}),
    ("vendor_onboarding", {"yearly_value": 50_000, "personal_data": YES}, {}, "Ready to order", set()),
    ("vendor_onboarding", {"yearly_value": 900, "personal_data": NO}, {}, "Ready to order",
     {"budget", "security_check", "data_agreement"}),
    ("monthly_close", {"group_companies": YES}, {}, "Closed", set()),
    ("monthly_close", {"group_companies": NO}, {}, "Closed", {"between_companies"}),
    ("incident_review", {"severity": "Critical", "customers_affected": YES, "personal_data": YES}, {}, "Reviewed",
     set()),
    ("incident_review", {"severity": "Minor", "customers_affected": NO, "personal_data": NO}, {}, "Reviewed",
     {"tell_customers", "tell_authority", "meeting"}),
    ("equipment_request", {"price": 900}, {"look_in_store": {"in_store": NO}}, "Handed out", set()),
    ("equipment_request", {"price": 90}, {"look_in_store": {"in_store": NO}}, "Handed out", {"allow"}),
    ("equipment_request", {"price": 900}, {"look_in_store": {"in_store": YES}}, "Handed out",
     {"allow", "order", "received"}),
    ("contract_renewal", {"yearly_value": 50_000}, {"decide": {"decision": "Renew"}}, "Renew",
     {"negotiate", "new_terms", "give_notice", "notice_confirmed"}),
    ("contract_renewal", {"yearly_value": 50_000}, {"decide": {"decision": "Renegotiate"}}, "Renegotiate",
     {"give_notice", "notice_confirmed"}),
    ("contract_renewal", {"yearly_value": 500}, {"decide": {"decision": "End"}}, "End",
     {"market", "negotiate", "new_terms", "sign_contract"}),
]  # fmt: skip


def test_six_small_processes_ship():
    """Eight to twelve steps each, as counted here once more."""
    assert {name: len(document.steps) for name, document in DOCUMENTS.items()} == SIZES
    assert all(document.key == name for name, document in DOCUMENTS.items())
    assert sum(SIZES.values()) == 62


@pytest.mark.parametrize("name", SIZES)
def test_a_small_process_can_be_published(name: str):
    """Lint finds nothing, the stored form is the document, and people are told what to do and until when."""
    document = DOCUMENTS[name]
    assert lint(document) == []
    assert Document.model_validate(stored_form(document)) == document
    for step in document.steps:
        by_person = step.kind not in AUTOMATIC
        assert not by_person or (step.instructions and step.due is not None), step.key
        assert step.role is not None, step.key
    assert [step.key for step in document.steps if step.closes_run] == [document.steps[-1].key]


@pytest.mark.parametrize(("name", "inputs", "values", "outcome", "absent"), BRANCHES)
def test_each_branch_runs_to_its_end(
    name: str, inputs: dict[str, Any], values: Values, outcome: str, absent: set[str]
):
    """What the branch does not need is not applicable; everything else is done; the run says how it ended."""
    walk = Walk(name, inputs, SOLVED | values).to_the_end()
    assert (walk.run.state, walk.run.outcome) == ("completed", outcome)
    assert walk.states("not_applicable") == absent
    assert walk.states("done") == {step.key for step in DOCUMENTS[name].steps} - absent


def test_every_step_is_done_in_one_of_the_branches():
    """No step waits for a branch that nobody has tried."""
    for name, document in DOCUMENTS.items():
        absent = [absent for other, _, _, _, absent in BRANCHES if other == name]
        assert not set.intersection(*absent), document.key


APPROVALS = [
    (name, step.key) for name, document in DOCUMENTS.items() for step in document.steps if step.approval
]
FIRST: dict[str, tuple[dict[str, Any], Values]] = {
    name: (inputs, values) for name, inputs, values, _, _ in reversed(BRANCHES) if name != "contract_renewal"
}
FIRST["contract_renewal"] = {"yearly_value": 50_000}, {"decide": {"decision": "Renegotiate"}}
ENDS = {("vendor_onboarding", "budget"): "No budget", ("equipment_request", "allow"): "Not allowed"}


@pytest.mark.parametrize(("name", "approval"), APPROVALS)
def test_each_refusal_does_what_it_says(name: str, approval: str):
    """A refusal ends the run with its outcome, or has the work done again; then the run goes on to its end."""
    inputs, values = FIRST[name]
    walk = Walk(name, inputs, SOLVED | values, refused={approval: "not like this"}).to_the_end()
    if (name, approval) in ENDS:
        assert (walk.run.state, walk.run.outcome) == ("ended_early", ENDS[name, approval])
        return
    covered = next(
        step.approval.covers for step in walk.document.steps if step.key == approval and step.approval
    )
    assert walk.run.state == "completed"
    assert {walk.run.step(StepKey(key)).round for key in (*covered, approval)} == {2}


@pytest.mark.parametrize("key", sorted(SOLVED))
def test_what_is_not_right_yet_comes_again(key: str):
    """A step that repeats is asked for again until its own condition holds."""
    wrong: Values = {"bank": {"unexplained": 12}, "company_check": {"finding": "Unclear"},
                     "check_actions": {"open": 2}, "received": {"complete": False}}  # fmt: skip
    name = next(name for name, document in DOCUMENTS.items() for step in document.steps if step.key == key)
    inputs, values = FIRST[name]
    walk = Walk(name, inputs, SOLVED | values)
    step = walk.definition.steps[StepKey(key)]
    while not walk.run.step(StepKey(key)).is_open:
        ready = [each for each in walk.document.steps if walk.run.step(StepKey(each.key)).is_open]
        walk.do(ready[0])
    walk.tell(complete_step, step, fill(step.fields, Random(1), NINE, wrong[key]))
    assert (walk.run.step(StepKey(key)).state, walk.run.step(StepKey(key)).round) == ("ready", 2)
    assert walk.to_the_end().run.state == "completed"


def test_a_decision_that_changes_takes_the_other_branch():
    """A renewal that is reopened and ended instead: the other branch's evidence is kept and no longer counts."""
    walk = Walk("contract_renewal", {"yearly_value": 500}, {"decide": {"decision": "Renew"}}).to_the_end()
    walk.tell(
        reopen_step, walk.definition.steps[StepKey("decide")], "the offer of the others is better", "reopen"
    )
    walk.values = {"decide": {"decision": "End"}}
    walk.to_the_end()
    assert (walk.run.state, walk.run.outcome) == ("completed", "End")
    assert walk.run.step(StepKey("sign_contract")).state == "not_applicable"
