"""What a decision is of: refusals, gates and signatures, several who decide, and which content somebody had in view."""

from __future__ import annotations

import pytest

from domain import events as e
from domain.run import (
    add_evidence,
    change_inputs,
    complete_step,
    decline_signature,
    give_approval,
    pause_run,
    refuse_approval,
    save_values,
)
from domain.words import StepKey
from tests.domain.documents import run_of, step
from tests.domain.test_run_actions import start
from tests.domain.test_run_decisions import (
    ANN,
    COMMENT,
    GUEST,
    MAX,
    NOTE,
    OFFER,
    RESULT,
    offered,
    redone,
    seen,
    state,
)
from tests.support.given import BO, DANA

# --- refusals, gates, signatures ---


def test_a_refusal_is_of_a_content_too():
    """A gate that ended the run is asked for once more when what it refused was done otherwise."""
    ends = {"covers": ["offer"], "on_refusal": {"ends_run": "Not cleared"}}
    review = step("review", ["offer"], kind="approval", approval=ends, gate={})
    story = run_of(OFFER, review, step("last", ["review"])).after(start)
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN)
    story = story.after(refuse_approval, "review", "too much", by=BO)
    assert (story.state.state, *state(story, "review")) == ("ended_early", "failed")
    same = redone(story, price=100)
    assert state(same, "review", "last") == ("failed", "locked")
    other = redone(story, price=80)
    assert state(other, "review", "last") == ("ready", "locked")


def test_a_gate_that_is_void_closes_again():
    """What the gate holds back in another track waits again, also where it had begun; once decided anew it goes on."""
    gate = step(
        "review", ["offer"], kind="approval", approval={"covers": ["offer"]}, gate={"blocks": ["far"]}
    )
    far = step("far", track="other", kind="form", fields=[NOTE])
    story = run_of(OFFER, gate, step("beside", track="other"), far, step("last", ["far"])).after(start)
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN).after(complete_step, "beside", by=MAX)
    story = story.after(give_approval, "review", by=BO).after(save_values, "far", {"note": "so far"}, by=MAX)
    assert state(story, "far", "beside") == ("ready", "done")
    story = redone(story, price=9_999)
    assert state(story, "far", "beside") == ("locked", "done")
    story = story.after(give_approval, "review", by=BO)
    assert state(story, "far") == ("ready",)
    assert story.state.step(StepKey("far")).draft == {"note": "so far"}


def test_a_refusal_that_sends_back_is_over_with_its_round():
    """What was refused is done again; the approval of what came then is judged by that alone."""
    story = run_of(OFFER, step("review", ["offer"], kind="approval", approval={"covers": ["offer"]})).after(
        start
    )
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN)
    story = story.after(refuse_approval, "review", "too much", by=BO)
    assert story.state.step(StepKey("review")).about == ()
    story = story.after(complete_step, "offer", {"price": 80}, by=ANN)
    story.when(give_approval, "review", by=BO).then_types("approval_given", "step_completed", "run_completed")


def test_a_signature_is_of_what_was_signed():
    """Signed or declined: what it is about is what the process shows, else the last work before it."""
    for deed, ended in ((complete_step, "done"), (decline_signature, "failed")):
        story = run_of(OFFER, step("review", ["offer"], kind="sign"), step("last", ["review"])).after(start)
        story = story.after(complete_step, "offer", {"price": 100}, by=ANN)
        story = story.after(deed, "review", *(["no"] if deed is decline_signature else []), by=BO)
        assert state(story, "review") == (ended,)
        assert state(redone(story, price=100), "review") == (ended,)
        assert state(redone(story, price=9_999), "review", "last") == ("ready", "locked")


def test_a_signature_is_of_what_the_process_shows():
    """Texts with their fields, and what it names; what it does not show is another's to change."""
    form = step("form", kind="form", fields=[NOTE])
    sign = step(
        "review",
        ["offer", "form"],
        kind="sign",
        texts={"Terms": "We pay {offer.price} on {go_live}."},
        shows=["inputs.plan"],
    )
    story = run_of(OFFER, form, sign, step("last", ["review"])).after(start)
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN).after(complete_step, "form", by=ANN)
    story = story.after(complete_step, "review", by=BO)
    assert story.state.step(StepKey("review")).about == ("inputs.plan", "offer.price", "inputs.go_live")
    for changed in (
        story.after(add_evidence, "form", {"note": "x"}, by=ANN),
        story.after(add_evidence, "offer", {"note": "x"}, by=ANN),
        story.after(change_inputs, {"boss": "person:max"}),
    ):
        assert state(changed, "review") == ("done",)
    for changed in (
        redone(story, price=1),
        story.after(change_inputs, {"plan": "large"}),
        story.after(change_inputs, {"go_live": "2026-05-01"}),
    ):
        assert state(changed, "review") == ("ready",)


def test_a_guest_decides_on_what_the_process_names_for_them():
    """Nothing of the work before it is shown to a guest by itself, and so the decision is not about it."""
    bare = step("review", ["offer"], kind="approval", role="customer")
    story = run_of(OFFER, bare, step("last", ["review"])).after(start)
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN).after(
        give_approval, "review", by=GUEST
    )
    assert story.state.step(StepKey("review")).about == ()
    assert state(redone(story, price=9_999), "review") == ("done",)
    named = offered(step("last", ["review"]), role="customer")
    assert state(redone(named, price=9_999), "review") == ("ready",)


# --- several who decide ---


def test_agreement_to_another_content_does_not_count():
    """Who agreed before a value was added is asked anew, with the others."""
    story = run_of(
        OFFER,
        step("review", ["offer"], kind="approval", approval={"covers": ["offer"], "needs": 2}),
        step("last", ["review"]),
    ).after(start)
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN).after(give_approval, "review", by=BO)
    story = story.when(add_evidence, "offer", {"note": "plus travel"}, by=ANN).then_types(
        "step_values_saved", "step_relocked", "decision_voided", "step_became_ready"
    )
    review = story.state.step(StepKey("review"))
    assert (review.round, review.approvals) == (2, ())
    story = story.when(give_approval, "review", by=MAX).then_types("approval_given")
    story.when(give_approval, "review", by=BO).then_types(
        "approval_given", "step_completed", "step_became_ready"
    )


def test_who_agreed_agreed_to_what_is_given_with_it():
    """Another result that the second one chooses is not what the first agreed to; a comment is one's own."""
    story = run_of(
        OFFER,
        step(
            "review",
            ["offer"],
            kind="approval",
            approval={"covers": ["offer"], "needs": 2},
            fields=[RESULT, COMMENT],
        ),
        step("last", ["review"]),
    ).after(start)
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN)
    story = story.after(save_values, "review", {"result": "pass"}, by=BO).after(
        give_approval, "review", by=BO
    )
    said = story.when(give_approval, "review", "fine with me", by=MAX)
    said.then_types("step_values_saved", "approval_given", "step_completed", "step_became_ready")
    other = story.when(save_values, "review", {"result": "stop"}, by=MAX).then_types(
        "step_values_saved", "step_relocked", "decision_voided", "step_became_ready"
    )
    assert other.state.step(StepKey("review")).draft == {"result": "stop"}
    other = other.after(give_approval, "review", by=MAX)
    assert state(other, "review") == ("ready",)
    at_once = story.when(give_approval, "review", None, {"result": "stop"}, by=MAX).then_types(
        "step_values_saved", "step_relocked", "decision_voided", "step_became_ready", "approval_given"
    )
    assert at_once.state.step(StepKey("review")).approvals == (MAX,)
    assert state(at_once.after(give_approval, "review", by=BO), "review") == ("done",)
    paused = story.after(pause_run, "holiday")
    paused.when(give_approval, "review", None, {"result": "stop"}, by=MAX).rejected(
        "step_locked", paused=True
    )


def test_a_refusal_is_of_the_values_that_are_given_with_it():
    """The hash of what was refused is the one of what stands there then, with what whoever refused chose."""
    review = step("review", ["offer"], kind="approval", approval={"covers": ["offer"]}, fields=[RESULT])
    story = run_of(OFFER, review).after(start).after(complete_step, "offer", {"price": 100}, by=ANN)
    hashes = [
        told.content_sha256
        for result in ("pass", "stop")
        for told in story.when(refuse_approval, "review", "no", {"result": result}, by=BO).events()
        if isinstance(told, e.ApprovalRefused)
    ]
    assert len(set(hashes)) == 2


def test_whoever_approves_approvals_approves_what_those_are_about():
    """Where approvals build on each other, a change at the bottom voids all of them, and they follow in order."""
    first = step("first", ["offer"], kind="approval", approval={"covers": ["offer"]})
    second = step("second", ["first"], kind="approval", approval={"covers": ["first"]})
    third = step("third", ["second"], kind="sign")
    story = run_of(OFFER, first, second, third, step("last", ["third"])).after(start)
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN).after(give_approval, "first", by=BO)
    story = story.after(give_approval, "second", by=MAX).after(complete_step, "third", by=DANA)
    story = redone(story, price=9_999)
    assert state(story, "first", "second", "third", "last") == ("ready", "locked", "locked", "locked")
    story = story.after(give_approval, "first", by=BO)
    assert state(story, "first", "second", "third", "last") == ("done", "ready", "locked", "locked")
    story = story.after(give_approval, "second", by=MAX).after(complete_step, "third", by=DANA)
    assert state(story, "third", "last") == ("done", "ready")


# --- which content somebody decided on ---


def test_every_decision_says_what_it_was_about():
    """Given, refused, signed, declined, and what a guest does: the event names the hash and what it is made of."""
    story = run_of(OFFER, step("review", ["offer"], kind="approval", approval={"covers": ["offer"]})).after(
        start
    )
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN)
    now = seen(story)
    for deed in (
        story.when(give_approval, "review", by=BO).events()[0],
        story.when(refuse_approval, "review", "no", by=BO).events()[0],
    ):
        assert isinstance(deed, e.ApprovalGiven | e.ApprovalRefused)
        assert (deed.content_sha256, deed.about) == (now, ("offer",))
    story = run_of(OFFER, step("review", ["offer"], kind="sign", fields=[NOTE])).after(start)
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN)
    signed = story.when(complete_step, "review", {"note": "Bo"}, by=BO)
    for deed, after in (
        (signed.events()[0], story.after(save_values, "review", {"note": "Bo"}, by=BO)),
        (story.when(decline_signature, "review", "no", by=BO).events()[0], story),
    ):
        assert isinstance(deed, e.StepCompleted | e.StepFailed)
        assert (deed.content_sha256, deed.about) == (seen(after), ("offer", "review.note"))
    form = run_of(step("form", kind="form", role="customer", instructions="Tell us", fields=[NOTE])).after(
        start
    )
    for by, told in ((GUEST, seen(form, "form")), (BO, None)):
        [done, *_] = form.when(complete_step, "form", {"note": "x"}, by=by).events()
        assert isinstance(done, e.StepCompleted)
        assert (done.content_sha256, done.about) == (told, ())


@pytest.mark.parametrize("kind", ["approval", "sign"])
def test_whoever_decides_on_what_is_no_longer_true_is_told(kind: str):
    """The hash of what somebody saw is refused when it is another by now, and nothing is recorded."""
    deciding = step(
        "review", ["offer"], kind=kind, **({"approval": {"covers": ["offer"]}} if kind == "approval" else {})
    )
    story = run_of(OFFER, deciding, step("last", ["review"])).after(start)
    story = story.after(complete_step, "offer", {"price": 100}, by=ANN)
    old = seen(story)
    new = redone(story, price=9_999)
    yes, no = (give_approval, refuse_approval) if kind == "approval" else (complete_step, decline_signature)
    for deed, said in ((yes, ()), (no, ("no",))):
        refused = new.when(deed, "review", *said, content_sha256=old, by=BO).rejected("content_changed")
        assert refused.facts["content_sha256"] == seen(new)
        new.after(deed, "review", *said, content_sha256=seen(new), by=BO)
        new.after(deed, "review", *said, by=BO)


def test_who_comes_late_with_another_content_is_not_told_that_it_is_done():
    """Somebody else approved another price meanwhile: a yes to the old one is refused, the same yes again is not."""
    story = run_of(
        OFFER,
        step("review", ["offer"], kind="approval", approval={"covers": ["offer"]}),
        step("last", ["review"]),
    )
    story = story.after(start).after(complete_step, "offer", {"price": 100}, by=ANN)
    old = seen(story)
    done = redone(story, price=9_999).after(give_approval, "review", by=MAX)
    done.when(give_approval, "review", content_sha256=old, by=BO).rejected("content_changed")
    done.when(give_approval, "review", content_sha256=seen(done), by=BO).then_types()
    story.when(give_approval, "review", content_sha256=old, by=BO).then_types(
        "approval_given", "step_completed", "step_became_ready"
    )


def test_a_decision_without_a_hash_stands():
    """What was read in from elsewhere, or stored before decisions had a content, says nothing that could change."""
    story = run_of(
        OFFER,
        step("review", ["offer"], kind="approval", approval={"covers": ["offer"]}),
        step("last", ["review"]),
    )
    story = story.after(start).after(complete_step, "offer", {"price": 100}, by=ANN)
    given = e.ApprovalGiven(step=StepKey("review"), by=BO, at=story.at)
    done = e.StepCompleted(step=StepKey("review"), outcome="approved", by=BO, at=story.at)
    story = story.given(given, done)
    assert state(redone(story, price=9_999), "review") == ("done",)
