"""Promises about dues of runs: every anchor with every unit, real holidays, every clock change, every move counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.run import (
    change_inputs,
    complete_step,
    pause_run,
    recompute_dues,
    resume_run,
    rule_due,
    set_step_due,
    set_target,
    start_run,
)
from domain.schedule import Calendar
from domain.words import StepKey
from milepost.settings.calendar import organisation_calendar
from tests.domain.documents import run_of, step
from tests.support.given import NINE, Story

BERLIN = organisation_calendar("Europe/Berlin", "mon,tue,wed,thu,fri", "09:00-17:00", "DE-BE")
LAST = StepKey("last")


def berlin(day: str, clock: str = "17:00") -> datetime:
    """An instant by the clock in Berlin."""
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo("Europe/Berlin"))


def walked(due: dict[str, Any], calendar: Calendar = BERLIN, begin: datetime = NINE) -> Story:
    """A run whose second stage begins when its first step is done, an hour after its start."""
    story = run_of(
        step("first", fields=[{"key": "day", "title": "Day", "kind": "date"}], kind="form"),
        step("last", ["first"], stage="end", due=due),
    )
    story = replace(story, calendar=calendar, at=begin)
    target = begin + timedelta(days=10)
    story = story.after(start_run, inputs={"go_live": "2026-04-10"}, target_at=target)
    return replace(story, at=begin + timedelta(hours=1)).after(complete_step, "first", {"day": "2026-05-01"})


ANCHORS: dict[str, tuple[Any, str]] = {
    "run_start": ("run_start", "2026-03-02T10:00"),
    "run_target": ("run_target", "2026-03-12T10:00"),
    "input": ({"field": "inputs.go_live"}, "2026-04-10"),
    "field": ({"field": "first.day"}, "2026-05-01"),
    "step_ready": ({"step_ready": "last"}, "2026-03-02T11:00"),
    "step_done": ({"step_done": "first"}, "2026-03-02T11:00"),
    "stage_entered": ({"stage_entered": "end"}, "2026-03-02T11:00"),
}
UNITS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "business_days": (
        {"offset": 3},
        {"run_start": "2026-03-05", "run_target": "2026-03-17", "input": "2026-04-15", "field": "2026-05-06",
         "step_ready": "2026-03-05", "step_done": "2026-03-05", "stage_entered": "2026-03-05"},
    ),
    "business_days_before": (
        {"offset": -5},
        {"run_start": "2026-02-23", "run_target": "2026-03-05", "input": "2026-04-01", "field": "2026-04-24",
         "step_ready": "2026-02-23", "step_done": "2026-02-23", "stage_entered": "2026-02-23"},
    ),
    "calendar_days": (
        {"offset": 5, "unit": "calendar_days"},
        {"run_start": "2026-03-09", "run_target": "2026-03-17", "input": "2026-04-15", "field": "2026-05-06",
         "step_ready": "2026-03-09", "step_done": "2026-03-09", "stage_entered": "2026-03-09"},
    ),
    "hours": (
        {"offset": 30, "unit": "hours"},
        {"run_start": "2026-03-03T16:00", "run_target": "2026-03-13T16:00", "input": "2026-04-11T15:00",
         "field": "2026-05-02T15:00", "step_ready": "2026-03-03T17:00", "step_done": "2026-03-03T17:00",
         "stage_entered": "2026-03-03T17:00"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("anchor", ANCHORS)
def test_every_anchor_takes_every_unit(anchor: str, unit: str):
    """Days end with the organisation's business day and skip Easter and the First of May; hours are elapsed time."""
    offset, expected = UNITS[unit]
    story = walked({"anchor": ANCHORS[anchor][0], **offset})
    wanted, _, clock = expected[anchor].partition("T")
    assert story.state.step(LAST).due_at == berlin(wanted, clock or "17:00")


@pytest.mark.parametrize(
    ("begin", "offset", "expected"),
    [
        (berlin("2026-04-02", "12:00"), {"offset": 1}, berlin("2026-04-07")),
        (berlin("2026-12-23", "12:00"), {"offset": 2}, berlin("2026-12-28")),
        (berlin("2026-12-31", "12:00"), {"offset": 1}, berlin("2027-01-04")),
        (berlin("2026-01-31", "12:00"), {"offset": 1, "unit": "calendar_days", "roll": "none"}, berlin("2026-02-01")),
        (berlin("2028-02-28", "12:00"), {"offset": 1}, berlin("2028-02-29")),
        (berlin("2027-02-26", "12:00"), {"offset": 3, "unit": "calendar_days", "roll": "none"}, berlin("2027-03-01")),
        (berlin("2028-02-26", "12:00"), {"offset": 3, "unit": "calendar_days", "roll": "none"}, berlin("2028-02-29")),
        (berlin("2026-03-27", "12:00"), {"offset": 48, "unit": "hours"}, berlin("2026-03-29", "13:00")),
        (berlin("2026-10-24", "12:00"), {"offset": 48, "unit": "hours"}, berlin("2026-10-26", "11:00")),
        (berlin("2026-03-27", "12:00"), {"offset": 1}, datetime(2026, 3, 30, 15, tzinfo=UTC)),
        (berlin("2026-10-23", "12:00"), {"offset": 1}, datetime(2026, 10, 26, 16, tzinfo=UTC)),
        (datetime(2026, 3, 2, 23, 30, tzinfo=UTC), {"offset": 0}, berlin("2026-03-03")),
    ],
)  # fmt: skip
def test_the_calendar_of_berlin(begin: datetime, offset: dict[str, Any], expected: datetime):
    """Easter, Christmas, the new year, month ends, leap days, both clock changes and midnight in UTC."""
    story = replace(run_of(step("last", due={"anchor": "run_start", **offset})), calendar=BERLIN, at=begin)
    assert story.after(start_run).state.step(LAST).due_at == expected


def test_the_calendar_is_named_with_the_due():
    """A due says which calendar it was computed with, its edition of holidays included; one set by hand needs none."""
    story = replace(run_of(step("last", due={"anchor": "run_start", "offset": 1})), calendar=BERLIN)
    ready = story.when(start_run).events()[1]
    assert ready.calendar == BERLIN.name  # type: ignore[attr-defined]  # it is the step's announcement
    assert "DE-BE (holidays " in BERLIN.name
    by_hand = story.after(start_run).when(set_step_due, "last", NINE + timedelta(days=3)).events()[0]
    assert by_hand.calendar is None  # type: ignore[attr-defined]  # it is the step's due


def test_every_move_of_a_due_counts():
    """By hand, by an anchor, by a pause, by a calendar: each is a move; setting it for the first time is none."""
    due = {"anchor": {"field": "inputs.go_live"}}
    story = run_of(step("last", due=due)).after(start_run)
    moves = [story.state.step(LAST).due_moves]
    for change in (
        lambda now: now.after(change_inputs, {"go_live": "2026-03-20"}),
        lambda now: now.after(change_inputs, {"go_live": "2026-03-23"}),
        lambda now: now.after(set_step_due, "last", NINE + timedelta(days=30)),
        lambda now: now.after(change_inputs, {"go_live": "2026-03-24"}),
        lambda now: now.after(set_step_due, "last", None),
        lambda now: now.after(pause_run, "rest").after(resume_run, at=NINE + timedelta(days=1)),
        lambda now: now.after(recompute_dues, calendar=Calendar("early", closes=time(12))),
    ):
        story = change(story)
        moves.append(story.state.step(LAST).due_moves)
    assert moves == [0, 0, 1, 2, 2, 3, 4, 5]


RUNS_FROM: dict[str, tuple[Any, str]] = {
    "run_start": ("run_start", "2026-03-23"),
    "step_done": ({"step_done": "first"}, "2026-03-23"),
    "step_ready": ({"step_ready": "first"}, "2026-03-23"),
    "stage_entered": ({"stage_entered": "work"}, "2026-03-23"),
    "run_target": ("run_target", "2026-03-19"),
    "field": ({"field": "inputs.go_live"}, "2026-04-17"),
}


@pytest.mark.parametrize("anchor", RUNS_FROM)
def test_the_clock_stands_still_for_steps_that_still_wait(anchor: str):
    """What was counted from before a pause is due later by its working time, also if the step was locked meanwhile."""
    story = run_of(
        step("first"),
        step("second", ["first"]),
        step("last", ["second"], due={"anchor": RUNS_FROM[anchor][0], "offset": 5}),
    )
    target = NINE + timedelta(days=10)
    story = story.after(start_run, inputs={"go_live": "2026-04-10"}, target_at=target).after(
        complete_step, "first"
    )
    story = story.after(pause_run, "rest").after(resume_run, at=NINE + timedelta(days=14))
    story = replace(story, at=NINE + timedelta(days=14)).after(complete_step, "second")
    day = date.fromisoformat(RUNS_FROM[anchor][1])
    assert story.state.step(LAST).due_at == datetime.combine(day, time(17), UTC)
    assert story.when(recompute_dues).events() == []


def test_a_pause_excuses_nothing_that_had_passed_and_counts_from_its_anchor_only():
    """A due that passed before the pause stays passed; what began during a pause waited from then on."""
    passed = run_of(step("first"), step("last", ["first"], due={"anchor": "run_start", "offset": 1})).after(
        start_run
    )
    passed = passed.after(pause_run, "rest", at=NINE + timedelta(days=3))
    passed = passed.after(resume_run, at=NINE + timedelta(days=10)).after(complete_step, "first")
    assert passed.state.step(LAST).due_at == datetime(2026, 3, 3, 17, tzinfo=UTC)
    during = run_of(
        step("first"), step("last", ["first"], due={"anchor": {"step_done": "first"}, "offset": 1})
    )
    during = during.after(start_run).after(pause_run, "rest")
    during = during.after(complete_step, "first", at=NINE + timedelta(days=7))
    during = during.after(resume_run, at=NINE + timedelta(days=9))
    assert during.state.step(LAST).due_at == datetime(2026, 3, 12, 17, tzinfo=UTC)


def test_a_due_by_hand_of_a_locked_step_waits_too():
    """Whoever set it did not know that the run would rest."""
    story = run_of(step("first"), step("last", ["first"])).after(start_run)
    story = story.after(set_step_due, "last", datetime(2026, 3, 6, 12, tzinfo=UTC)).after(pause_run, "rest")
    story = story.after(resume_run, at=NINE + timedelta(days=7))
    last = story.state.step(LAST)
    assert (last.state, last.due_at, last.due_source) == (
        "locked",
        datetime(2026, 3, 13, 12, tzinfo=UTC),
        "manual",
    )
    assert story.after(complete_step, "first").state.step(LAST).due_at == last.due_at


def test_a_due_that_is_set_during_a_pause_waits_for_the_rest_of_it_only():
    """By hand or by a new date: the days before nobody knew of it count for nothing."""
    due = {"anchor": {"field": "inputs.go_live"}}
    story = (
        run_of(step("last", due=due))
        .after(start_run, inputs={"go_live": "2026-03-04"})
        .after(pause_run, "rest")
    )
    tenth, eleventh = NINE + timedelta(days=8), NINE + timedelta(days=9)
    by_hand = story.after(set_step_due, "last", datetime(2026, 3, 20, 12, tzinfo=UTC), at=tenth)
    by_date = story.after(change_inputs, {"go_live": "2026-03-20"}, at=tenth)
    resumed = by_hand.after(resume_run, at=eleventh).state.step(LAST)
    assert (resumed.due_at, resumed.due_source) == (datetime(2026, 3, 23, 12, tzinfo=UTC), "manual")
    assert by_date.after(resume_run, at=eleventh).state.step(LAST).due_at == datetime(
        2026, 3, 23, 17, tzinfo=UTC
    )
    moved = by_date.after(recompute_dues, at=tenth, calendar=replace(BERLIN, name="other"))
    assert moved.after(resume_run, at=eleventh).state.step(LAST).due_at == datetime(
        2026, 3, 23, 16, tzinfo=UTC
    )


def test_a_due_counted_from_the_target_follows_it():
    """A new target moves the dues before it; no target, no due."""
    story = run_of(step("last", due={"anchor": "run_target", "offset": -1})).after(start_run)
    assert story.state.step(LAST).due_at is None
    story = story.after(set_target, datetime(2026, 3, 13, 12, tzinfo=UTC))
    assert story.state.step(LAST).due_at == datetime(2026, 3, 12, 17, tzinfo=UTC)
    assert story.after(set_target, None).state.step(LAST).due_at is None


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]
CALENDARS = st.builds(
    Calendar,
    name=st.sampled_from(["one", "two", "three"]),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    working_days=st.frozensets(st.integers(0, 6), min_size=1),
    holidays=st.frozensets(st.dates(date(2026, 2, 1), date(2026, 6, 30)), max_size=20),
)
OFFSETS = st.fixed_dictionaries({
    "offset": st.integers(-3, 15),
    "unit": st.sampled_from(["business_days", "calendar_days", "hours"]),
})  # fmt: skip
PAUSES = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 200)), max_size=3)


@settings(max_examples=200, deadline=None)
@given(CALENDARS, CALENDARS, OFFSETS, st.lists(OFFSETS, max_size=3), PAUSES)
def test_dues_follow_calendars_and_pauses(
    first: Calendar, second: Calendar, offset: dict[str, Any], ladder: list[dict[str, Any]], pauses: list[Any]
):
    """Recomputing under the same calendar changes nothing, twice is once, and what pauses gave is not forgotten."""
    story = run_of(step("last", due={"anchor": "run_start", **offset}), reminders=ladder)
    story, clock = replace(story, calendar=first).after(start_run), NINE
    for hours, length in pauses:
        clock += timedelta(hours=hours)
        story = story.after(pause_run, "rest", at=clock)
        clock += timedelta(hours=length)
        story = story.after(resume_run, at=clock)
    before = story.state.step(LAST)
    assert set(before.alarms) <= {f"reminder:{number}" for number in range(1, 4)}
    if before.shift:
        assert rule_due(story.state, story.definition, LAST, first) == before.due_at  # type: ignore[arg-type]
        assert story.when(recompute_dues, at=clock).events() == []
    moved = story.after(recompute_dues, at=clock, calendar=second)
    assert moved.when(recompute_dues, at=clock, calendar=second).events() == []
    if before.shift:
        assert moved.after(recompute_dues, at=clock).state.step(LAST).due_at == before.due_at
