"""A done step gets what it lacks without being done again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.events import HelpCleared, StepValuesSaved
from domain.run import add_evidence, complete_step, request_help
from domain.words import StepKey
from tests.domain.documents import step
from tests.migration.test_table import NOTE, OLD, A, B, C, at, migrating, version
from tests.support.given import BO, Story

BADGE = {"key": "badge", "title": "Badge", "kind": "number", "required": True}
ROOM = {"key": "room", "title": "Room", "kind": "text", "required": True}
NEW = version(
    2,
    step(A, fields=[NOTE], role="seller"),
    step(B, [A], fields=[NOTE, BADGE, ROOM], role="seller"),
    step(
        C,
        [B],
        fields=[NOTE],
        role="seller",
        when={"not": {"field": "b.badge", "operator": "equals", "value": 13}},
    ),
)


@pytest.fixture
def asked() -> Story:
    """A run that a migration brought two required fields of a done step, and that asks for them."""
    story = at(C)
    events = migrating(story, NEW, field_required="ask").events()
    return replace(story.given(events), definition=NEW, by=BO)


def test_values_are_added_and_the_step_stays_done(asked: Story):
    """What is missing is given by somebody, at a time; the question stays until all of it is there."""
    deed = asked.when(add_evidence, B, {"badge": 4})
    saved = StepValuesSaved(step=StepKey(B), round=1, values={"badge": 4}, by=BO, at=asked.at)
    story = deed.then(saved)
    now = story.state.step(StepKey(B))
    assert (now.state, now.done_by, story.state.values["b.badge"]) == ("done", "person:dana", 4)
    assert now.help is not None


def test_the_question_ends_with_the_last_value(asked: Story):
    """The help that the migration asked for is cleared when no required value is missing."""
    story = asked.when(add_evidence, B, {"badge": 4, "room": "B 12"}).then_types(
        "step_values_saved", HelpCleared.type
    )
    assert story.state.step(StepKey(B)).help is None


def test_what_a_version_does_not_want_is_asked_for_no_longer(asked: Story):
    """Going back to a version without the fields clears the question of the migration, and only that."""
    back = migrating(asked, OLD).then_types("run_migrated", HelpCleared.type)
    assert back.state.step(StepKey(B)).help is None
    later = asked.after(request_help, B, "Which room is meant?")
    migrating(later, OLD).then_types("run_migrated")


def test_help_that_somebody_asked_for_stays(asked: Story):
    """Only the question of the migration is answered; what a person needs is for people to clear."""
    story = asked.after(request_help, B, "Which room is meant?")
    story.when(add_evidence, B, {"badge": 4, "room": "B 12"}).then_types("step_values_saved")


def test_what_was_given_never_changes(asked: Story):
    """A field that has a value keeps it, and nothing of the rest is taken either."""
    asked.when(add_evidence, B, {"note": "other", "badge": 4}).rejected("already_given", fields=["note"])
    asked.when(add_evidence, B, {"note": None}).rejected("already_given", fields=["note"])
    asked.when(add_evidence, B, {"note": "said", "room": ""}).then()


def test_conditions_that_read_the_new_value_are_judged_anew(asked: Story):
    """A step ahead that does not apply with the value is set aside, as when the value had been given before."""
    types = [event.type for event in asked.when(add_evidence, B, {"badge": 13}).events()]
    assert types[:2] == ["step_values_saved", "step_became_not_applicable"]


def test_only_done_steps_take_evidence(asked: Story):
    """A step under way saves values instead; wrong values and unknown fields are refused by name."""
    asked.when(add_evidence, C, {"note": "x"}).rejected("not_done", accepted=["save"])
    asked.when(add_evidence, B, {"badge": "four"}).rejected("invalid_values")
    asked.when(add_evidence, B, {"colour": "red"}).rejected("invalid_values")
    asked.when(add_evidence, "nowhere", {}).rejected("unknown_step")


def test_an_ended_run_takes_none(asked: Story):
    """What has ended stays as it ended."""
    story = asked.after(complete_step, C, {"note": "end"})
    assert story.state.ended
    story.when(add_evidence, B, {"badge": 4}).rejected("run_ended")
