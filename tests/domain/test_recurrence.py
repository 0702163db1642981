"""Promises about recurring work: each instant once, in the organisation's time, and never a changed old task."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import OccurrenceMade, OccurrencePassedOver, RecurrenceSetUp
from domain.instants import checked, described, upcoming
from domain.recurrence import (
    MOST_AT_ONCE,
    RECURRENCE,
    Occasion,
    Recurrence,
    change,
    deal_with,
    end,
    filled,
    made_id,
    next_instant,
    occasions,
    pause,
    resume,
    set_up,
    way_at,
)
from domain.words import Rejected
from tests.support.given import DANA, NINE, Story

PROJECT, MADE = UUID(int=8), UUID(int=9)
MONDAYS: dict[str, Any] = {
    "name": "Weekly report", "cron": "0 10 * * MON", "time_zone": "Europe/Berlin", "template": {"title": "Report"},
}  # fmt: skip
SET_UP = RecurrenceSetUp(**MONDAYS, makes="task", project=PROJECT, by=DANA, at=NINE)
BERLIN = ZoneInfo("Europe/Berlin")
# NINE is Monday, 2 March 2026, 09:00 UTC: ten in Berlin, which is not after itself
FIRST = datetime(2026, 3, 9, 9, tzinfo=UTC)
WEEK = timedelta(weeks=1)
nothing = Story(RECURRENCE)
weekly = nothing.given(SET_UP)


def state(**changed: Any) -> Recurrence:
    """Recurring work with another rule."""
    found = RECURRENCE.fold([SET_UP.model_copy(update=changed)])
    assert found is not None
    return found


def test_recurring_work_is_set_up_once():
    """What recurs, when and where is in one event."""
    nothing.when(set_up, **MONDAYS, makes="task", project=PROJECT).then(SET_UP)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"cron": "0 25 * * *"}, "bad_cron"),
        ({"cron": "0 9 * *"}, "bad_cron"),
        ({"cron": "* * * * * *"}, "bad_cron"),
        ({"cron": "0 0 30 2 *"}, "bad_cron"),
        ({"cron": ""}, "bad_cron"),
        ({"cron": "*/65 * * * *"}, "bad_cron"),
        ({"cron": "0 */25 * * *"}, "bad_cron"),
        ({"cron": "0 9 1-5/40 * *"}, "bad_cron"),
        ({"cron": "0 9 * 1,*/13 *"}, "bad_cron"),
        ({"cron": "0 9 * * */8"}, "bad_cron"),
        ({"time_zone": "Europe/Atlantis"}, "unknown_time_zone"),
        ({"time_zone": "../etc/passwd"}, "unknown_time_zone"),
        ({"project": None}, "project_required"),
        ({"makes": "run"}, "process_required"),
        ({"name": " "}, "bad_text"),
    ],
)
def test_what_never_comes_is_refused(wrong: dict[str, Any], code: str):
    """A schedule that cannot be, or work that has no place, is refused with what would be accepted."""
    told = {**MONDAYS, "makes": "task", "project": PROJECT, **wrong}
    nothing.when(set_up, **told).rejected(code)


def test_nothing_comes_before_its_time():
    """Up to the first instant there is nothing to make; at it there is."""
    assert occasions(state(), FIRST - timedelta(seconds=1)) == []
    assert occasions(state(), FIRST) == [Occasion(FIRST, None)]


def test_each_instant_is_dealt_with_once():
    """The work of an instant is recorded once; the next one follows a week later."""
    after = weekly.when(deal_with, Occasion(FIRST, None), MADE).then(
        OccurrenceMade(occurs_at=FIRST, made=MADE, by=DANA, at=NINE)
    )
    assert occasions(after.state, FIRST) == []
    # the clocks change on 29 March: ten in Berlin is an hour earlier from then on
    assert upcoming("0 10 * * MON", "Europe/Berlin", FIRST + 2 * WEEK, 1) == [
        FIRST + 3 * WEEK - timedelta(hours=1)
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("all", [None, None, None]),
        ("last", ["missed 2 times; only the last one is made up for", None]),
        ("none", ["missed 2 times; none is made up for", None]),
    ],
)
def test_after_an_outage_the_catch_up_rule_says_what_is_made(rule: str, expected: list[str | None]):
    """Two instants were missed and the third has just come: all, the last one, or only what is not missed."""
    found = occasions(state(catch_up=rule), FIRST + 2 * WEEK)
    assert [occasion.passed_over for occasion in found] == expected
    assert found[-1].occurs_at == FIRST + 2 * WEEK


def test_what_was_long_missed_is_not_made_up_for_when_none_is():
    """With the rule none even the last instant is passed over once it is more than a quarter of an hour old."""
    late = FIRST + timedelta(minutes=16)
    assert occasions(state(catch_up="none"), late) == [Occasion(FIRST, "missed 1 time; none is made up for")]
    weekly.when(deal_with, occasions(state(catch_up="none"), late)[0], MADE).then(
        OccurrencePassedOver(occurs_at=FIRST, reason="missed 1 time; none is made up for", by=DANA, at=NINE)
    )


def test_an_endless_outage_is_dealt_with_in_portions():
    """A schedule of every minute that was forgotten for a year takes bounded work at a time."""
    found = occasions(state(catch_up="all", cron="* * * * *"), NINE + timedelta(days=365))
    assert len(found) == MOST_AT_ONCE
    assert found[0].occurs_at == NINE + timedelta(minutes=1)


def test_a_pause_is_not_made_up_for():
    """While it is paused nothing comes; after it only what follows."""
    paused = weekly.after(pause, "Holidays")
    assert occasions(paused.state, FIRST + 5 * WEEK) == []
    resumed = paused.after(resume, at=FIRST + 2 * WEEK + timedelta(hours=1))
    assert [one.occurs_at for one in occasions(resumed.state, FIRST + 3 * WEEK)] == [
        FIRST + 3 * WEEK - timedelta(hours=1)
    ]


RENAMED = {**MONDAYS, "name": "The report"}
LATER = {**MONDAYS, "cron": "30 10 * * MON"}


@pytest.mark.parametrize("changed", [RENAMED, LATER, {**MONDAYS, "template": {"title": "Another"}}])
@pytest.mark.parametrize(("rule", "left"), [("all", [0, 1]), ("last", [1])])
def test_what_was_missed_before_a_change_comes_all_the_same(
    changed: dict[str, Any], rule: str, left: list[int]
):
    """Renamed, moved or described anew while nobody looked: what came before is made up for, by the rule, once."""
    missed = nothing.given(SET_UP.model_copy(update={"catch_up": rule}))
    at = FIRST + WEEK + timedelta(seconds=1)
    story = missed.after(change, **{**changed, "catch_up": rule}, at=at)
    made = [each.occurs_at for each in occasions(story.state, at) if each.passed_over is None]
    assert made == [FIRST + place * WEEK for place in left]
    for occasion in occasions(story.state, at):
        story = story.after(deal_with, occasion, MADE)
    assert occasions(story.state, at) == []
    *_, following = occasions(story.state, FIRST + 2 * WEEK + timedelta(hours=1))
    assert story.after(deal_with, following, MADE).state.earlier == ()


def test_each_instant_is_made_in_the_way_that_held_then():
    """The template and the zone of then, whatever has been changed since; what follows is made in the new way."""
    at = FIRST + timedelta(seconds=1)
    changed = {"name": "Report", "cron": "0 10 * * MON", "time_zone": "UTC", "template": {"title": "New"}}
    known = nothing.given(SET_UP.model_copy(update={"catch_up": "all"})).after(
        change, **changed, catch_up="all", at=at
    )
    found = [each.occurs_at for each in occasions(known.state, FIRST + timedelta(hours=2))]
    assert found == [FIRST, FIRST + timedelta(hours=1)]
    ways = [way_at(known.state, instant) for instant in found]
    assert [(way.template["title"], way.time_zone) for way in ways] == [
        ("Report", "Europe/Berlin"),
        ("New", "UTC"),
    ]


def test_what_was_missed_before_a_pause_comes_after_it():
    """A pause begun a second after an instant does not lose it, and makes up for none of its own."""
    paused = weekly.after(pause, "Holidays", at=FIRST + timedelta(seconds=1))
    assert occasions(paused.state, FIRST + WEEK) == []
    assert next_instant(paused.state) is None
    moved = paused.after(change, **LATER, at=FIRST + timedelta(days=1))
    resumed = moved.after(resume, at=FIRST + WEEK + timedelta(hours=1))
    assert next_instant(resumed.state) == FIRST
    assert [one.occurs_at for one in occasions(resumed.state, FIRST + WEEK + timedelta(hours=2))] == [FIRST]
    assert [one.occurs_at for one in occasions(resumed.state, FIRST + 2 * WEEK + timedelta(minutes=30))] == [
        FIRST, FIRST + 2 * WEEK + timedelta(minutes=30)
    ]  # fmt: skip


def test_it_is_changed_paused_resumed_and_ended_once_each():
    """Every verb is idempotent, and what has ended stays so."""
    story = weekly.when(change, **{**MONDAYS, "cron": "0 8 * * MON"}).then_types("recurrence_changed")
    story = story.when(pause, "Holidays").then_types("recurrence_paused")
    story = story.when(resume).then_types("recurrence_resumed")
    ended = story.when(end, "No longer needed").then_types("recurrence_ended")
    ended.when(pause, "Why").rejected("recurrence_ended")
    ended.when(resume).rejected("recurrence_ended")
    ended.when(change, **MONDAYS).rejected("recurrence_ended")
    assert occasions(ended.state, FIRST + WEEK) == []


def test_the_clocks_changes_neither_lose_nor_double_a_time():
    """A skipped time comes right after the gap, a doubled one comes once."""
    spring = upcoming("30 2 * * *", "Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=BERLIN), 2)
    assert [instant.astimezone(BERLIN).isoformat() for instant in spring] == [
        "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"
    ]  # fmt: skip
    autumn = upcoming("30 2 * * *", "Europe/Berlin", datetime(2026, 10, 24, 12, tzinfo=BERLIN), 2)
    assert [instant.astimezone(BERLIN).isoformat() for instant in autumn] == [
        "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"
    ]  # fmt: skip


def test_ends_of_months_and_leap_days():
    """The last day of each month and 29 February are the days they are."""
    ends = upcoming("0 17 L * *", "UTC", datetime(2028, 1, 31, 18, tzinfo=UTC), 2)
    assert [instant.date().isoformat() for instant in ends] == ["2028-02-29", "2028-03-31"]
    leap = upcoming("0 9 29 2 *", "UTC", datetime(2026, 1, 1, tzinfo=UTC), 1)
    assert leap == [datetime(2028, 2, 29, 9, tzinfo=UTC)]


def test_texts_name_the_instant_where_the_schedule_is():
    """A title says which month it is for, in the schedule's own zone."""
    at = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    assert (
        filled("Close {month} ({date}, {week})", at, "Europe/Berlin")
        == "Close April 2026 (2026-04-01, week 14)"
    )
    assert described("0 9 1 * *") == "At 09:00 on the first day of every month"


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 0 13 * 5", "At 00:00 on the 13th day of every month, and also at 00:00 on Friday"),
        ("0 0 */2 * 1", "At 00:00 on every second day of month if it's on Monday"),
        ("*/60 * * * *", "Every 60th minute of every hour"),
        ("0 9 22 * *", "At 09:00 on the 22nd day of every month"),
        ("0 9 11,31 * *", "At 09:00 on the 11th and the 31st day of month"),
    ],
)
def test_a_schedule_is_told_as_it_comes(cron: str, said: str):
    """The 13th and every Friday are either of them; every second day and Monday are both at once."""
    assert described(checked(cron, "UTC", NINE)) == said
    days = {(at.day, at.isoweekday()) for at in upcoming(cron, "UTC", NINE, 40)}
    if "and also" in said:
        assert any(day == 13 and weekday != 5 for day, weekday in days)
        assert any(day != 13 and weekday == 5 for day, weekday in days)
    if "if it's" in said:
        assert all(day % 2 == 1 and weekday == 1 for day, weekday in days)


@given(st.text(max_size=30))
def test_any_text_is_a_schedule_or_refused(text: str):
    """No text breaks the check."""
    try:
        fields = checked(text, "UTC", NINE).split()
    except Rejected as refusal:
        fields = ["refused"] * 5 if refusal.code == "bad_cron" else []
    assert len(fields) == 5


@settings(deadline=None)
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=8), st.sampled_from(["all", "last", "none"]))
def test_however_often_it_is_looked_at_each_instant_counts_once(pauses: list[int], rule: str):
    """Looked at in any rhythm: instants in order, none twice, each with an id of its own that never changes."""
    known, now, seen = state(catch_up=rule, cron="*/20 * * * *"), NINE, []
    for minutes in pauses:
        now += timedelta(minutes=minutes)
        while found := occasions(known, now):
            for occasion in found:
                made = deal_with(known, occasion, made_id(PROJECT, occasion.occurs_at), by=DANA, at=now)
                known = RECURRENCE.fold(made, known) or known
                assert deal_with(known, occasion, MADE, by=DANA, at=now) == []
                seen.append(occasion.occurs_at)
    assert seen == sorted(set(seen))
    last = upcoming("*/20 * * * *", "Europe/Berlin", now - timedelta(minutes=20), 1)[0]
    assert not NINE < last <= now or seen[-1] == last
