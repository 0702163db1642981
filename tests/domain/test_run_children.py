"""A step starts a run of another process, waits for it, and takes what came out of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.definition import Definition
from domain.run import RUN, cancel_run, complete_step, give_approval, reopen_step, start_run
from domain.run.actions import start_action
from domain.run.children import (
    child_doers,
    child_ended,
    child_givers,
    child_inputs,
    child_outputs,
    child_roles,
    child_started,
    open_children,
)
from domain.run.incidents import finish_incident, retry_incident
from domain.run.start import start_child
from domain.words import Actor
from tests.domain.documents import definition, run_of, step
from tests.domain.test_run_actions import MACHINE, start, the
from tests.domain.test_run_incidents import incident
from tests.support.given import BO, DANA, NINE, Story

CHILD = UUID(int=5)
MAX, HAL = Actor("person:max"), Actor("person:hal")
NAME = ("check", 1)
RESULT = {"key": "result", "title": "Result", "kind": "text", "required": True}
RUN_IT = {
    "process": "kyc",
    "inputs": {"plan": "inputs.plan"},
    "roles": {"checker": "boss"},
    "outputs": {"result": "look.result"},
}


def parent(*more: dict[str, Any]) -> Story:
    """A run that waits for a child which has just been started."""
    check = step("check", kind="run", fields=[RESULT], run=RUN_IT, required=True)
    story = run_of(check, *more).after(start)
    story = story.after(start_action, *NAME, "run", key="k", by=MACHINE)
    return story.when(child_started, *NAME, CHILD, "kyc", by=MACHINE).then_types(
        "child_run_started", "action_succeeded"
    )


def kyc() -> Definition:
    """The child's process."""
    return definition(
        step("look", fields=[{"key": "result", "title": "Result", "kind": "text"}]),
        step("judge", ["look"], kind="approval", approval={"covers": ["look"]}),
        key="kyc",
        roles=[
            {"key": "checker", "title": "Checker"},
            {"key": "opener", "title": "Opener", "initiator": True},
            {"key": "helper", "title": "Helper"},
        ],
        inputs=[{"key": "plan", "title": "Plan", "kind": "text"}],
    )


def test_the_step_waits_for_its_child():
    """A started child does not complete the step: it waits, and knows whom for."""
    story = parent()
    assert story.state.step("check").state == "ready"
    assert open_children(story.state) == (CHILD,)


def test_the_childs_end_completes_the_step():
    """Outputs become the step's fields, and the child's outcome is passed on, also when it ended early."""
    for state, outcome in (("completed", None), ("ended_early", "not_clear")):
        done = (
            parent()
            .when(child_ended, CHILD, state, outcome, {"result": "ok"}, by=MACHINE)
            .then_types("child_run_ended", "step_completed", "run_completed")
        )
        assert (done.state.values["check.result"], done.state.step("check").outcome) == ("ok", outcome)


def test_a_cancelled_child_asks_for_a_decision():
    """Cancelling the child decides nothing: somebody starts it again, does it by hand or skips the step."""
    story = (
        parent()
        .when(child_ended, CHILD, "cancelled", by=MACHINE)
        .then_types("child_run_ended", "incident_opened")
    )
    one = incident(story)
    assert story.state.incidents[one].problem == "child_cancelled"
    again = story.when(retry_incident, one).then_types("incident_resolved")
    assert the(again, "check/1/run").waits
    story.when(finish_incident, one, "looked myself", {"result": "ok"}).then_types(
        "step_completed", "incident_resolved", "run_completed"
    )


def test_outputs_that_do_not_fit_ask_for_a_decision():
    """A child that did not bring what the step needs opens an incident that names the field."""
    story = (
        parent()
        .when(child_ended, CHILD, "completed", None, {}, by=MACHINE)
        .then_types("child_run_ended", "incident_opened")
    )
    assert "result" in story.state.incidents[incident(story)].reason


def test_the_end_of_a_child_of_an_earlier_round_changes_nothing_else():
    """A child that ends after its step was reopened, or its run ended, is noted and no more."""
    late = (
        parent()
        .after(cancel_run, "no")
        .when(child_ended, CHILD, "completed", None, {"result": "x"}, by=MACHINE)
    )
    late.then_types("child_run_ended")
    done = parent(step("last")).after(child_ended, CHILD, "completed", None, {"result": "x"}, by=MACHINE)
    again = done.when(reopen_step, "check", "look again").then_types(
        "step_reopened", "step_became_ready", "action_queued"
    )
    again.when(child_ended, CHILD, "completed", None, {"result": "y"}, by=MACHINE).then_types()


def test_who_worked_in_the_child_does_not_approve_its_step():
    """Nobody approves their own work, across runs too; who only judged in the child may."""
    judge = step("judge", ["check"], kind="approval", approval={"covers": ["check"]})
    story = parent(judge).after(child_ended, CHILD, "completed", None, {"result": "ok"}, (BO,), by=MACHINE)
    story.when(give_approval, "judge", by=BO).rejected("own_work", steps=["check"])
    story.when(give_approval, "judge", by=DANA).then_types(
        "approval_given", "step_completed", "run_completed"
    )


def test_a_child_takes_inputs_roles_and_priority_of_its_parent():
    """Inputs and roles as the step says, same roles the same, the initiator who started the parent."""
    story = run_of(step("check", kind="run", fields=[RESULT], run=RUN_IT))
    begin = start_run(
        None,
        story.definition,  # type: ignore[arg-type]  # a story of a run has one
        inputs={"plan": "large", "boss": "person:bo"},
        roles={"helper": "person:hal"},  # type: ignore[dict-item]  # plain texts in a test
        priority="high",
        by=DANA,
        at=NINE,
        calendar=story.calendar,
    )
    run = story.given(begin).state
    roles = child_roles(run, story.definition, "check", kyc())  # type: ignore[arg-type]  # as above
    assert roles == {"checker": "person:bo", "opener": "person:dana", "helper": "person:hal"}
    inputs = child_inputs(run, story.definition, "check")  # type: ignore[arg-type]  # as above
    child = Story(RUN, kyc()).when(
        start_child, run, parent_run=CHILD, parent_step="check", inputs=inputs, roles=roles, project=None
    )
    state = child.then_types("run_started", "step_became_ready").state
    assert (state.inputs, state.priority, state.parent_run) == ({"plan": "large"}, "high", CHILD)


def test_who_did_the_parents_work_does_not_judge_it_in_the_child():
    """An approval in the child about what it was started with is not for those who gave that, in any round."""
    story = run_of(step("consent"), step("check", ["consent"], kind="run", fields=[RESULT], run=RUN_IT))
    story = story.after(start).after(complete_step, "consent", by=MAX)
    story = story.after(reopen_step, "consent", "once more").after(complete_step, "consent", by=BO)
    givers = child_givers(story.state, story.definition, "check")  # type: ignore[arg-type]  # as above
    assert set(givers) == {MAX, BO, DANA}
    told = {"parent_run": CHILD, "parent_step": "check", "inputs": {}, "roles": {}, "project": None}
    child = replace(run_of(step("judge", kind="approval")), state=None)
    child = child.after(start_child, story.state, **told, given_by=givers, by=MACHINE)
    child.when(give_approval, "judge", by=MAX).rejected("own_work", steps=["inputs"])
    child.when(give_approval, "judge", by=HAL).then_types("approval_given", "step_completed", "run_completed")


def test_what_comes_out_of_a_child():
    """Outputs are read by path; doers are those who worked, not those who judged."""
    story = Story(RUN, kyc()).after(start).after(complete_step, "look", {"result": "ok"}, by=BO)
    child = story.after(give_approval, "judge", by=DANA).state
    mother = run_of(step("check", kind="run", fields=[RESULT], run=RUN_IT)).definition
    assert mother is not None
    assert child_outputs(mother, "check", child, "done") == {"result": "ok"}  # type: ignore[arg-type]  # a key
    assert child_doers(child, kyc()) == (BO,)
