"""Promises about what follows when the forecast of a run passes its target."""

from __future__ import annotations

from typing import Any

from domain.events import RunPrioritySet
from domain.run import set_priority, start_run
from domain.run.late_forecast import act_on_late_forecast
from domain.words import Actor
from tests.domain.documents import run_of, step
from tests.support.given import BO, NINE, Story

MACHINE = Actor("system:milepost")
URGENT = RunPrioritySet(priority="urgent", cause="rule", by=MACHINE, at=NINE)


def warned(**more: Any) -> Story:
    """A run of a process that wants a late run to be urgent."""
    return run_of(step("offer", role="seller"), on_forecast_late={"set_priority": "urgent"}, **more).after(
        start_run
    )


def test_a_run_that_will_be_late_becomes_urgent():
    """By a rule, in the machine's name, and once."""
    warned().when(act_on_late_forecast, 1, by=MACHINE).then(URGENT)


def test_a_priority_that_was_there_before_is_raised():
    """What somebody chose before anything was late does not keep the process from its rule."""
    warned().after(set_priority, "low", by=BO).when(act_on_late_forecast, 1, by=MACHINE).then(URGENT)


def test_what_a_person_says_after_it_stands():
    """The forecast may pass the target again, or be made anew from nothing: it is not urgent again."""
    story = warned().after(act_on_late_forecast, 1, by=MACHINE).after(set_priority, "low", by=BO)
    for crossing in (1, 2, 3):
        story.when(act_on_late_forecast, crossing, by=MACHINE).then()
