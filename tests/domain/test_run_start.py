"""Promises about starting a run and about what it was started with."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.events import RunStarted, StepBecameReady
from domain.run import change_inputs, complete_step, set_target, start_run
from tests.domain.documents import run_of, step
from tests.support.given import DANA, NINE


def test_a_run_begins_with_the_steps_that_wait_for_nothing():
    """Starting announces exactly the steps without dependencies, to whoever fills their role."""
    run_of(step("first", role="seller"), step("second", ["first"])).when(start_run, name="Acme").then(
        RunStarted(
            process="sale",
            process_version=1,
            name="Acme",
            roles={"seller": DANA, "customer": "guest:customer", "engine": "service:milepost"},
            by=DANA,
            at=NINE,
        ),
        StepBecameReady(step="first", cause="user", assignee=DANA, by=DANA, at=NINE),
    )


def test_inputs_are_checked_all_at_once():
    """Every wrong or missing input is named in one answer, with what would be accepted."""
    process = run_of(step("first"))
    refusal = process.when(start_run, inputs={"plan": "huge", "go_live": "soon", "color": "red"}).rejected(
        "invalid_values"
    )
    found = {(problem["field"], problem["problem"]) for problem in refusal.facts["problems"]}
    assert found == {("plan", "wrong_value"), ("go_live", "wrong_value"), ("color", "unknown_field")}
    assert all(problem["accepted"] for problem in refusal.facts["problems"])


def test_roles_come_from_the_start_and_from_inputs():
    """A role is filled by whom the start names, else by the person in its input."""
    started = run_of(step("first", role="boss")).after(start_run, inputs={"boss": "person:bea"}).state
    assert started.step("first").assignee == "person:bea"
    started = run_of(step("first", role="boss")).after(
        start_run, inputs={"boss": "person:bea"}, roles={"boss": "person:max"}
    )
    assert started.state.step("first").assignee == "person:max"


def test_an_unknown_role_is_refused():
    """A start that fills a role the process does not have records nothing."""
    run_of(step("first")).when(start_run, roles={"king": DANA}).rejected("unknown_role", unknown=["king"])


def test_the_name_is_made_from_inputs():
    """A run is named by the process's pattern; what is not known is a dash."""
    process = run_of(step("first"), run_name="{plan} sale for {boss}")
    assert process.after(start_run, inputs={"plan": "small"}).state.name == "small sale for –"


def test_a_changed_input_moves_its_role_and_its_readers():
    """Changing an input hands open steps over and flips the conditions that read it, keeping nothing undecided."""
    story = run_of(
        step("first", role="boss"),
        step("big_only", when={"field": "inputs.plan", "operator": "equals", "value": "large"}),
    ).after(start_run, inputs={"boss": "person:bea", "plan": "small"})
    assert story.state.step("big_only").state == "not_applicable"
    story = story.when(change_inputs, {"boss": "person:max", "plan": "large"}).then_types(
        "run_inputs_changed", "role_assigned", "step_assigned", "step_became_applicable", "step_became_ready"
    )
    assert story.state.step("first").assignee == "person:max"
    assert story.state.step("big_only").state == "ready"


def test_an_unset_anchor_gives_no_due_until_it_is_set():
    """A due waits for its anchor and is announced with its cause when the anchor is set, and again when it moves."""
    due = {"anchor": {"field": "inputs.go_live"}, "offset": -1, "unit": "business_days"}
    story = run_of(step("first", due=due)).after(start_run)
    assert story.state.step("first").due_at is None
    story = story.when(change_inputs, {"go_live": "2026-03-09"}).then_types(
        "run_inputs_changed", "step_due_set"
    )
    assert story.state.step("first").due_at == datetime(2026, 3, 6, 17, tzinfo=UTC)
    assert story.state.step("first").due_moves == 0
    story = story.after(change_inputs, {"go_live": "2026-03-11"})
    assert story.state.step("first").due_moves == 1


def test_the_target_moves_the_dues_counted_from_it():
    """Setting the run's target sets the dues of open steps that are counted from it."""
    story = run_of(step("first", due={"anchor": "run_target", "offset": 0})).after(start_run)
    target = datetime(2026, 3, 13, 12, tzinfo=UTC)
    story = story.when(set_target, target).then_types("run_target_set", "step_due_set")
    assert story.state.step("first").due_at == datetime(2026, 3, 13, 17, tzinfo=UTC)


def test_a_due_counted_from_a_done_step_moves_when_it_is_done():
    """The instant a step is done is an anchor for others."""
    story = run_of(
        step("first"),
        step("second", ["first"], due={"anchor": {"step_done": "first"}, "offset": 2}),
    ).after(start_run)
    story = story.after(complete_step, "first")
    assert story.state.step("second").due_at == datetime(2026, 3, 4, 17, tzinfo=UTC)


@pytest.mark.parametrize("anchor", [{"step_ready": "first"}, {"stage_entered": "work"}])
def test_a_due_counted_from_readiness_is_part_of_the_announcement(anchor: dict[str, str]):
    """A step that is due so long after it became ready is announced with its due, once."""
    due = {"anchor": anchor, "offset": 4, "unit": "hours"}
    run_of(step("first", due=due)).when(start_run, name="Acme").then_types("run_started", "step_became_ready")
    story = run_of(step("first", due=due)).after(start_run)
    assert story.state.step("first").due_at == datetime(2026, 3, 2, 13, tzinfo=UTC)
