"""A decision is of a content: whoever approves or signs is asked anew when what they decided about becomes another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from domain import events as e
from domain.definition import Definition
from domain.migration import migrate_run
from domain.run import (
    add_evidence,
    change_inputs,
    complete_by_hand,
    complete_step,
    give_approval,
    pause_run,
    refuse_approval,
    reopen_step,
    resume_run,
    save_values,
    skip_step,
)
from domain.run.actions import start_action, succeed_action
from domain.run.children import child_ended, child_reopened, child_started
from domain.run.content import content_of
from domain.run.external import receive_event
from domain.words import Actor, StepKey
from tests.domain.documents import run_of, step
from tests.domain.test_run_actions import HTTP, MACHINE, start, the
from tests.domain.test_run_children import CHILD, RUN_IT
from tests.support.given import BO, DANA, Story

ANN, MAX, CRM = Actor("person:ann"), Actor("person:max"), Actor("service:crm")
GUEST = Actor("guest:customer")
PRICE = {"key": "price", "title": "Price", "kind": "money", "unit": "EUR"}
NOTE = {"key": "note", "title": "Note", "kind": "text"}
RESULT = {"key": "result", "title": "Result", "kind": "choice", "choices": ["pass", "stop"]}
COMMENT = {"key": "comment", "title": "Comment", "kind": "long_text"}
MAIL = {"to": ["a@example.com"], "subject": "{offer.price}", "body": "The price is {offer.price}."}
OFFER = step("offer", kind="form", fields=[PRICE, NOTE])


def offered(*more: dict[str, Any], approval: dict[str, Any] | None = None, **parts: Any) -> Story:
    """A run in which Ann offered 100 and Bo has approved it."""
    review = step("review", ["offer"], kind="approval", approval=approval or {"covers": ["offer"]}, **parts)
    story = run_of(OFFER, review, *more).after(start)
    return story.after(complete_step, "offer", {"price": 100}, by=ANN).after(give_approval, "review", by=BO)


def sold() -> Story:
    """The same, with a task and a mail behind it."""
    return offered(
        step("task", ["review"]), step("mail", ["task"], kind="email", email=MAIL), step("last", ["mail"])
    )


def redone(story: Story, **values: Any) -> Story:
    """The offer is opened again by Ann alone, and completed with these values."""
    return story.after(reopen_step, "offer", "a typo", by=ANN).after(complete_step, "offer", values, by=ANN)


def state(story: Story, *keys: str) -> tuple[str, ...]:
    """How these steps stand."""
    return tuple(story.state.step(StepKey(key)).state for key in keys)


def seen(story: Story, key: str = "review") -> str:
    """The hash of what somebody has in view at a step."""
    assert story.definition is not None
    return content_of(story.state, story.definition, StepKey(key)).sha256


# --- an approval is of what was shown ---


def test_an_approval_is_of_what_was_shown():
    """Another price than the one that was approved is asked for anew, and nothing behind it goes on meanwhile."""
    story = sold()
    before = story.state.step(StepKey("review")).decided
    story = story.after(reopen_step, "offer", "a typo", by=ANN)
    assert state(story, "offer", "review", "task") == ("ready", "done", "ready")
    story = story.when(complete_step, "offer", {"price": 9_999}, by=ANN).then_types(
        "step_completed", "step_reopened", "decision_voided", "step_became_ready", "step_relocked"
    )
    assert state(story, "review", "task", "mail") == ("ready", "locked", "locked")
    review = story.state.step(StepKey("review"))
    assert (review.round, review.approvals, review.decided) == (2, (), None)
    asked = review.asked_anew
    assert asked is not None
    assert (asked.changed, asked.decided_sha256, asked.present_sha256) == (
        ("offer.price",),
        before,
        seen(story),
    )
    again = story.after(give_approval, "review", by=BO)
    assert (again.state.step(StepKey("review")).asked_anew, state(again, "task")) == (None, ("ready",))


def test_a_voided_decision_names_what_changed_and_no_value():
    """The event holds paths and hashes; the step says in words why it is asked for again."""
    story = sold().after(reopen_step, "offer", "a typo", by=ANN)
    told = story.when(complete_step, "offer", {"price": 9_999}, by=ANN).events()
    [voided] = [event for event in told if isinstance(event, e.DecisionVoided)]
    [opened] = [event for event in told if isinstance(event, e.StepReopened)]
    assert (voided.step, voided.round, voided.changed) == ("review", 2, ("offer.price",))
    assert (opened.round, opened.reason) == (2, "what it was about has changed: Price (offer)")
    assert "9999" not in voided.model_dump_json() + opened.model_dump_json()


@pytest.mark.parametrize("price", [100, 100.0])
def test_the_same_content_leaves_the_decision_standing(price: float):
    """An offer that is opened again and completed with equal values was approved as it is."""
    story = redone(sold(), price=price, note="")
    assert state(story, "review", "task") == ("done", "ready")
    assert story.state.step(StepKey("review")).decided == seen(story)


def test_the_hash_does_not_depend_on_how_a_content_came_about():
    """Given at once, in parts or in another order, as 100 or 100.0: it is the same content; another value is not."""
    story = run_of(OFFER, step("review", ["offer"], kind="approval", approval={"covers": ["offer"]})).after(
        start
    )
    once = story.after(complete_step, "offer", {"price": 100, "note": "x"}, by=ANN)
    parts = story.after(save_values, "offer", {"note": "x"}, by=DANA)
    parts = parts.after(complete_step, "offer", {"price": 100.0}, by=ANN)
    assert seen(once) == seen(parts)
    assert seen(once) != seen(story.after(complete_step, "offer", {"price": 101, "note": "x"}, by=ANN))


# --- every way in which a value changes ---


def _redone() -> Story:
    return redone(offered(step("last", ["review"])), price=9_999)


def _evidence() -> Story:
    return offered(step("last", ["review"])).after(add_evidence, "offer", {"note": "plus travel"}, by=ANN)


def _skipped() -> Story:
    story = offered(step("last", ["review"])).after(reopen_step, "offer", "not needed", by=ANN)
    return story.after(skip_step, "offer", "no offer", by=ANN)


def _inputs() -> Story:
    story = run_of(step("review", kind="approval"), step("last", ["review"])).after(start)
    return story.after(give_approval, "review", by=BO).after(change_inputs, {"plan": "large"}, by=ANN)


def _shown_inputs() -> Story:
    shows = step("offer", kind="form", fields=[PRICE], shows_inputs=True)
    review = step("review", ["offer"], kind="approval", approval={"covers": ["offer"]})
    story = run_of(shows, review, step("last", ["review"])).after(start).after(complete_step, "offer", by=ANN)
    return story.after(give_approval, "review", by=BO).after(change_inputs, {"plan": "large"}, by=ANN)


def _sets_input() -> Story:
    plan = {
        "key": "plan",
        "title": "Plan",
        "kind": "choice",
        "choices": ["small", "large"],
        "sets_input": "plan",
    }
    story = run_of(
        step("review", kind="approval"), step("form", kind="form", fields=[plan]), step("last", ["review"])
    ).after(start)
    return story.after(give_approval, "review", by=BO).after(complete_step, "form", {"plan": "large"}, by=ANN)


def _sets_a_covered_input() -> Story:
    """An input that a covered step confirmed is changed behind its back."""
    plan = {
        "key": "plan",
        "title": "Plan",
        "kind": "choice",
        "choices": ["small", "large"],
        "sets_input": "plan",
    }
    review = step("review", ["offer"], kind="approval", approval={"covers": ["offer"]})
    story = run_of(step("offer", kind="form", fields=[plan]), review, step("last", ["review"])).after(start)
    story = story.after(complete_step, "offer", {"plan": "small"}, by=ANN).after(
        give_approval, "review", by=BO
    )
    return story.after(change_inputs, {"plan": "large"}, by=ANN)


def _required_with_a_refusal() -> Story:
    asked = step("other", kind="approval", approval={"on_refusal": {"requires": ["inputs.go_live"]}})
    story = run_of(step("review", kind="approval"), asked, step("last", ["review"])).after(start)
    story = story.after(give_approval, "review", by=BO)
    return story.after(refuse_approval, "other", "too early", {"go_live": "2026-05-01"}, by=MAX)


def _called() -> Story:
    call = step("offer", kind="http", http={**HTTP, "outputs": {"price": "price"}}, fields=[PRICE])
    review = step("review", ["offer"], kind="approval", approval={"covers": ["offer"]})
    story = run_of(call, review, step("last", ["review"])).after(start)
    for number, price in ((1, 100), (2, 9_999)):
        if number == 2:
            story = story.after(give_approval, "review", by=BO).after(reopen_step, "offer", "again", by=ANN)
        action = ("offer", number, "http")
        story = story.after(start_action, *action, key=str(number), by=MACHINE)
        story = story.after(succeed_action, *action, "answered", None, {"price": price}, by=MACHINE)
    return story


def _by_hand() -> Story:
    call = step("offer", kind="http", http={**HTTP, "outputs": {"price": "price"}}, fields=[PRICE])
    review = step("review", ["offer"], kind="approval", approval={"covers": ["offer"]})
    story = run_of(call, review, step("last", ["review"])).after(start)
    story = story.after(complete_by_hand, "offer", "asked by phone", {"price": 100}, by=ANN)
    story = story.after(give_approval, "review", by=BO).after(reopen_step, "offer", "again", by=ANN)
    return story.after(complete_by_hand, "offer", "asked again", {"price": 9_999}, by=ANN)


def _heard() -> Story:
    wait = step("offer", kind="wait", wait={"event": "offered"}, fields=[PRICE])
    review = step("review", ["offer"], kind="approval", approval={"covers": ["offer"]})
    story = run_of(wait, review, step("last", ["review"])).after(start)
    story = story.after(receive_event, "offered", "1", {"price": 100}, by=CRM).after(
        give_approval, "review", by=BO
    )
    return story.after(reopen_step, "offer", "again").after(
        receive_event, "offered", "2", {"price": 9_999}, by=CRM
    )


def _looked_through() -> Story:
    """What a machine brought between the work and an approval that names nothing is part of what it is about."""
    call = step("call", ["offer"], kind="http", http={**HTTP, "outputs": {"note": "note"}}, fields=[NOTE])
    story = run_of(OFFER, call, step("review", ["call"], kind="approval"), step("last", ["review"])).after(
        start
    )
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN)
    story = story.after(complete_by_hand, "call", "by phone", {"note": "a"}, by=MAX)
    story = story.after(give_approval, "review", by=BO).after(reopen_step, "call", "again", by=MAX)
    return story.after(complete_by_hand, "call", "by phone", {"note": "b"}, by=MAX)


def _child() -> Story:
    check = step("offer", kind="run", fields=[{"key": "result", "title": "R", "kind": "text"}], run=RUN_IT)
    review = step("review", ["offer"], kind="approval", approval={"covers": ["offer"]})
    story = run_of(check, review, step("last", ["review"])).after(start)
    story = story.after(start_action, "offer", 1, "run", key="k", by=MACHINE)
    story = story.after(child_started, "offer", 1, CHILD, "kyc", by=MACHINE)
    story = story.after(child_ended, CHILD, "completed", None, {"result": "clear"}, (ANN,), by=MACHINE)
    story = story.after(give_approval, "review", by=BO).after(child_reopened, CHILD, 1, by=MACHINE)
    assert state(story, "review") == ("done",)
    story = story.after(reopen_step, "offer", "take it anew", by=ANN)
    story = story.after(start_action, "offer", 2, "run", key="l", by=MACHINE)
    story = story.after(child_started, "offer", 2, CHILD, "kyc", by=MACHINE)
    return story.after(child_ended, CHILD, "completed", None, {"result": "consider"}, (ANN,), 1, by=MACHINE)


def _after_a_migration() -> Story:
    """A version asks for a field that is missing; who gives it changes what was approved."""
    story = offered(step("last", ["review"]))
    new, old = _version(story, 2, "offer", fields=[PRICE, {**NOTE, "required": True}]), story.definition
    assert old is not None
    told: dict[str, Any] = {
        "by": DANA,
        "at": story.at,
        "calendar": story.calendar,
        "directory": story.directory,
    }
    events = migrate_run(story.state, old, new, {"field_required": "ask"}, **told)
    story = replace(story.given(events), definition=new)
    assert state(story, "review") == ("done",)
    return story.after(add_evidence, "offer", {"note": "plus travel"}, by=ANN)


def _of_an_approval() -> Story:
    """What was given with an approval that is approved in turn."""
    chief = step("review", ["first"], kind="approval", approval={"covers": ["first"]})
    first = step("first", ["offer"], kind="approval", approval={"covers": ["offer"]}, fields=[RESULT])
    story = run_of(OFFER, first, chief, step("last", ["review"])).after(start)
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN)
    story = story.after(save_values, "first", {"result": "pass"}, by=MAX).after(
        give_approval, "first", by=MAX
    )
    story = story.after(give_approval, "review", by=BO).after(reopen_step, "first", "again", by=MAX)
    return story.after(save_values, "first", {"result": "stop"}, by=MAX).after(give_approval, "first", by=MAX)


def _version(story: Story, number: int, key: str, **changes: Any) -> Definition:
    assert story.definition is not None
    document = story.definition.document.model_dump(mode="json", exclude_unset=True, by_alias=True)
    for stage in document["stages"]:
        stage["steps"] = [{**one, **changes} if one["key"] == key else one for one in stage["steps"]]
    return Definition.load("sale", number, document)


WAYS: list[Callable[[], Story]] = [
    _redone, _evidence, _skipped, _inputs, _shown_inputs, _sets_input, _sets_a_covered_input,
    _required_with_a_refusal, _called, _by_hand, _heard, _looked_through, _child, _after_a_migration, _of_an_approval,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_whatever_changes_a_content_voids_the_decision(way: Callable[[], Story]):
    """By whichever way a value becomes another one: the approval is open in a new round, and what follows it waits."""
    story = way()
    review = story.state.step(StepKey("review"))
    assert (review.state, review.round, review.approvals) == ("ready", 2, ())
    assert review.asked_anew is not None
    assert review.asked_anew.present_sha256 == seen(story) != review.asked_anew.decided_sha256
    assert review.asked_anew.changed
    assert state(story, "last") == ("locked",)


# --- what follows ---


def test_what_waits_behind_what_is_done_waits_for_the_decision_too():
    """A mail that a done task lets go is withdrawn; the task stays done, and is marked."""
    mail = step(
        "mail", ["task"], kind="email", email=MAIL, due={"anchor": {"step_done": "task"}, "offset": 2}
    )
    story = offered(step("task", ["review"]), mail, step("last", ["mail"])).after(complete_step, "task")
    assert the(story, "mail/1/email").state == "queued"
    story = redone(story, price=9_999)
    assert state(story, "review", "task", "mail") == ("ready", "done", "locked")
    assert the(story, "mail/1/email").state == "withdrawn"
    assert story.state.step(StepKey("task")).questioned == ("offer", "review")
    story.when(skip_step, "review", "", by=BO).rejected("reason_required")
    for way in (
        lambda: story.after(give_approval, "review", by=BO),
        lambda: story.after(skip_step, "review", "x", by=BO),
    ):
        again = way()
        assert (state(again, "mail"), the(again, "mail/1/email").state) == (("ready",), "queued")


def test_what_is_locked_behind_what_is_done_says_that_it_waits_for_the_decision():
    """Whoever wants to go on is told what is in the way, though it is no direct dependency."""
    story = offered(step("task", ["review"]), step("last", ["task"])).after(complete_step, "task")
    redone(story, price=9_999).when(complete_step, "last").rejected("step_locked", waits_for=["review"])


def test_a_run_does_not_end_on_a_decision_that_is_void():
    """The change that would have been the last deed opens the approval instead."""
    story = offered(step("more"))
    story = story.after(reopen_step, "offer", "a typo", by=ANN).after(complete_step, "more", by=ANN)
    story = story.after(complete_step, "offer", {"price": 9_999}, by=ANN)
    assert (story.state.state, *state(story, "review", "more")) == ("running", "ready", "done")
    assert story.after(give_approval, "review", by=BO).state.state == "completed"


def test_what_an_ended_run_decided_is_void_once_it_is_changed():
    """Nothing changes in a run that has ended; opened again, a decision stands until its content is another."""
    story = offered()
    assert story.state.state == "completed"
    opened = story.after(reopen_step, "offer", "a typo", by=ANN)
    assert (opened.state.state, *state(opened, "review")) == ("running", "done")
    assert opened.after(complete_step, "offer", {}, by=ANN).state.state == "completed"
    voided = opened.after(complete_step, "offer", {"price": 9_999}, by=ANN)
    assert (voided.state.state, *state(voided, "review")) == ("running", "ready")


def test_a_decision_that_its_condition_sets_aside_is_void_too():
    """It would count again as soon as the condition holds; so it is asked for then."""
    large = {"field": "inputs.plan", "operator": "equals", "value": "large"}
    review = step("review", ["offer"], kind="approval", approval={"covers": ["offer"]}, when=large)
    story = run_of(OFFER, review, step("last", ["review"])).after(start)
    story = story.after(change_inputs, {"plan": "large"}).after(
        complete_step, "offer", {"price": 100}, by=ANN
    )
    story = story.after(give_approval, "review", by=BO).after(change_inputs, {"plan": "small"})
    assert state(story, "review") == ("not_applicable",)
    back = story.after(change_inputs, {"plan": "large"})
    assert state(back, "review") == ("done",)
    story = redone(story, price=9_999)
    assert state(story, "review", "last") == ("not_applicable", "ready")
    story = story.after(change_inputs, {"plan": "large"})
    assert state(story, "review", "last") == ("ready", "locked")


def test_a_paused_run_asks_when_it_goes_on():
    """A change during a pause voids at once; the step is announced with the rest."""
    story = sold().after(pause_run, "holidays").after(add_evidence, "offer", {"note": "plus travel"}, by=ANN)
    assert state(story, "review", "task") == ("locked", "locked")
    story = story.after(resume_run)
    assert state(story, "review", "task") == ("ready", "locked")
