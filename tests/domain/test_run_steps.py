"""Promises about doing the steps of a run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.events import RunCompleted, StepBecameReady, StepCompleted
from domain.run import (
    assign_role,
    assign_step,
    cancel_run,
    clear_help,
    complete_by_hand,
    complete_step,
    decline_signature,
    pause_run,
    record_overdue,
    reopen_step,
    request_help,
    resume_run,
    save_values,
    set_step_due,
    skip_step,
    start_step,
)
from domain.run import start_run as start
from tests.domain.documents import run_of, step
from tests.support.given import BO, DANA, NINE, Story


def pair() -> Story:
    """A run of two steps, one after the other, that has just started."""
    return run_of(step("first"), step("second", ["first"])).after(start)


def with_form() -> Story:
    """A started run of one form."""
    fields = [
        {"key": "goal", "title": "Goal", "kind": "text", "required": True},
        {"key": "size", "title": "Size", "kind": "number", "minimum": 1, "required": True},
        {"key": "note", "title": "Note", "kind": "text"},
    ]
    return run_of(step("form", kind="form", fields=fields), step("after", ["form"])).after(start)


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u00a0", "\u200b"])
def test_a_required_text_is_one_that_is_seen(blank: str):
    """Blanks are no answer: neither when the step is completed nor when they were saved before."""
    refusal = with_form().when(complete_step, "form", {"goal": blank, "size": 2}).rejected("invalid_values")
    assert [(each["field"], each["problem"]) for each in refusal.facts["problems"]] == [("goal", "required")]
    saved = with_form().after(save_values, "form", {"goal": blank, "size": 2})
    saved.when(complete_step, "form").rejected("invalid_values")
    saved.when(complete_step, "form", {"goal": f"{blank}x"}).then_types("step_completed", "step_became_ready")


def test_a_done_step_announces_what_waited_for_it():
    """Completing a step makes its dependents ready, with the cause, once."""
    pair().when(complete_step, "first").then(
        StepCompleted(step="first", by=DANA, at=NINE),
        StepBecameReady(step="second", cause="rule", by=DANA, at=NINE),
    )


def test_the_last_step_completes_the_run():
    """A run ends when its last required step does."""
    pair().after(complete_step, "first").when(complete_step, "second").then(
        StepCompleted(step="second", by=DANA, at=NINE),
        RunCompleted(by=DANA, at=NINE),
    )


def test_a_locked_step_says_what_it_waits_for():
    """Completing a locked step is refused with the steps it waits for."""
    pair().when(complete_step, "second").rejected("step_locked", waits_for=["first"])


def test_an_unknown_step_is_refused():
    """A step that the process does not have cannot be done."""
    pair().when(complete_step, "third").rejected("unknown_step")


def test_all_problems_of_a_form_are_said_at_once():
    """Missing, wrong and unknown values come back together, and nothing is recorded."""
    refusal = with_form().when(complete_step, "form", {"size": "big", "shape": 1}).rejected("invalid_values")
    assert {problem["field"] for problem in refusal.facts["problems"]} == {"size", "shape"}
    refusal = with_form().when(complete_step, "form", {"note": "x"}).rejected("invalid_values")
    assert {problem["field"] for problem in refusal.facts["problems"]} == {"goal", "size"}


def test_saved_values_count_when_the_step_is_completed():
    """What was saved need not be given again; saving the same twice records it once."""
    story = with_form().when(save_values, "form", {"goal": "grow", "size": 3}).then_types("step_values_saved")
    story = story.when(complete_step, "form").then_types("step_completed", "step_became_ready")
    assert story.state.values["form.goal"] == "grow"


def test_other_values_for_a_done_step_are_not_dropped_silently():
    """Completing a done step again with other values is refused; with the same values it changes nothing."""
    story = with_form().after(complete_step, "form", {"goal": "grow", "size": 3})
    assert story.when(complete_step, "form", {"goal": "grow"}).events() == []
    story.when(complete_step, "form", {"goal": "shrink"}).rejected("already_done", differing=["goal"])


def test_a_started_step_is_started_once():
    """Starting is recorded once and only for a step that is ready."""
    pair().when(start_step, "first").then_types("step_started")
    pair().when(start_step, "second").rejected("step_locked")


def test_a_false_condition_sets_a_step_and_what_only_waits_for_it_aside():
    """A step whose condition is false satisfies those that wait for it, however long the chain."""
    large = {"field": "inputs.plan", "operator": "equals", "value": "large"}
    story = run_of(
        step("first"), step("a", ["first"], when=large), step("b", ["a"], when=large), step("last", ["b"])
    ).after(start, inputs={"plan": "small"})
    story.when(complete_step, "first").then_types(
        "step_completed", "step_became_not_applicable", "step_became_not_applicable", "step_became_ready"
    )


def test_a_skip_needs_a_reason_and_lets_the_run_go_on():
    """Skipping is a decision with a reason; it satisfies what waits for the step."""
    pair().when(skip_step, "first", " ").rejected("reason_required")
    pair().when(skip_step, "first", "done by phone").then_types("step_skipped", "step_became_ready")


def test_reopening_locks_untouched_dependents_and_marks_done_ones():
    """Dependents that nobody finished wait again; what is done stays and is marked, or is reopened when asked."""
    chain = run_of(step("a"), step("b", ["a"]), step("c", ["b"]), step("d", ["a"])).after(start)
    chain = chain.after(complete_step, "a").after(complete_step, "b")
    kept = chain.when(reopen_step, "a", "wrong data").then_types(
        "step_reopened", "step_evidence_questioned", "step_became_ready", "step_relocked"
    )
    assert [kept.state.step(key).state for key in "abcd"] == ["ready", "done", "ready", "locked"]
    again = chain.when(reopen_step, "a", "wrong data", "reopen").then_types(
        "step_reopened", "step_reopened", "step_became_ready", "step_relocked", "step_relocked"
    )
    assert [again.state.step(key).state for key in "abcd"] == ["ready", "locked", "locked", "locked"]
    assert again.state.step("b").round == 2


def test_an_ended_run_changes_only_by_reopening():
    """After the end nothing is accepted but reopening, which lets the run take work again."""
    ended = pair().after(complete_step, "first").after(complete_step, "second")
    ended.when(skip_step, "second", "late").rejected("run_ended")
    story = ended.when(reopen_step, "second", "not good").then_types(
        "run_reopened", "step_reopened", "step_became_ready"
    )
    assert story.state.state == "running"


def test_cancelling_closes_open_steps():
    """Calling a run off needs a reason, closes what is open, and reopening brings it back."""
    story = pair().when(cancel_run, "no budget").then_types("step_cancelled", "run_cancelled")
    story = story.when(reopen_step, "first", "budget found").then_types(
        "run_reopened", "step_reopened", "step_became_ready"
    )
    assert story.state.step("second").state == "locked"


def test_steps_that_become_ready_during_a_pause_wait_for_its_end():
    """While a run is paused nothing is announced; resuming announces what waited."""
    story = pair().when(pause_run, "holidays").then_types("run_paused")
    story = story.when(complete_step, "first").then_types("step_completed")
    story.when(resume_run).then_types("run_resumed", "step_became_ready")


def test_a_pause_moves_open_dues_by_the_working_time_it_took():
    """Two working days of pause move a due by two working days."""
    story = run_of(step("first", due={"anchor": "run_start", "offset": 1})).after(start)
    before = story.state.step("first").due_at
    story = (
        story.after(pause_run, "holidays")
        .when(resume_run, at=NINE + timedelta(days=2))
        .then_types("run_resumed", "step_due_set")
    )
    assert story.state.step("first").due_at == before + timedelta(days=2)


def test_a_manual_due_wins_over_the_rule():
    """A due set by hand stays when anchors move, and None gives the step back to its rule."""
    story = run_of(step("first", due={"anchor": "run_start", "offset": 1})).after(start)
    ruled = story.state.step("first").due_at
    story = story.when(set_step_due, "first", NINE + timedelta(days=9)).then_types("step_due_set")
    assert (story.state.step("first").due_source, story.state.step("first").due_moves) == ("manual", 1)
    story = story.when(set_step_due, "first", None).then_types("step_due_set")
    assert story.state.step("first").due_at == ruled


def test_a_due_is_overdue_once():
    """Passing a due is recorded once per due, and not before it passed."""
    story = run_of(step("first", due={"anchor": "run_start", "offset": 1})).after(start)
    assert story.when(record_overdue, "first").events() == []
    late = NINE + timedelta(days=5)
    story = story.when(record_overdue, "first", at=late).then_types("step_became_overdue")
    story = story.after(set_step_due, "first", NINE + timedelta(days=3))
    story.when(record_overdue, "first", at=late).then_types("step_became_overdue")


def test_help_is_asked_for_and_cleared():
    """Help on a step is recorded once and cleared once."""
    story = pair().when(request_help, "first", "no access", "IT").then_types("help_requested")
    story.when(clear_help, "first", "solved").then_types("help_cleared")


def test_help_ends_with_its_step():
    """A step that ended needs no help; done again it can ask for the same once more."""
    done = pair().after(request_help, "first", "no access", "IT").after(complete_step, "first")
    done.when(clear_help, "first").then_types()
    done.when(request_help, "first", "no access", "IT").rejected("step_ended")
    again = done.after(reopen_step, "first", "not all of it")
    again.when(request_help, "first", "no access", "IT").then_types("help_requested")


def test_assigning_a_step_and_a_role():
    """A step can be given to anyone; a role's open steps follow the role unless they were given by hand."""
    story = run_of(step("a", role="helper"), step("b", role="helper"), step("c", ["a"], role="helper")).after(
        start
    )
    story = story.when(assign_step, "b", BO).then_types("step_assigned", "action_queued")
    story.when(assign_step, "b", DANA, " ").rejected("reason_required")
    story.when(assign_step, "b", None).rejected("reason_required")
    story.when(assign_step, "b", DANA, "Bo is away").then_types("step_assigned")
    story = story.when(assign_role, "helper", DANA, "joined").then_types("role_assigned", "step_assigned")
    assert (story.state.step("a").assignee, story.state.step("b").assignee) == (DANA, BO)
    assert story.after(complete_step, "a").state.step("c").assignee == DANA


def test_a_person_in_a_field_fills_a_role():
    """Naming somebody in a form fills the role, and its open steps are theirs."""
    field = {"key": "who", "title": "Who", "kind": "person", "required": True, "sets_role": "helper"}
    story = run_of(step("name", kind="form", fields=[field]), step("work", role="helper")).after(start)
    story = story.when(complete_step, "name", {"who": BO}).then_types(
        "step_completed", "role_assigned", "step_assigned"
    )
    assert story.state.step("work").assignee == BO


def test_a_declined_signature_ends_the_run():
    """Declining fails the step, closes what is open and ends the run with the outcome the process names."""
    story = run_of(
        step("sign", kind="sign", signature={"on_decline": {"ends_run": "Not signed"}}),
        step("other"),
        step("x", ["sign"]),
    ).after(start)
    story = story.when(decline_signature, "sign", "too dear").then_types(
        "step_failed", "step_cancelled", "run_ended_early"
    )
    assert (story.state.state, story.state.outcome) == ("ended_early", "Not signed")


def test_a_test_is_repeated_until_it_is_passed():
    """An attempt that fails the condition is kept and the step is ready again in a new round."""
    score = {"key": "score", "title": "Score", "kind": "number", "required": True}
    passed = {"condition": {"field": "test.score", "operator": "at_least", "value": 80}}
    story = run_of(step("test", kind="form", fields=[score], repeat_until=passed)).after(start)
    story = story.when(complete_step, "test", {"score": 50}).then_only_once(
        "step_completed", "step_reopened", "step_became_ready"
    )
    assert story.state.step("test").round == 2
    story.when(complete_step, "test").rejected("invalid_values")
    story.when(complete_step, "test", {"score": 80}).then_types("step_completed", "run_completed")


def test_conditions_follow_the_values_of_an_attempt_that_is_repeated():
    """What an attempt says counts although it is not the last: steps that no longer wait for it are asked again."""
    score = {"key": "score", "title": "Score", "kind": "number", "required": True}
    passed = {"condition": {"field": "test.score", "operator": "at_least", "value": 80}}
    low = {"field": "test.score", "operator": "less", "value": 80}
    test = step("test", kind="form", fields=[score], repeat_until=passed)
    story = run_of(test, step("talk", ["test"]), step("lesson", ["talk"], when=low)).after(start)
    story = story.after(skip_step, "talk", "no time")
    assert story.state.step("lesson").state == "not_applicable"
    story = story.when(complete_step, "test", {"score": 50}).then_only_once(
        "step_completed", "step_reopened", "step_became_ready", "step_became_applicable", "step_became_ready"
    )
    assert story.state.step("lesson").state == "ready"


def test_an_automatic_step_is_done_by_services_or_by_hand_with_a_reason():
    """A person does not complete an automatic step unless they say why; a service does."""
    story = run_of(step("mail", kind="email")).after(start)
    story.when(complete_step, "mail").rejected("automatic_step")
    story.when(complete_by_hand, "mail", "").rejected("reason_required")
    story.when(complete_by_hand, "mail", "sent from my own mailbox").then_types(
        "step_completed", "action_withdrawn", "run_completed"
    )
    story.when(complete_step, "mail", by="service:mailer").then_types(
        "step_completed", "action_withdrawn", "run_completed"
    )


def test_rules_set_priority_and_ask_for_help():
    """A rule acts when the step is done or ready and its condition holds."""
    risk = {"key": "risk", "title": "Risk", "kind": "choice", "choices": ["low", "high"]}
    high = {"field": "triage.risk", "operator": "equals", "value": "high"}
    story = run_of(
        step(
            "triage", kind="form", fields=[risk], rules=[{"when": high, "then": {"set_priority": "urgent"}}]
        ),
        step(
            "rescue", ["triage"], when=high, rules=[{"on": "ready", "then": {"request_help": "rescue plan"}}]
        ),
    ).after(start)
    story = story.when(complete_step, "triage", {"risk": "high"}).then_types(
        "step_completed", "run_priority_set", "step_became_ready", "help_requested"
    )
    assert story.state.priority == "urgent"


def test_a_condition_that_flips_keeps_the_evidence():
    """A done step that no longer applies keeps its values, and is done again when its condition holds again."""
    size = {"key": "size", "title": "Size", "kind": "number"}
    story = run_of(
        step("ask", kind="form", fields=[size]),
        step("big", ["ask"], when={"field": "ask.size", "operator": "more", "value": 5}),
        step("last", ["big"]),
    ).after(start)
    story = story.after(complete_step, "ask", {"size": 9}).after(complete_step, "big")
    story = (
        story.after(reopen_step, "ask", "wrong")
        .when(complete_step, "ask", {"size": 2})
        .then_types("step_completed", "step_became_not_applicable")
    )
    story = (
        story.after(reopen_step, "ask", "wrong again")
        .when(complete_step, "ask", {"size": 7})
        .then_types("step_completed", "step_became_applicable")
    )
    assert story.state.step("big").state == "done"


def test_the_run_ends_when_the_closing_step_and_all_required_work_are_done():
    """A closed run has nothing required open; open optional work is closed."""
    story = run_of(
        step("work"), step("extra", required=False), step("close", closes_run=True, outcome="accepted")
    ).after(start)
    story = story.when(complete_step, "close").then_types("step_completed")
    story = story.when(complete_step, "work").then_types("step_completed", "step_cancelled", "run_completed")
    assert story.state.outcome == "accepted"


def test_an_outcome_can_come_from_a_field():
    """The named result of a step is the value of the field that the process says."""
    result = {
        "key": "result",
        "title": "Result",
        "kind": "choice",
        "choices": ["good", "bad"],
        "required": True,
    }
    story = run_of(step("check", kind="form", fields=[result], outcome_from="result")).after(start)
    assert story.after(complete_step, "check", {"result": "bad"}).state.step("check").outcome == "bad"
    story.when(complete_step, "check", {"result": "bad"}, "good").rejected("outcome_fixed", accepted="bad")


def test_a_confirmed_input_becomes_the_run_s():
    """A form can correct an input of the run; dues counted from it move, and unchanged it changes nothing."""
    field = {"key": "day", "title": "Day", "kind": "date", "required": True, "sets_input": "go_live"}
    due = {"anchor": {"field": "inputs.go_live"}}
    story = run_of(step("plan", kind="form", fields=[field]), step("work", due=due)).after(
        start, inputs={"go_live": "2026-03-09"}
    )
    story.when(complete_step, "plan", {"day": "2026-03-09"}).then_types("step_completed")
    story.when(complete_step, "plan", {"day": "2026-03-10"}).then_types(
        "step_completed", "run_inputs_changed", "step_due_set"
    )


def test_a_fixed_wait_is_not_shortened_by_a_person():
    """Where the process forbids it nobody ends a wait by hand: neither done nor skipped; its event does."""
    story = run_of(step("wait", kind="wait", wait={"event": "dispute.filed", "fixed": True})).after(start)
    story.when(complete_by_hand, "wait", "in a hurry").rejected("fixed_wait")
    story.when(skip_step, "wait", "in a hurry").rejected("fixed_wait")
    story.when(complete_step, "wait", by="service:vendor").rejected("fixed_wait")
    story.when(complete_step, "wait", by="system:milepost").then_types("step_completed", "run_completed")


def test_who_fills_a_role_fills_the_role_it_becomes():
    """A candidate who becomes the new hire is the same person under both names, also after a change."""
    roles = [
        {"key": "candidate", "title": "Candidate", "guest": True, "becomes": "hire"},
        {"key": "hire", "title": "Hire"},
    ]
    story = run_of(step("work", role="hire"), roles=roles).after(start, roles={"candidate": "guest:ann"})
    assert story.state.step("work").assignee == "guest:ann"
    story.when(assign_role, "candidate", "person:ann").rejected("reason_required")
    story = story.when(assign_role, "candidate", "person:ann", "has an account now").then_types(
        "role_assigned", "role_assigned", "step_assigned"
    )
    assert story.state.step("work").assignee == "person:ann"


def test_optional_work_that_somebody_reopens_is_waited_for():
    """Reopening an optional step of a completed run lets it be done; then the run is complete again."""
    story = run_of(step("work"), step("extra", required=False)).after(start).after(complete_step, "work")
    assert story.state.state == "completed"
    story = story.when(reopen_step, "extra", "after all").then_types(
        "run_reopened", "step_reopened", "step_became_ready"
    )
    story.when(complete_step, "extra").then_types("step_completed", "run_completed")
