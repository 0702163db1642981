"""Promises about instants that lie far away: refused by name where they are given, and never reached by counting."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.document import Due, FormField, Offset
from domain.reach import in_reach
from domain.run import (
    add_evidence,
    change_inputs,
    complete_step,
    give_approval,
    refuse_approval,
    save_values,
    start_run,
)
from domain.run.external import receive_event
from domain.run.values import problems
from domain.schedule import Calendar, after, due_at, target_after
from tests.domain.documents import run_of, step
from tests.support.given import BO

ANY_DAY = st.dates(date.min, date.max)
ANY_INSTANT = st.datetimes(timezones=st.just(UTC))
ZONES = st.sampled_from(["UTC", "Pacific/Apia", "America/New_York", "Pacific/Kiritimati"]).map(ZoneInfo)


@given(
    ANY_DAY | ANY_INSTANT,
    st.integers(-100_000, 100_000),
    st.sampled_from(["business_days", "calendar_days", "hours"]),
    ZONES,
)
def test_what_is_counted_from_afar_is_in_reach_or_never_comes(
    anchor: date | datetime, offset: int, unit: str, zone: ZoneInfo
) -> None:
    """Neither a due nor a reminder raises or lies beyond 1970 to 2199, whatever it is counted from."""
    calendar = Calendar(zone=zone)
    rule = Due.model_validate({"anchor": "run_start", "offset": offset, "unit": unit})
    found = [due_at(rule, lambda _: anchor, calendar)]
    if isinstance(anchor, datetime):
        found.append(after(anchor, Offset.model_validate({"offset": offset, "unit": unit}), calendar))
        found.append(target_after(anchor, abs(offset) / 100, calendar))
    assert all(each is None or in_reach(each) for each in found)


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+14:00"]
)
def test_an_instant_beyond_reach_is_no_value(text: str) -> None:
    """A field for an instant names what it accepts; one for a day takes any day there is."""
    instant, day = (
        FormField(key="when", title="When", kind="datetime"),
        FormField(key="when", title="When", kind="date"),
    )
    (problem,) = problems((instant,), {"when": text})
    assert problem["accepted"].endswith("between 1970 and 2199")
    assert problems((day,), {"when": text[:10]}) == []
    assert not in_reach(datetime.fromisoformat(text))


def test_a_target_beyond_reach_is_refused_by_name() -> None:
    """Neither a start nor a correction plans a run to the end of time."""
    process = run_of(step("first"), target_from="inputs.go_live")
    for day in ("9999-12-31", "1900-01-01"):
        refusal = process.when(start_run, inputs={"go_live": day}).rejected("invalid_values")
        assert [(each["field"], each["accepted"]) for each in refusal.facts["problems"]] == [
            ("go_live", "a date between 1970 and 2199")
        ]
    started = process.after(start_run, inputs={"go_live": "2026-05-01"})
    started.when(change_inputs, {"go_live": "9999-12-31"}).rejected("invalid_values")
    assert started.state.target_at is not None


DAY = {"key": "day", "title": "Day", "kind": "date", "sets_input": "go_live"}
AFAR = {"day": "2300-01-01"}


def test_no_step_takes_the_target_of_a_run_beyond_reach() -> None:
    """Whatever gives the input a value says so by name, and the run keeps its target."""
    story = run_of(
        step("first", kind="form", fields=[DAY]),
        step("judged", ["first"], kind="approval", fields=[DAY]),
        step("told", [], kind="wait", wait={"event": "told"}, fields=[DAY]),
        target_from="inputs.go_live",
    ).after(start_run, inputs={"go_live": "2026-05-01"})
    saved = story.after(save_values, "first", AFAR)
    done = story.after(complete_step, "first")
    for deed in (
        story.when(complete_step, "first", AFAR),
        saved.when(complete_step, "first"),
        done.when(give_approval, "judged", None, AFAR, by=BO),
        done.when(add_evidence, "first", AFAR),
        story.when(receive_event, "told", "1", AFAR, by="service:crm"),
    ):
        refusal = deed.rejected("invalid_values")
        assert refusal.facts["problems"] == [
            {"field": "day", "problem": "wrong_value", "accepted": "a date between 1970 and 2199"}
        ]
    assert story.after(complete_step, "first", {"day": "2026-06-01"}).state.target_at is not None


def test_a_refusal_takes_the_target_of_a_run_nowhere_beyond_reach() -> None:
    """The new value that a refusal has to bring is one for a target."""
    review = step(
        "judged", ["first"], kind="approval", approval={"on_refusal": {"requires": ["inputs.go_live"]}}
    )
    story = run_of(step("first"), review, target_from="inputs.go_live")
    story = story.after(start_run, inputs={"go_live": "2026-05-01"}).after(complete_step, "first")
    refusal = story.when(refuse_approval, "judged", "later", {"inputs.go_live": "2300-01-01"}, by=BO)
    (problem,) = refusal.rejected("invalid_values").facts["problems"]
    assert (problem["field"], problem["accepted"]) == ("inputs.go_live", "a date between 1970 and 2199")


def test_the_ends_of_reach_are_in_it() -> None:
    """1970 begins it and 2200 is beyond, to the microsecond."""
    first, beyond = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
    assert in_reach(first)
    assert in_reach(beyond - timedelta(microseconds=1))
    assert not in_reach(beyond)
    assert not in_reach(first - timedelta(microseconds=1))
