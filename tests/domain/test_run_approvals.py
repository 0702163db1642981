"""Promises about approvals."""

from __future__ import annotations

from typing import Any

from domain.run import complete_step, give_approval, refuse_approval, save_values
from domain.run import start_run as start
from tests.domain.documents import run_of, step
from tests.support.given import BO, DANA, Story

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


def test_an_approval_with_fields_wants_them_filled():
    """Values of an approval are saved before; the outcome is what its field says."""
    field = {
        "key": "result",
        "title": "Result",
        "kind": "choice",
        "choices": ["pass", "stop"],
        "required": True,
    }
    story = review(fields=[field], outcome_from="result")
    story.when(give_approval, "review", by=BO).rejected("invalid_values")
    story = story.after(save_values, "review", {"result": "pass"}, by=BO).after(
        give_approval, "review", by=BO
    )
    assert story.state.step("review").outcome == "pass"
