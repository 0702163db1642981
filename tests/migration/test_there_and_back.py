"""Each cell of the table of changes, with each answer: to the new version and back shows what was shown before."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from domain.definition import Definition
from domain.run import (
    RUN,
    assign_step,
    change_inputs,
    clear_help,
    complete_step,
    pause_run,
    reopen_step,
    request_help,
    save_values,
    skip_step,
    start_run,
    start_step,
)
from domain.words import StepKey
from tests.domain.documents import step
from tests.migration.test_laws import assert_shows_the_same
from tests.migration.test_table import (
    GATE,
    GONE,
    LARGE,
    MOVED,
    NOW_REQUIRED,
    NUMBER,
    OLD,
    OPTIONAL,
    REQUIRED,
    ROLE,
    SIDE,
    TEXT,
    WITHOUT,
    A,
    B,
    C,
    at,
    migrating,
    planned,
    steps,
    version,
    with_step,
)
from tests.support.given import BO, Story

DUE = version(2, *steps(b={"due": {"anchor": "run_start", "offset": 1}}))
KIND = version(2, *steps(b={"kind": "approval", "approval": {"covers": [A], "on_refusal": {"reopens": [A]}}}))
BOTH = version(
    2,
    *steps(
        a={"fields": [{"key": "badge", "title": "Badge", "kind": "text", "required": True}]},
        b={"fields": [{"key": "room", "title": "Room", "kind": "text", "required": True}]},
    ),
)
ROWS: dict[str, Definition] = {
    "text": TEXT, "role": ROLE, "due": DUE, "kind": KIND, "optional field": OPTIONAL, "required field": REQUIRED,
    "field made required": NOW_REQUIRED, "two required fields": BOTH, "field type": NUMBER, "field removed": WITHOUT,
    "step added ahead": with_step("x", B, C), "step added behind": with_step("x", A, B), "step removed": GONE,
    "condition": version(2, *steps(b={"when": LARGE})), "stage moved": MOVED,
}  # fmt: skip
ANSWERS = [
    {"step_added": added, "field_required": missing}
    for added, missing in product(["not_applicable", "required"], ["leave", "ask", "reopen"])
]


def moved(story: Story, new: Definition, **choices: str) -> Story:
    """The run of this story, following another version."""
    events = migrating(story, new, **choices).events()
    return replace(story.given(events), definition=new)


def worked(key: str, *, empty: bool = False) -> Story:
    """A run that is at this step, where somebody has begun, written something and needs help."""
    story = at(key, started=True) if not empty else _without_values(key)
    return (
        story.after(save_values, key, {"note": "12"})
        .after(assign_step, key, BO, "knows it")
        .after(request_help, key, "Where is it?")
    )


def _without_values(key: str) -> Story:
    story = Story(RUN, OLD).after(start_run, name="x", inputs={"plan": "small", "go_live": "2026-03-20"})
    for one in (A, B, C)[: (A, B, C).index(key)]:
        story = story.after(complete_step, one, {})
    return story.after(start_step, key)


@pytest.mark.parametrize("answers", ANSWERS, ids=lambda told: "-".join(told.values()))
@pytest.mark.parametrize("empty", [False, True], ids=["given", "empty"])
@pytest.mark.parametrize("where", [A, B, C])
@pytest.mark.parametrize("row", list(ROWS))
def test_every_cell_with_every_answer(row: str, where: str, empty: bool, answers: dict[str, str]):
    """Step b is not reached, under way or done; done with its value or without."""
    story = worked(where, empty=empty)
    back = moved(moved(story, ROWS[row], **answers), OLD)
    assert_shows_the_same(back.state, story.state, OLD)


def test_a_paused_run_in_which_all_is_done_goes_back_as_any_other():
    """It does not end by that: a paused run ends when it goes on."""
    story = at(B).after(pause_run, "wait").after(skip_step, B, "not now").after(skip_step, C, "not now")
    there = moved(story, BOTH, field_required="reopen")
    assert there.state.step(StepKey(A)).state == "locked"
    assert_shows_the_same(moved(there, OLD).state, story.state, OLD)


@pytest.mark.parametrize(
    "new", [GATE, [*SIDE[:2], step(C, [A, B], role="seller")]], ids=["gate", "dependency"]
)
@pytest.mark.parametrize("done", [(), (A,), (A, C)], ids=["not reached", "under way", "done"])
def test_a_dependency_or_gate(new: list[dict[str, Any]], done: tuple[str, ...]):
    """A step that had to wait again in between is where it was."""
    old = version(1, *SIDE)
    story = Story(RUN, old).after(start_run, name="x", inputs={"plan": "small", "go_live": "2026-03-20"})
    for key in done:
        story = story.after(complete_step, key, {})
    assert_shows_the_same(moved(moved(story, version(2, *new)), old).state, story.state, old)


# --- done again because a version asks for more ---


def reopened() -> Story:
    """A run at step c whose step b has to be done again by version 2."""
    return moved(at(C), REQUIRED, field_required="reopen")


def test_what_was_done_again_for_a_version_is_done_as_it_was_without_it():
    """The step is done by whom and when it was, in its round; the finding says so, and what waited goes on."""
    there = replace(reopened(), by=BO)
    assert there.state.step(StepKey(B)).state == "ready"
    [finding] = [one for one in planned(there, OLD).findings if one.change == "step_returned"]
    assert (finding.where, finding.weight, finding.effect) == (B, "safe", "returned")
    back = migrating(there, OLD).then_types("run_migrated", "step_became_applicable", "step_became_ready")
    assert_shows_the_same(back.state, at(C).state, OLD)


def test_what_builds_on_it_is_marked_and_unmarked():
    """Done steps behind it ask for a look only as long as it is to be done again; a person's own marks stay."""
    side = [*steps(), step("d", [A], role="seller")]
    old, new = version(1, *side), version(2, *side)
    asking = [{**one, "fields": [*one["fields"], _BADGE]} if one["key"] == A else one for one in side]
    story = at(C, old).after(reopen_step, B, "wrong").after(complete_step, B, {"note": "right"})
    new = version(2, *asking)
    there = moved(story, new, field_required="reopen")
    assert there.state.step(StepKey(B)).doubted == (A,)
    back = moved(there, old)
    assert back.state.step(StepKey(B)).doubted == ()
    assert_shows_the_same(back.state, story.state, old)


_BADGE = {"key": "badge", "title": "Badge", "kind": "text", "required": True}


def test_another_version_that_lacks_nothing_restores_it_too():
    """Also a third version that does not ask for the field takes back that the step is done again."""
    third = version(3, *steps(b={"title": "B, better"}))
    there = moved(reopened(), third)
    assert (there.state.step(StepKey(B)).state, there.state.step(StepKey(B)).round) == ("done", 1)


def test_work_since_then_is_kept():
    """Who has begun, or given a value, goes on: the step stays open in its new round, with what was given."""
    there = reopened().after(save_values, B, {"more": "new", "note": "half"})
    now = moved(there, OLD).state.step(StepKey(B))
    assert (now.state, now.round, now.draft["note"]) == ("ready", 2, "half")
    begun = moved(reopened().after(start_step, B), OLD).state.step(StepKey(B))
    assert (begun.state, begun.round) == ("in_progress", 2)
    again = reopened().after(complete_step, B, {"note": "other", "more": "new"})
    done = moved(again, OLD).state
    assert (done.step(StepKey(B)).state, done.step(StepKey(B)).round, done.values["b.note"]) == (
        "done",
        2,
        "other",
    )


def test_what_is_no_work_restores_it_still():
    """Help that was asked for, or another assignee, is not work: it goes with the round."""
    there = (
        reopened().after(request_help, B, "What for?").after(clear_help, B).after(assign_step, B, BO, "you")
    )
    assert_shows_the_same(moved(there, OLD).state, at(C).state, OLD)


def test_a_step_that_a_third_version_drops_comes_back_done():
    """Closed because it is gone, and back in the version in which it was done."""
    there = moved(
        reopened(),
        version(3, step(A, fields=[_NOTE], role="seller"), step(C, [A], fields=[_NOTE], role="seller")),
    )
    assert there.state.step(StepKey(B)).state == "cancelled"
    assert_shows_the_same(moved(there, OLD).state, at(C).state, OLD)


_NOTE = {"key": "note", "title": "Note", "kind": "text"}


def test_a_pause_does_not_keep_it():
    """A paused run goes back as it came."""
    story = at(C).after(pause_run, "holidays")
    back = moved(moved(story, REQUIRED, field_required="reopen"), OLD)
    assert_shows_the_same(back.state, story.state, OLD)


def test_it_stays_open_where_the_run_would_end_by_it():
    """A migration ends no run: the step is done again then, as any that somebody reopened."""
    side = [step(A, fields=[_NOTE], role="seller"), step("d", role="seller")]
    old = version(1, *side)
    new = version(2, {**side[0], "fields": [_NOTE, _BADGE]}, side[1])
    story = Story(RUN, old).after(start_run, name="x").after(complete_step, A, {"note": "said"})
    there = moved(story, new, field_required="reopen").after(complete_step, "d", {})
    back = moved(there, old).state
    assert (back.state, back.step(StepKey(A)).state) == ("running", "ready")


def test_what_was_set_aside_while_something_before_it_is_open_is_so_again():
    """Another version, without condition and without what comes before, counted it as done."""
    old = version(1, *steps(b={"when": LARGE}))
    new = version(2, step(B, fields=[_NOTE], role="seller"), step(C, [B], fields=[_NOTE], role="seller"))
    story = Story(RUN, old).after(start_run, name="x", inputs={"plan": "large"}).after(complete_step, A)
    story = story.after(complete_step, B).after(change_inputs, {"plan": "small"})
    story = story.after(reopen_step, A, "again")
    assert story.state.step(StepKey(B)).state == "not_applicable"
    there = moved(story, new)
    assert there.state.step(StepKey(B)).state == "done"
    assert_shows_the_same(moved(there, old).state, story.state, old)


def test_what_a_guest_filled_in_is_done_as_it_was_whatever_a_form_says():
    """A form is no decision on what it shows: another version with other words for it gives it back as it was done."""
    guest = {"role": "customer"}
    asked = {**guest, "fields": REQUIRED.steps[StepKey(B)].model_dump(mode="json")["fields"]}
    old, new, worded = (
        version(1, *steps(b=guest)),
        version(2, *steps(b=asked)),
        version(3, *steps(b={**guest, "title": "Fill it in"})),
    )
    story = at(B, old).after(complete_step, B, {"note": "y"}, by="guest:customer")
    assert story.state.step(StepKey(B)).decided is not None
    there = moved(story, new, field_required="reopen")
    assert there.state.step(StepKey(B)).state != "done"
    assert moved(there, worded).state.step(StepKey(B)).state == "done"


def test_what_has_no_condition_stays_done_from_version_to_version():
    """Also what a condition had set aside once, and while what comes before it is done again."""
    old = version(1, *steps(b={"when": {"field": "inputs.plan", "operator": "equals", "value": "small"}}))
    story = at(C, old).after(change_inputs, {"plan": "large"})
    assert story.state.step(StepKey(B)).state == "not_applicable"
    there = moved(story, version(2, *steps())).after(reopen_step, A, "wrong")
    assert there.state.step(StepKey(B)).state == "done"
    assert moved(there, version(3, *steps())).state.step(StepKey(B)).state == "done"


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_what_waits_to_be_taken_back_is_set_aside_again(*, paused: bool):
    """Its condition holds once more, but what comes before it is done again: only the other version took it back."""
    when = {"when": {"field": "inputs.plan", "operator": "equals", "value": "small"}}
    old = version(1, *steps(b=when))
    new = version(2, *steps(b={**when, "after": []}))
    story = at(C, old).after(change_inputs, {"plan": "large"}).after(reopen_step, A, "wrong")
    story = story.after(change_inputs, {"plan": "small"})
    story = story.after(pause_run, "holiday") if paused else story
    assert story.state.step(StepKey(B)).state == "not_applicable"
    there = moved(story, new)
    assert there.state.step(StepKey(B)).state == "done"
    assert_shows_the_same(moved(there, old).state, story.state, old)
