"""A step starts a run of another process, waits for it, and takes what came out of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.definition import Definition
from domain.events import HelpRequested
from domain.run import RUN, cancel_run, clear_help, complete_step, give_approval, reopen_step, start_run
from domain.run.actions import start_action
from domain.run.children import (
    child_doers,
    child_ended,
    child_givers,
    child_inputs,
    child_outputs,
    child_reopened,
    child_roles,
    child_started,
    child_to_take_up,
    open_children,
)
from domain.run.incidents import finish_incident, retry_incident
from domain.run.start import start_child
from domain.words import Actor, StepKey
from tests.domain.documents import definition, run_of, step
from tests.domain.test_run_actions import MACHINE, start, the
from tests.domain.test_run_incidents import incident
from tests.support.given import BO, DANA, NINE, Story
from tests.support.people import EVERYBODY

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


def test_outputs_that_cannot_be_taken_ask_for_a_decision():
    """What is wrong with them beside what the fields say (a file that is not kept) is what the incident tells."""
    told = (child_ended, CHILD, "completed", None, {"result": "ok"}, (), 0, "result: no file")
    story = parent().when(*told, by=MACHINE).then_types("child_run_ended", "incident_opened")
    assert story.state.incidents[incident(story)].reason == "result: no file"


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


def heard(*more: dict[str, Any], outcome: str | None = None) -> Story:
    """A run that has taken what its child brought, and goes on with another step."""
    taken = parent(step("last", ["check"]), *more)
    return taken.after(child_ended, CHILD, "completed", outcome, {"result": "ok"}, by=MACHINE)


def test_a_child_that_is_reopened_asks_for_help_at_the_step_that_took_its_outputs():
    """Once for each reopening; nothing that was taken changes, and a decision that comes twice or late does nothing."""
    story = heard()
    again = story.when(child_reopened, CHILD, 1, by=MACHINE).then_types(
        "child_run_reopened", "help_requested", "action_queued"
    )
    asked = again.state.step("check")
    assert (asked.state, asked.help_wanted.cause, asked.help_wanted.waiting_on) == ("done", "rule", DANA)
    assert "was reopened" in asked.help_wanted.reason
    assert open_children(again.state) == (CHILD,)
    ended = again.after(child_ended, CHILD, "completed", None, {"result": "ok"}, (), 1, by=MACHINE)
    ended.when(child_reopened, CHILD, 1, by=MACHINE).then_types()
    ended.when(child_reopened, CHILD, 2, by=MACHINE).then_types(
        "child_run_reopened", "help_requested", "action_queued"
    )


def test_what_a_reopened_child_brings_is_compared_with_what_was_taken():
    """The same outputs end the question; others are named, also when somebody has said that no help is needed."""
    again = heard().after(child_reopened, CHILD, 1, by=MACHINE)
    same = (child_ended, CHILD, "completed", None, {"result": "ok"}, (BO,), 1)
    done = again.when(*same, by=MACHINE).then_types("child_run_ended", "help_cleared")
    assert done.state.step("check").doers == (MACHINE, BO)
    for before in (again, again.after(clear_help, "check")):
        other = before.when(child_ended, CHILD, "completed", None, {"result": "no"}, (), 1, by=MACHINE)
        asked = other.then_types("child_run_ended", "help_requested", "action_queued").state
        assert "(result)" in asked.step("check").help_wanted.reason
        assert asked.values["check.result"] == "ok"
    early = again.when(child_ended, CHILD, "ended_early", "stopped", {"result": "ok"}, (), 1, by=MACHINE)
    assert (
        "(outcome)"
        in early.then_types("child_run_ended", "help_requested", "action_queued")
        .state.step("check")
        .help.reason
    )
    gone = again.when(child_ended, CHILD, "cancelled", None, None, (), 1, by=MACHINE)
    gone.then_types("child_run_ended", "help_requested", "action_queued")


def taken_up(story: Story) -> UUID | None:
    """The child that the step of this story takes up when it is reopened."""
    assert story.definition is not None
    found = child_to_take_up(story.state, story.definition, StepKey("check"))
    return None if found is None else found.child


def test_a_reopened_step_takes_up_the_child_that_was_reopened():
    """It waits for that child in its new round, and is done with what that brings; otherwise it starts another."""
    again = heard().after(child_reopened, CHILD, 1, by=MACHINE).after(reopen_step, "check", "take it anew")
    assert again.state.step("check").help_wanted is None
    assert taken_up(again) == CHILD
    again = again.after(start_action, "check", 2, "run", key="k", by=MACHINE)
    again = again.when(child_started, "check", 2, CHILD, "kyc", by=MACHINE).then_types(
        "child_run_started", "action_succeeded"
    )
    assert taken_up(again) is None
    ended = again.when(child_ended, CHILD, "completed", None, {"result": "no"}, (), 1, by=MACHINE)
    done = ended.then_types("child_run_ended", "step_completed", "step_became_ready")
    assert done.state.values["check.result"] == "no"
    assert taken_up(heard().after(reopen_step, "check", "look again")) is None


def test_a_cancelled_child_that_is_reopened_is_waited_for_again():
    """The question what to do instead is over, and the child's end completes the step."""
    story = parent().after(child_ended, CHILD, "cancelled", by=MACHINE)
    again = story.when(child_reopened, CHILD, 1, by=MACHINE).then_types(
        "child_run_reopened", "incident_resolved"
    )
    again.when(child_ended, CHILD, "completed", None, {"result": "ok"}, (), 1, by=MACHINE).then_types(
        "child_run_ended", "step_completed", "run_completed"
    )


def test_a_reopened_child_that_another_stands_in_for_is_only_noted():
    """Neither its going on nor its end touches a step that waits for a later child, or a run that has ended."""
    story = parent().after(child_ended, CHILD, "cancelled", by=MACHINE)
    story = story.after(retry_incident, incident(story)).after(
        start_action, *NAME, "run", key="l", by=MACHINE
    )
    story = story.after(child_started, *NAME, UUID(int=6), "kyc", by=MACHINE)
    again = story.when(child_reopened, CHILD, 1, by=MACHINE).then_types("child_run_reopened")
    again.when(child_ended, CHILD, "completed", None, {"result": "x"}, (), 1, by=MACHINE).then_types(
        "child_run_ended"
    )
    over = parent().after(child_ended, CHILD, "completed", None, {"result": "ok"}, by=MACHINE)
    over.when(child_reopened, CHILD, 1, by=MACHINE).then_types("child_run_reopened")


def test_who_asked_for_other_help_is_not_talked_over():
    """Help that somebody waits for at the step stays as it was asked for."""
    asked = HelpRequested(step="check", reason="where is the form?", by=BO, at=NINE)
    story = heard().given(asked)
    story.when(child_reopened, CHILD, 1, by=MACHINE).then_types("child_run_reopened")


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
        directory=EVERYBODY,
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
