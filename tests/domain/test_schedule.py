"""Promises about when things are due."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.document import Due, Offset
from domain.schedule import Calendar, after, due_at
from domain.working_time import WorkingTime

BERLIN = Calendar(
    "berlin-1", ZoneInfo("Europe/Berlin"), holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)})
)
PLAIN = Calendar()

zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]
)
calendars = st.builds(
    Calendar,
    name=st.just("any"),
    zone=zones.map(ZoneInfo),
    working_days=st.frozensets(st.integers(0, 6), min_size=1),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2028, 12, 31)), max_size=40),
)
instants = st.timedeltas(timedelta(0), timedelta(days=1_000)).map(
    lambda since: datetime(2026, 1, 1, tzinfo=UTC) + since
)


def due(anchor: datetime | date | None, calendar: Calendar = BERLIN, **rule: Any) -> datetime | None:
    """When a rule is due that is counted from a date or an instant that somebody named.

    What begins by itself at the anchor is due at the same instant, unless that is over when it begins.
    """
    named = due_at(Due(anchor="run_target", **rule), lambda _: anchor, calendar)
    if isinstance(anchor, datetime) and named is not None and named >= anchor:
        assert due_at(Due(anchor="run_start", **rule), lambda _: anchor, calendar) == named
    return named


def local(day: str, clock: str = "17:00") -> datetime:
    """An instant by the clock in Berlin."""
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("anchor", "rule", "expected"),
    [
        ("2026-03-02", {"offset": 1}, "2026-03-03"),
        ("2026-03-06", {"offset": 1}, "2026-03-09"),
        ("2026-03-07", {"offset": 1}, "2026-03-09"),
        ("2026-03-09", {"offset": -1}, "2026-03-06"),
        ("2026-03-07", {"offset": 0}, "2026-03-09"),
        ("2026-03-07", {"offset": 0, "roll": "previous"}, "2026-03-06"),
        ("2026-03-07", {"offset": 0, "roll": "none"}, "2026-03-07"),
        ("2026-04-02", {"offset": 1}, "2026-04-07"),
        ("2026-02-28", {"offset": 1, "unit": "calendar_days", "roll": "none"}, "2026-03-01"),
        ("2028-02-28", {"offset": 1, "unit": "calendar_days"}, "2028-02-29"),
        ("2027-12-31", {"offset": 1, "unit": "calendar_days", "roll": "none"}, "2028-01-01"),
        ("2026-03-20", {"offset": 14, "unit": "calendar_days"}, "2026-04-07"),
    ],
)
def test_days_are_counted_by_the_calendar(anchor: str, rule: dict[str, Any], expected: str):
    """Business days skip weekends and holidays, calendar days roll as told, month ends and leap days are days."""
    assert due(date.fromisoformat(anchor), **rule) == local(expected)


def test_an_unset_anchor_gives_no_due():
    """Nothing is due before its anchor is set: there is no silent default."""
    assert due(None, offset=3) is None


def test_a_due_can_name_its_time_of_day():
    """A due without a time is the end of the business day, with one it is that local time."""
    assert due(date(2026, 3, 2), time="09:30") == local("2026-03-02", "09:30")
    assert due(local("2026-03-02", "08:00")) == local("2026-03-02")


@pytest.mark.parametrize(
    ("begun", "rule", "expected"),
    [
        ("2026-03-02 17:00", {}, "2026-03-02 17:00"),
        ("2026-03-02 17:01", {}, "2026-03-03 17:00"),
        ("2026-03-06 17:01", {}, "2026-03-09 17:00"),
        ("2026-03-06 17:01", {"roll": "previous"}, "2026-03-09 17:00"),
        ("2026-03-06 17:01", {"unit": "calendar_days"}, "2026-03-09 17:00"),
        ("2026-03-06 17:01", {"unit": "calendar_days", "roll": "none"}, "2026-03-07 17:00"),
        ("2026-03-02 12:01", {"time": "12:00"}, "2026-03-03 12:00"),
        ("2026-03-07 18:00", {"roll": "previous"}, "2026-03-09 17:00"),
        ("2026-03-07 12:00", {"roll": "previous"}, "2026-03-09 17:00"),
        ("2026-03-07 12:00", {"roll": "previous", "anchor": "run_target"}, "2026-03-06 17:00"),
        ("2026-03-02 17:01", {"offset": 1}, "2026-03-03 17:00"),
        ("2026-03-02 17:01", {"offset": -1}, "2026-02-27 17:00"),
        ("2026-03-02 17:01", {"anchor": "run_target"}, "2026-03-02 17:00"),
        ("2026-03-02 17:01", {"anchor": {"field": "inputs.meeting"}}, "2026-03-02 17:00"),
    ],
)
def test_what_begins_after_business_is_not_due_before_it_began(
    begun: str, rule: dict[str, Any], expected: str
):
    """It is the next day's; a date that somebody named, or a distance back, stays what it is."""
    anchor = local(*begun.split())
    told = Due.model_validate({"anchor": "run_start", **rule})
    assert due_at(told, lambda _: anchor, BERLIN) == local(*expected.split())


def test_a_moved_working_day_counts():
    """A Saturday that is worked in place of a Friday is a business day, also where a week is looked at from afar."""
    friday, saturday = date(2026, 1, 2), date(2026, 1, 10)
    calendar = Calendar(holidays=frozenset({friday}), moved=frozenset({saturday}))
    assert calendar.working_day(date(2026, 1, 9), 1) == saturday
    assert calendar.roll(saturday, "next") == saturday
    assert calendar.working_day(date(2026, 1, 1), 1) == date(2026, 1, 5)
    begin = datetime(2026, 1, 9, 17, tzinfo=UTC)
    assert calendar.working_time(begin, begin + timedelta(days=3)) == timedelta(hours=16)
    assert WorkingTime(calendar).between(begin, begin + timedelta(days=3)) == timedelta(hours=16)


def test_the_day_is_the_organisation_s_day():
    """Half past eleven in the evening in UTC is already the next day in Berlin."""
    assert due(datetime(2026, 3, 2, 23, 30, tzinfo=UTC)) == local("2026-03-03")


def test_clock_changes_move_no_local_time():
    """The local time of a due is the same before and after the clocks change; hours are elapsed time."""
    assert due(local("2026-03-27"), offset=1) == datetime(2026, 3, 30, 15, tzinfo=UTC)
    assert due(local("2026-03-28", "12:00"), offset=24, unit="hours") == local("2026-03-29", "13:00")
    assert due(date(2026, 3, 29), roll="none", time="02:30") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_calendar_without_working_days_gives_no_due():
    """Where the organisation never works nothing is due, and nothing hangs."""
    assert due(date(2026, 3, 2), Calendar(working_days=frozenset()), offset=1) is None
    assert due(date(9999, 12, 31), PLAIN, offset=5) is None


@given(calendars, instants, st.integers(-60, 60))
def test_a_business_day_due_is_a_working_day(calendar: Calendar, start: datetime, offset: int):
    """Whatever the calendar, the due falls on a working day with exactly that many working days between."""
    found = due(start, calendar, offset=offset)
    assert found is not None
    day, first = calendar.local_day(found), calendar.local_day(start)
    assert calendar.works_on(day)
    if offset:
        low, high = sorted((first, day))
        between = [low + timedelta(days=n) for n in range((high - low).days + 1)]
        assert sum(calendar.works_on(one) for one in between if one != first) == abs(offset)


@given(calendars, instants, st.integers(-400, 400), st.sampled_from(["next", "previous", "none"]))
def test_a_calendar_day_due_is_rolled_as_told(calendar: Calendar, start: datetime, offset: int, roll: Any):
    """Rolling moves to the nearest working day in its direction and never past one."""
    found = due(start, calendar, offset=offset, unit="calendar_days", roll=roll)
    plain = calendar.local_day(start) + timedelta(days=offset)
    assert found is not None
    moved = (calendar.local_day(found) - plain).days
    assert moved == 0 if roll == "none" else (moved >= 0 if roll == "next" else moved <= 0)
    if moved:
        skipped = [plain + timedelta(days=n * (1 if moved > 0 else -1)) for n in range(abs(moved))]
        assert not any(calendar.works_on(day) for day in skipped)


@given(calendars, instants, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_working_time_is_put_back(calendar: Calendar, start: datetime, pause: timedelta):
    """Moving an instant by the working time of a pause leaves the same working time up to it as before the pause."""
    working = calendar.working_time(start, start + pause)
    assert timedelta(0) <= working <= pause + timedelta(seconds=1)
    later = calendar.later(start, working)
    assert calendar.working_time(start, later) == working


@given(calendars, instants, st.integers(-30, 30))
def test_reminders_keep_the_local_time(calendar: Calendar, start: datetime, days: int):
    """A reminder some days away comes at the same time by the organisation's clock, unless the clocks skip it."""
    offset = TypeAdapter(Offset).validate_python({"offset": days, "unit": "calendar_days"})
    found = after(start, offset, calendar)
    assert found is not None
    wall = start.astimezone(calendar.zone).replace(tzinfo=None) + timedelta(days=days)
    shift = found.astimezone(calendar.zone).replace(tzinfo=None) - wall
    assert abs(shift) <= timedelta(hours=1) or calendar.zone.key == "Pacific/Apia"
