"""Promises about dates that may not lie in the past: judged once, when they are given, on the company's own day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.lint import lint
from domain.run import add_evidence, change_inputs, complete_step, save_values, start_run
from domain.run.start import start_child
from domain.run.values import problems
from domain.samples import sample
from domain.schedule import Calendar
from tests.domain.documents import definition, run_of, step
from tests.support.given import NINE, Story
from tests.support.people import EVERYBODY

DAY: dict[str, Any] = {"key": "day", "title": "Day", "kind": "date", "not_before": "today"}
INSTANT = {**DAY, "key": "instant", "kind": "datetime"}
TODAY, YESTERDAY = "2026-03-02", "2026-03-01"
LATER = NINE + timedelta(days=30)


def story(**inputs: Any) -> Story:
    """A run that was started with these inputs."""
    of = run_of(
        step("plan", kind="form", fields=[DAY, INSTANT]), step("file", ["plan"]), inputs=[DAY, INSTANT]
    )
    return of.after(start_run, inputs=inputs)


def test_a_day_gone_by_is_refused_wherever_it_is_given():
    """At the start, as an input, saved, completed and added later: with the field, what it takes and the day."""
    of = run_of(step("plan", kind="form", fields=[DAY]), step("file", ["plan"]), inputs=[DAY])
    refused = of.when(start_run, inputs={"day": YESTERDAY}).rejected("invalid_values")
    accepted = "a date such as 2026-03-31, not before today (2026-03-02)"
    assert refused.facts["problems"] == [{"field": "day", "problem": "wrong_value", "accepted": accepted}]
    begun = of.after(start_run, inputs={"day": TODAY})
    begun.when(change_inputs, {"day": YESTERDAY}).rejected("invalid_values")
    begun.when(save_values, "plan", {"day": YESTERDAY}).rejected("invalid_values")
    begun.when(complete_step, "plan", {"day": YESTERDAY}).rejected("invalid_values")
    done = begun.after(complete_step, "plan", {})
    done.when(add_evidence, "plan", {"day": YESTERDAY}).rejected("invalid_values")
    done.when(add_evidence, "plan", {"day": TODAY}).then_types("step_values_saved")


def test_what_is_there_is_not_judged_again():
    """Said again later it may stay; another day gone by may not take its place, and reading it never fails."""
    of = replace(story(day=TODAY).after(save_values, "plan", {"day": TODAY}), at=LATER)
    of.when(change_inputs, {"day": TODAY}).then()
    of.when(save_values, "plan", {"day": TODAY}).then()
    of.when(complete_step, "plan", {"day": TODAY}).then_types("step_completed", "step_became_ready")
    of.when(save_values, "plan", {"day": "2026-03-03"}).rejected("invalid_values")
    of.when(save_values, "plan", {"day": None}).then_types("step_values_saved")
    assert of.definition is not None
    assert problems(of.definition.document.inputs, {"day": YESTERDAY}) == []


def test_what_the_machine_hands_on_was_judged_where_it_was_given():
    """A child run begins with the day that its parent was given, also when that is past by then."""
    parent = story(day=TODAY)
    child = definition(step("plan"), inputs=[DAY])
    said: dict[str, Any] = {
        "inputs": {"day": YESTERDAY},
        "roles": {},
        "project": None,
        "by": "system:milepost",
        "parent_run": UUID(int=7),
        "parent_step": "plan",
    }
    events = start_child(
        None, child, parent.state, at=LATER, calendar=Calendar(),
        directory=EVERYBODY, **said,
    )  # fmt: skip
    assert [event.type for event in events][:1] == ["run_started"]


@pytest.mark.parametrize(
    ("zone", "today"), [("Pacific/Auckland", "2026-03-03"), ("America/Los_Angeles", "2026-03-02")]
)
def test_today_is_the_day_where_the_company_is(zone: str, today: str):
    """At one instant it is another day elsewhere; an instant is of the day that it falls on there."""
    at = datetime(2026, 3, 2, 20, tzinfo=UTC)
    of = run_of(step("plan"), inputs=[DAY, INSTANT])
    of = replace(of, at=at, calendar=Calendar(zone=ZoneInfo(zone)))
    before = (datetime.fromisoformat(today) - timedelta(days=1)).date().isoformat()
    assert of.when(start_run, inputs={"day": today}).events()
    of.when(start_run, inputs={"day": before}).rejected("invalid_values")
    begins = datetime.fromisoformat(today).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert of.when(start_run, inputs={"instant": begins.isoformat()}).events()
    just_before = (begins - timedelta(seconds=1)).isoformat()
    of.when(start_run, inputs={"instant": just_before}).rejected("invalid_values")


def test_only_a_day_has_an_earliest_day():
    """Lint refuses the key on other kinds, and says on which it stands."""
    inputs = [{**DAY, "kind": "text"}, {**DAY, "key": "d"}, INSTANT]
    found = lint(definition(step("a", instructions="Do it."), inputs=inputs).document)
    assert [(each.path, each.accepted) for each in found if each.code == "misplaced_details"] == [
        (("inputs", 0, "not_before"), ("date", "datetime"))
    ]


def test_samples_are_values_that_the_field_would_take():
    """Of a draft that is looked at, wherever the company is."""
    for zone in ("Pacific/Auckland", "UTC", "America/Los_Angeles"):
        of = run_of(step("plan"), inputs=[DAY, INSTANT])
        of = replace(of, at=datetime(2026, 3, 2, 20, tzinfo=UTC), calendar=Calendar(zone=ZoneInfo(zone)))
        assert of.definition is not None
        inputs = {field.key: sample(field, of.at) for field in of.definition.document.inputs}
        assert of.when(start_run, inputs=inputs).events()
