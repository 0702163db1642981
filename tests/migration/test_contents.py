"""A version in which a decision is about something else: it stands for what it was taken on, or is made anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain import events as e
from domain.definition import Definition
from domain.run import (
    RUN,
    add_evidence,
    change_inputs,
    complete_step,
    decline_signature,
    give_approval,
    refuse_approval,
    reopen_step,
    start_run,
)
from domain.run.content import content_of
from domain.words import StepKey
from tests.domain.documents import step
from tests.migration.test_laws import assert_shows_the_same
from tests.migration.test_table import cell, migrating, planned, version
from tests.support.given import BO, Story

NOTE = {"key": "note", "title": "Note", "kind": "text"}
TERMS = {"Terms": "We pay {plan}."}
OTHER = {"Terms": "We pay {plan} twice."}


def steps(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Two forms, an approval of the first, a signature, and what follows."""
    found = [
        step("a", fields=[NOTE], role="seller"),
        step("b", fields=[NOTE], role="seller"),
        step("review", ["a", "b"], kind="approval", role="boss", approval={"covers": ["a"]}),
        step("signed", ["review"], kind="sign", role="helper", texts=TERMS),
        step("last", ["signed"], role="seller"),
    ]
    return [{**one, **changes.get(one["key"], {})} for one in found]


OLD = version(1, *steps())
WIDER = version(2, *steps(review={"approval": {"covers": ["a", "b"]}}))
REWORDED = version(2, *steps(signed={"texts": OTHER}))
SAID = version(2, *steps(review={"instructions": "Read it", "title": "Look"}, signed={"title": "Sign"}))


def at(key: str, old: Definition = OLD) -> Story:
    """A run in which all before this step is done; Bo and Max decide."""
    story = Story(RUN, old).after(start_run, name="x", inputs={"plan": "small"})
    for one, how in (
        ("a", complete_step),
        ("b", complete_step),
        ("review", give_approval),
        ("signed", complete_step),
    ):
        if one == key:
            break
        story = story.after(
            how, one, *([{"note": "x"}] if one in "ab" else []), **({} if one in "ab" else {"by": BO})
        )
    return story


def moved(story: Story, new: Definition, **choices: str) -> Story:
    """The run of this story, following another version."""
    return replace(story.given(migrating(story, new, **choices).events()), definition=new)


def test_what_nobody_has_decided_yet_shows_the_new_content():
    """Ahead, or open without anybody's word: it applies, and nothing is asked."""
    for key in ("a", "review"):
        assert cell(at(key), WIDER, "content", "review")[3:5] == ("safe", "applied")
    moved(at("review"), WIDER).after(give_approval, "review", by="person:max")


@pytest.mark.parametrize(("new", "key"), [(WIDER, "review"), (REWORDED, "signed")], ids=["covers", "texts"])
def test_a_decision_is_left_for_what_it_was_taken_on_or_made_anew(new: Definition, key: str):
    """The planner asks; left it keeps the hash of what was shown then, else it is voided, and what follows waits."""
    story = at("last")
    assert cell(story, new, "content", key)[3:5] == ("choice", "kept")
    before = story.state.step(StepKey(key))
    left = moved(story, new, content="leave")
    assert (left.state.step(StepKey(key)).state, left.state.step(StepKey(key)).decided) == (
        "done",
        before.decided,
    )
    assert content_of(left.state, new, StepKey(key)).sha256 != before.decided
    asked = moved(story, new, content="reopen")
    now = asked.state.step(StepKey(key))
    assert (now.state, now.round, now.approvals, asked.state.step(StepKey("last")).state) == (
        "ready",
        2,
        (),
        "locked",
    )
    [voided] = [
        event
        for event in migrating(story, new, content="reopen").events()
        if isinstance(event, e.DecisionVoided)
    ]
    assert (voided.changed, voided.cause, voided.decided_sha256) == ((), "migration", before.decided)


@pytest.mark.parametrize("answer", ["leave", "reopen"])
@pytest.mark.parametrize("new", [WIDER, REWORDED, SAID], ids=["covers", "texts", "words"])
@pytest.mark.parametrize("key", ["a", "review", "signed", "last"])
def test_there_and_back_leaves_decisions_as_they_were(new: Definition, key: str, answer: str):
    """Whatever was answered, nothing is asked on the way back, and what was decided is as it was."""
    story = at(key)
    back = moved(moved(story, new, content=answer), OLD)
    assert_shows_the_same(back.state, story.state, OLD)
    assert {k: (s.decided, s.about) for k, s in back.state.steps.items()} == {
        k: (s.decided, s.about) for k, s in story.state.steps.items()
    }


@pytest.mark.parametrize("answer", ["leave", "reopen"])
@pytest.mark.parametrize("open_before", [True, False], ids=["open before it", "done before it"])
def test_a_decision_that_its_condition_set_aside_is_set_aside_again(answer: str, *, open_before: bool):
    """Going back shows it as it was: decided, and set aside, also while something before it is done again."""
    when = {"when": {"field": "inputs.plan", "operator": "equals", "value": "small"}}
    old, new = (
        version(1, *steps(review=when)),
        version(2, *steps(review={**when, "approval": {"covers": ["a", "b"]}})),
    )
    story = at("signed", old).after(change_inputs, {"plan": "large"})
    story = story.after(reopen_step, "a", "wrong") if open_before else story
    review = story.state.step(StepKey("review"))
    assert (review.state, review.evidence) == ("not_applicable", True)
    back = moved(moved(story, new, content=answer), old)
    assert_shows_the_same(back.state, story.state, old)


@pytest.mark.parametrize("answer", ["leave", "reopen"])
def test_agreement_of_some_is_left_or_asked_for_anew(answer: str):
    """Of an approval that waits for more, who agreed is asked like who decided; going back restores them."""
    two = {"approval": {"covers": ["a"], "needs": 2}}
    old, new = (
        version(1, *steps(review=two)),
        version(2, *steps(review={"approval": {"covers": ["a", "b"], "needs": 2}})),
    )
    story = at("review", old).after(give_approval, "review", by=BO)
    assert "1 agreed" in cell(story, new, "content", "review").reason
    there = moved(story, new, content=answer)
    review = there.state.step(StepKey("review"))
    assert (review.state, review.approvals) == ("ready", (BO,) if answer == "leave" else ())
    back = moved(there, old)
    assert_shows_the_same(back.state, story.state, old)
    back.when(give_approval, "review", by="person:max").then_types(
        "approval_given", "step_completed", "step_became_ready"
    )


def test_agreement_after_an_earlier_refusal_is_given_back_too():
    """That somebody once refused it is no work since the version came: who has agreed by now has agreed again."""
    two = {"approval": {"covers": ["a"], "needs": 2}}
    old, new = (
        version(1, *steps(review=two)),
        version(2, *steps(review={"approval": {"covers": ["a", "b"], "needs": 2}})),
    )
    story = at("review", old).after(refuse_approval, "review", "too dear", by=BO)
    story = story.after(complete_step, "a", {"note": "y"}).after(give_approval, "review", by=BO)
    assert story.state.step(StepKey("review")).refused is not None
    back = moved(moved(story, new, content="reopen"), old)
    assert_shows_the_same(back.state, story.state, old)


def test_new_words_for_whoever_decides_ask_nobody():
    """Titles and instructions say how it is done: they apply, and what was decided stands."""
    assert [one.weight for one in planned(at("last"), SAID).findings] == ["safe", "safe"]
    assert moved(at("last"), SAID).state.step(StepKey("review")).state == "done"


def test_a_decision_is_not_restored_on_what_has_changed_since():
    """While it was to be made anew another value came: going back, it is still to be made."""
    there = moved(at("last"), WIDER, content="reopen")
    back = moved(there.after(reopen_step, "a", "typo").after(complete_step, "a", {"note": "other"}), OLD)
    assert back.state.step(StepKey("review")).state == "ready"
    same = moved(there.after(reopen_step, "a", "typo").after(complete_step, "a", {"note": "x"}), OLD)
    assert same.state.step(StepKey("review")).state == "done"


def test_what_a_decision_left_by_a_migration_was_about_still_voids_it():
    """Left on its old content, it is void as soon as a value of that becomes another."""
    left = moved(at("last"), WIDER, content="leave")
    assert (
        left.after(reopen_step, "b", "typo")
        .after(complete_step, "b", {"note": "y"})
        .state.step("review")
        .state
        == "done"
    )
    other = left.after(reopen_step, "a", "typo").after(complete_step, "a", {"note": "y"})
    assert (other.state.step("review").state, other.state.step("signed").state) == ("ready", "done")


def test_a_declined_signature_is_a_decision_too():
    """It failed on what it showed; another text is a choice, and going back it has failed as before."""
    story = at("signed").after(decline_signature, "signed", "too dear", by=BO)
    assert cell(story, REWORDED, "content", "signed").weight == "choice"
    there = moved(story, REWORDED, content="reopen")
    assert there.state.step(StepKey("signed")).state == "ready"
    assert_shows_the_same(moved(there, OLD).state, story.state, OLD)


def test_a_decision_whose_step_is_gone_is_void_when_its_content_changes_meanwhile():
    """A version without the approval does not hide what happens to what was approved."""
    gone = version(2, *(one for one in steps(signed={"after": ["a", "b"]}) if one["key"] != "review"))
    there = moved(at("last"), gone)
    back = moved(there.after(reopen_step, "a", "typo").after(complete_step, "a", {"note": "y"}), OLD)
    assert back.state.step(StepKey("review")).state == "ready"
    assert moved(there, OLD).state.step(StepKey("review")).state == "done"
    evidence = moved(at("last"), gone).after(add_evidence, "a", {"note": "x"})
    assert moved(evidence, OLD).state.step(StepKey("review")).state == "done"
