"""Promises about approvals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from domain.definition import Definition
from domain.directory import Directory, GroupFacts
from domain.migration import migrate_run
from domain.run import (
    add_evidence,
    assign_step,
    change_inputs,
    complete_step,
    give_approval,
    refuse_approval,
    reopen_step,
    save_values,
    skip_step,
)
from domain.run import start_run as start
from domain.words import Assignee
from tests.domain.documents import run_of, step
from tests.support.given import BO, DANA, Story
from tests.support.people import welcoming

MAX = "person:max"


def review(approval: dict[str, Any] | None = None, **more: Any) -> Story:
    """A run whose draft is done (by Dana) and waits for a review; publication follows."""
    return (
        run_of(
            step("draft"),
            step("check", ["draft"]),
            step("review", ["check"], kind="approval", approval=approval or {"covers": ["draft"]}, **more),
            step("publish", ["review"]),
        )
        .after(start)
        .after(complete_step, "draft")
        .after(complete_step, "check", by=MAX)
    )


def test_an_approval_completes_its_step():
    """One yes is enough where any will do, and what waits goes on."""
    review().when(give_approval, "review", "fine", by=BO).then_types(
        "approval_given", "step_completed", "step_became_ready"
    )


def test_nobody_approves_their_own_work():
    """Who did a covered step may neither approve nor refuse it; with nothing covered, the steps before count."""
    review().when(give_approval, "review", by=DANA).rejected("own_work", steps=["draft"])
    review().when(refuse_approval, "review", "meh", by=DANA).rejected("own_work")
    review({"needs": "any"}).when(give_approval, "review", by=MAX).rejected("own_work", steps=["check"])


def test_who_saved_values_did_the_work_too():
    """Giving values that somebody else submits is work on the step."""
    field = {"key": "text", "title": "Text", "kind": "text"}
    story = run_of(
        step("draft", kind="form", fields=[field]),
        step("review", kind="approval", approval={"covers": ["draft"]}),
    ).after(start)
    story = story.after(save_values, "draft", {"text": "mine"}, by=BO).after(complete_step, "draft")
    story.when(give_approval, "review", by=BO).rejected("own_work")


TEXT = {"key": "text", "title": "Text", "kind": "text"}
RESULT = {"key": "result", "title": "Result", "kind": "text"}
VERDICT = {
    "key": "verdict", "title": "Verdict", "kind": "choice", "choices": ["pass", "stop"], "required": True,
}  # fmt: skip


def test_what_somebody_gave_in_an_earlier_round_is_theirs():
    """Evidence is kept over rounds, so who gave it does not judge it when somebody else only completes the step."""
    story = review().after(refuse_approval, "review", "typos", by=BO)
    story = story.after(complete_step, "draft", by=BO)
    story.when(give_approval, "review", by=DANA).rejected("own_work", steps=["draft"])
    story.when(give_approval, "review", by=BO).rejected("own_work", steps=["draft"])
    story.when(give_approval, "review", by=MAX).then_types(
        "approval_given", "step_completed", "step_became_ready"
    )


def test_a_first_approval_is_about_the_inputs():
    """Who started the run or changed its inputs does not approve them; new values that came with a refusal are none."""
    asked = {"on_refusal": {"requires": ["inputs.go_live"]}}
    story = run_of(step("allow", kind="approval", approval=asked)).after(start)
    story.when(give_approval, "allow").rejected("own_work", steps=["inputs"])
    story.after(change_inputs, {"plan": "large"}, by=BO).when(give_approval, "allow", by=BO).rejected(
        "own_work"
    )
    later = story.after(refuse_approval, "allow", "too early", {"go_live": "2026-05-01"}, by=BO)
    later.when(give_approval, "allow", by=BO).then_types("approval_given", "step_completed", "run_completed")


def test_what_stands_between_the_work_and_its_approval_is_looked_through():
    """Neither a wait nor another approval nor a step that was skipped makes the work before it somebody else's."""
    story = run_of(
        step("draft"),
        step("heard", ["draft"], kind="wait", wait={"event": "heard"}),
        step("aside", ["heard"]),
        step("first", ["aside"], kind="approval"),
        step("second", ["first"], kind="approval"),
    ).after(start)
    story = story.after(complete_step, "draft").after(skip_step, "aside", "no need", by=MAX)
    story = story.after(complete_step, "heard", by="system:milepost").after(give_approval, "first", by=BO)
    story.when(give_approval, "second", by=DANA).rejected("own_work", steps=["draft"])
    story.when(give_approval, "second", by=BO).rejected("own_work", steps=["first"])
    story.when(give_approval, "second", by=MAX).rejected("own_work", steps=["aside"])
    story.when(give_approval, "second", by="person:hal").then_types(
        "approval_given", "step_completed", "run_completed"
    )


def test_who_skipped_a_covered_step_decided_about_it():
    """Whoever set aside what an approval is about neither gives nor refuses it, covered or found before it."""
    covered = run_of(
        step("draft"),
        step("check"),
        step("review", kind="approval", approval={"covers": ["draft", "check"]}),
    ).after(start)
    covered = covered.after(complete_step, "draft").after(skip_step, "check", "no need", by=MAX)
    refused = covered.when(give_approval, "review", by=MAX).rejected("own_work", steps=["check"])
    assert "check was skipped by person:max" in refused.detail
    covered.when(refuse_approval, "review", "meh", by=MAX).rejected("own_work")
    covered.when(assign_step, "review", MAX).rejected("own_work")
    covered.when(give_approval, "review", by=BO).then_types(
        "approval_given", "step_completed", "run_completed"
    )
    bare = run_of(step("draft"), step("check", ["draft"]), step("review", ["check"], kind="approval"))
    bare = bare.after(start).after(complete_step, "draft").after(skip_step, "check", "no need", by=MAX)
    bare.when(give_approval, "review", by=MAX).rejected("own_work", steps=["check"])
    bare.when(give_approval, "review", by=DANA).rejected("own_work", steps=["draft"])
    bare.after(give_approval, "review", by=BO)


def test_a_skip_by_the_timer_is_nobodys_and_one_that_is_taken_back_is_over():
    """What time set aside is anybody's to judge; who skipped what was done after all judges the work of who did it."""
    story = run_of(step("draft"), step("review", ["draft"], kind="approval")).after(start)
    timed = story.after(skip_step, "draft", "nobody answered", by="system:milepost")
    assert timed.after(give_approval, "review", by=MAX).state.step("review").state == "done"
    again = story.after(skip_step, "draft", "no need", by=MAX).after(reopen_step, "draft", "needed after all")
    again = again.after(complete_step, "draft", by=DANA).after(give_approval, "review", by=MAX)
    assert again.state.step("review").state == "done"


def test_who_was_given_an_approval_of_a_group_may_give_it():
    """A group's approval that somebody gave to a person outside it, because nobody in it may judge, is theirs."""
    house = welcoming(Directory(groups={Assignee("group:legal"): GroupFacts("Legal", (Assignee(DANA),))}))
    story = replace(review(), directory=house).after(assign_step, "review", Assignee("group:legal"))
    story.when(give_approval, "review", by=BO).rejected("not_a_member")
    story = story.after(assign_step, "review", Assignee(BO))
    story.when(give_approval, "review", by=MAX).rejected("not_a_member")
    story = story.after(give_approval, "review", by=BO)
    assert story.state.step("review").state == "done"


def test_who_approved_a_step_does_not_skip_it_afterwards():
    """A step that is opened again under an approval that is kept is not set aside by who gave that approval."""
    story = run_of(step("draft"), step("review", ["draft"], kind="approval"), step("publish", ["review"]))
    story = story.after(start).after(complete_step, "draft").after(give_approval, "review", by=BO)
    story = story.after(reopen_step, "draft", "a typo")
    story.when(skip_step, "draft", "no need", by=BO).rejected("own_work", steps=["review"])
    story.when(skip_step, "draft", "no need", by=MAX).then_types(
        "step_skipped", "step_reopened", "decision_voided", "step_became_ready", "step_relocked"
    )


def test_the_judged_fill_in_nothing_of_the_judgment():
    """Values of an approval are not saved by who did the work, whoever approves then."""
    story = review(fields=[RESULT])
    story.when(save_values, "review", {"result": "fine"}, by=DANA).rejected("own_work")


def test_who_approved_does_not_do_the_work_afterwards():
    """A step that is opened again under an approval that is kept is not done by who gave that approval."""
    story = run_of(
        step("draft", kind="form", fields=[TEXT]),
        step("review", kind="approval", approval={"covers": ["draft"]}),
        step("publish", ["review"]),
    ).after(start)
    story = story.after(complete_step, "draft").after(give_approval, "review", by=BO)
    story.when(add_evidence, "draft", {"text": "mine"}, by=BO).rejected("own_work", steps=["review"])
    again = story.after(reopen_step, "draft", "a typo", by=BO)
    again.when(complete_step, "draft", by=BO).rejected("own_work", steps=["review"])
    again.when(assign_step, "draft", BO).rejected("own_work")
    again.after(complete_step, "draft", by=MAX)
    both = story.after(reopen_step, "draft", "a typo", "reopen", by=BO).after(complete_step, "draft", by=BO)
    both.when(give_approval, "review", by=BO).rejected("own_work", steps=["draft"])


def test_agreement_does_not_outlive_what_was_agreed_to():
    """When a step is done again everybody who has to agree is asked anew."""
    story = review({"covers": ["draft"], "needs": 2}).after(give_approval, "review", by=BO)
    story = story.after(reopen_step, "draft", "a typo").after(complete_step, "draft")
    assert (story.state.step("review").round, story.state.step("review").approvals) == (2, ())
    story.when(give_approval, "review", by=MAX).then_types("approval_given")


def test_agreement_of_who_worked_on_it_since_does_not_count():
    """Whoever agreed and then gave a value, or did what a newer version covers too, has not agreed as somebody else."""
    given = {"covers": ["draft"], "needs": 2}
    parts = [step("draft", kind="form", fields=[TEXT]), step("check"), step("review", kind="approval")]
    story = run_of(*({**part, "stage": "work"} for part in [*parts[:2], {**parts[2], "approval": given}]))
    story = story.after(start).after(complete_step, "draft").after(complete_step, "check", by=BO)
    story = story.after(give_approval, "review", by=BO)
    more = story.after(add_evidence, "draft", {"text": "mine"}, by=BO)
    more.when(give_approval, "review", by=MAX).then_types("approval_given")
    assert story.definition is not None
    wider = story.definition.document.model_dump(mode="json", exclude_unset=True)
    wider["stages"][0]["steps"][2]["approval"]["covers"] = ["draft", "check"]
    new = Definition.load("sale", 2, wider)
    leave = {"content": "leave"}
    moved = story.given(
        migrate_run(
            story.state,
            story.definition,
            new,
            leave,
            by=DANA,
            at=story.at,
            calendar=story.calendar,
            directory=story.directory,
        )
    )
    assert moved.state.step("review").approvals == (BO,)
    replace(moved, definition=new).when(give_approval, "review", by=MAX).then_types("approval_given")


def test_an_approval_is_not_completed():
    """Completing an approval says how it is done instead."""
    review().when(complete_step, "review").rejected("approval_step", accepted=["approve", "refuse"])
    review().when(give_approval, "publish").rejected("not_an_approval")


def test_n_people_have_to_agree():
    """The step is done when as many different people agreed as the process wants."""
    story = (
        review({"covers": ["draft"], "needs": 2})
        .when(give_approval, "review", by=BO)
        .then_types("approval_given")
    )
    story.when(give_approval, "review", by=MAX).then_types(
        "approval_given", "step_completed", "step_became_ready"
    )


def test_a_refusal_reopens_exactly_the_named_steps():
    """The named steps are done again in a new round with their evidence kept; the approval waits for them."""
    story = review({"covers": ["draft"], "on_refusal": {"reopens": ["draft"]}})
    story.when(refuse_approval, "review", "", by=BO).rejected("reason_required")
    story = story.when(refuse_approval, "review", "typos", by=BO).then_types(
        "approval_refused", "step_reopened", "step_evidence_questioned", "step_relocked", "step_became_ready"
    )
    states = {
        key: (story.state.step(key).state, story.state.step(key).round)
        for key in ("draft", "check", "review")
    }
    assert states == {"draft": ("ready", 2), "check": ("done", 1), "review": ("locked", 2)}
    story = story.when(complete_step, "draft").then_types("step_completed", "step_became_ready")
    story.when(give_approval, "review", by=BO).then_types(
        "approval_given", "step_completed", "step_became_ready"
    )


def test_a_refusal_can_end_the_run():
    """Where the process says so a refusal fails the gate and ends the run."""
    story = review({"covers": ["draft"], "on_refusal": {"ends_run": "Not cleared"}})
    story = story.when(refuse_approval, "review", "no", by=BO).then_types(
        "approval_refused", "step_failed", "run_ended_early"
    )
    assert story.state.outcome == "Not cleared"


def test_a_refusal_can_demand_new_values():
    """A no-go is only taken together with a new date; the decision is then asked for again."""
    due = {"anchor": {"field": "inputs.go_live"}, "offset": -1}
    story = review({"on_refusal": {"requires": ["inputs.go_live"]}}, due=due)
    story.when(refuse_approval, "review", "not ready", by=BO).rejected("invalid_values")
    story = story.when(refuse_approval, "review", "not ready", {"go_live": "2026-04-01"}, by=BO).then_types(
        "approval_refused", "run_inputs_changed", "step_relocked", "step_became_ready"
    )
    assert (story.state.step("review").round, story.state.inputs["go_live"]) == (2, "2026-04-01")


def test_a_step_can_demand_another_actor():
    """Who did the other step cannot do this one."""
    story = review({"covers": ["check"]}, actor_differs_from=["draft"])
    story.when(give_approval, "review", by=DANA).rejected("same_actor", steps=["draft"])


def test_two_steps_want_two_people_in_either_order_and_in_part():
    """Neither who does the other step later, nor who only fills in what another completes, is the same person."""
    count = step("count", kind="form", fields=[TEXT], actor_differs_from=["first"])
    story = run_of(step("first"), count).after(start)
    story.after(complete_step, "first").when(save_values, "count", {"text": "7"}, by=DANA).rejected(
        "same_actor"
    )
    story = story.after(save_values, "count", {"text": "7"}, by=BO)
    story.when(complete_step, "first", by=BO).rejected("same_actor", steps=["count"])


def test_an_approval_with_fields_wants_them_filled():
    """Values of an approval are given with it or saved before; the outcome is what its field says."""
    story = review(fields=[VERDICT], outcome_from="verdict")
    story.when(give_approval, "review", by=BO).rejected("invalid_values")
    story.when(give_approval, "review", None, {"verdict": "perhaps"}, by=BO).rejected("invalid_values")
    saved = story.after(save_values, "review", {"verdict": "pass"}, by=BO).after(
        give_approval, "review", by=BO
    )
    given = story.when(give_approval, "review", "fine", {"verdict": "pass"}, by=BO).then_types(
        "step_values_saved", "approval_given", "step_completed", "step_became_ready"
    )
    for told in (saved, given):
        assert told.state.step("review").outcome == "pass"
        assert told.state.values["review.verdict"] == "pass"
    given.when(give_approval, "review", None, {"verdict": "stop"}, by=BO).rejected(
        "already_done", differing=["verdict"]
    )


def test_of_several_who_agree_each_may_give_values():
    """The first one's values count for the second; what somebody adds after their own yes is kept too."""
    story = review({"covers": ["draft"], "needs": 2}, fields=[VERDICT, RESULT])
    story = story.when(give_approval, "review", None, {"verdict": "pass"}, by=BO).then_types(
        "step_values_saved", "approval_given"
    )
    story = story.when(give_approval, "review", None, {"result": "fine"}, by=BO).then_types(
        "step_values_saved"
    )
    story = story.after(give_approval, "review", by=MAX)
    assert story.state.values["review.result"] == "fine"


def test_a_refusal_keeps_what_was_given_with_it():
    """The approval's own fields are part of the decision, whatever the refusal does; other fields are not asked for."""
    for refusal in (
        {"reopens": ["draft"]},
        {"ends_run": "Not cleared"},
        {"requires": ["inputs.go_live"]},
        None,
    ):
        story = review({"covers": ["draft"], "on_refusal": refusal}, fields=[VERDICT])
        more = {"inputs.go_live": "2026-04-01"} if refusal and "requires" in refusal else {}
        told = story.when(refuse_approval, "review", "not yet", {"verdict": "stop", **more}, by=BO).events()
        assert [event.type for event in told][:2] == ["step_values_saved", "approval_refused"]
        after = story.given(told)
        assert after.state.step("review").draft == {"verdict": "stop"}
        story.when(refuse_approval, "review", "no", {"verdict": "perhaps", **more}, by=BO).rejected(
            "invalid_values"
        )
    foreign = review().when(refuse_approval, "review", "no", {"inputs.plan": "large"}, by=BO)
    assert foreign.rejected("invalid_values").facts["problems"][0]["problem"] == "unknown_field"
