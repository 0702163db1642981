"""Promises about the load of people: small cases, each worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.directory import Directory, GroupFacts, PersonFacts
from domain.document import Step
from domain.schedule import Calendar
from domain.words import Assignee
from domain.workload import Load, Piece, _working_days, effort, weeks_ahead, workload

WEDNESDAY = date(2026, 3, 4)
"""In week 10; 9 March is a Monday."""
BO, CY, GONE = (Assignee(f"person:{key}") for key in ("bo", "cy", "gone"))
IT = Assignee("group:it")
HOUSE = Directory(
    {BO: PersonFacts("Bo"), CY: PersonFacts("Cy"), GONE: PersonFacts("Gone", active=False)},
    {IT: GroupFacts("IT", (GONE, BO, CY))},
)
OFFICE = Calendar(holidays=frozenset({date(2026, 3, 9)}))


def loads(*pieces: Piece, weeks: int = 2) -> dict[Assignee | None, Load]:
    """Who has how much from Wednesday on."""
    return workload(pieces, weeks_ahead(WEDNESDAY, weeks, OFFICE), HOUSE, OFFICE, WEDNESDAY)


def test_working_days_from_afar_count_moved_ones():
    """Counted by weeks or walked day by day: the same, with days off and days that are worked in their place."""
    moved = frozenset({date(2026, 1, 10), date(2026, 8, 8), date(2026, 8, 10)})
    calendar = Calendar(
        holidays=frozenset({date(2026, 1, 2), date(2026, 8, 21), date(2026, 8, 10)}), moved=moved
    )
    first = date(2026, 1, 1)
    for days in (7, 8, 13, 230, 365):
        walked = sum(calendar.works_on(first + timedelta(days=number + 1)) for number in range(days))
        assert _working_days(first, first + timedelta(days=days), calendar) == walked


def test_ready_work_is_spread_over_the_working_days_until_its_due():
    """Wednesday to Friday and, after a weekend and a holiday, Tuesday: four days of 2 hours."""
    load = loads(Piece(BO, 8.0, date(2026, 3, 10)))[BO]
    assert (load.ready, load.later) == ([6.0, 2.0], 0.0)


def test_what_lies_beyond_the_last_week_is_later():
    """Due on Friday of the third week: 3 + 4 + 5 days, of which five are beyond the second week."""
    load = loads(Piece(BO, 12.0, date(2026, 3, 20)))[BO]
    assert (load.ready, load.later) == ([3.0, 4.0], 5.0)


def test_coming_work_counts_in_the_week_of_its_due():
    """It cannot be begun yet, so nothing is spread; what is due after the last week is later."""
    load = loads(
        Piece(BO, 5.0, date(2026, 3, 13), ready=False), Piece(BO, 3.0, date(2026, 3, 16), ready=False)
    )[BO]
    assert (load.coming, load.later) == ([0.0, 5.0], 3.0)


def test_overdue_waiting_and_undated_work_stands_apart():
    """None of it is in a week: it presses, it cannot be done, or nobody said when."""
    load = loads(
        Piece(BO, 1.0, date(2026, 3, 3)),
        Piece(BO, 2.0, date(2026, 3, 3), waits=True),
        Piece(BO, 4.0, None),
        Piece(BO, 8.0, None, ready=False),
    )[BO]
    assert (load.overdue, load.waiting, load.undated, load.later) == (1.0, 2.0, 4.0, 8.0)
    assert (load.ready, load.coming, load.pieces) == ([0.0, 0.0], [0.0, 0.0], 4)


def test_work_due_on_a_day_off_is_done_before():
    """Due on Sunday: Wednesday to Friday; due on the holiday: the same days."""
    assert loads(Piece(BO, 6.0, date(2026, 3, 8)))[BO].ready == [6.0, 0.0]
    assert loads(Piece(BO, 6.0, date(2026, 3, 9)))[BO].ready == [6.0, 0.0]


def test_work_due_before_the_next_working_day_is_not_lost():
    """On a Saturday, what is due on Sunday counts in this week although no working day is left in it."""
    saturday = date(2026, 3, 7)
    found = workload(
        [Piece(BO, 3.0, date(2026, 3, 8))], weeks_ahead(saturday, 2, OFFICE), HOUSE, OFFICE, saturday
    )
    assert found[BO].ready == [3.0, 0.0]


def test_work_of_a_group_is_shared_by_its_active_members():
    """Two of three are there: half of it each."""
    found = loads(Piece(IT, 6.0, WEDNESDAY))
    assert {who: load.ready[0] for who, load in found.items()} == {BO: 3.0, CY: 3.0}


@pytest.mark.parametrize(
    ("needs", "agreed", "each"),
    [("all", (), {BO: 6.0, CY: 6.0}), ("all", (BO,), {CY: 6.0}), (1, (), {BO: 3.0, CY: 3.0}),
     (2, (), {BO: 6.0, CY: 6.0}), (2, (BO,), {CY: 6.0})],
)  # fmt: skip
def test_what_several_judge_is_each_ones_work(
    needs: str | int, agreed: tuple[str, ...], each: dict[Assignee, float]
):
    """Who has agreed has nothing left to do."""
    found = loads(Piece(IT, 6.0, WEDNESDAY, needs=needs, agreed=agreed))  # type: ignore[arg-type]  # any, all or a number
    assert {who: load.ready[0] for who, load in found.items()} == each


def test_work_of_nobody_is_told_too():
    """Unassigned work, that of an empty group, and that of who left."""
    empty = Assignee("group:empty")
    found = loads(Piece(None, 1.0, None), Piece(empty, 2.0, None), Piece(GONE, 3.0, None))
    assert {who: load.undated for who, load in found.items()} == {None: 1.0, empty: 2.0, GONE: 3.0}


def test_the_effort_of_a_step():
    """Weight times estimate; without an estimate a weight of one is an hour."""
    assert effort(Step(key="a", title="A", weight=2, estimate_hours=1.5)) == 3.0
    assert effort(Step(key="a", title="A", weight=2)) == 2.0


def test_a_week_knows_its_share():
    """Three days are left of this week, and a holiday leaves four of the next."""
    this, following = weeks_ahead(WEDNESDAY, 2, OFFICE)
    assert (this.name, this.share, following.name, following.share) == ("2026-W10", 0.6, "2026-W11", 0.8)
    assert [week.name for week in weeks_ahead(date(2026, 12, 28), 2, OFFICE)] == ["2026-W53", "2027-W01"]


PIECES = st.builds(
    Piece,
    st.sampled_from([BO, CY, IT, GONE, None]),
    st.floats(0.1, 100),
    st.none() | st.integers(-30, 400).map(lambda days: WEDNESDAY + timedelta(days=days)),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(PIECES, max_size=8), st.integers(1, 8))
def test_no_hour_is_lost_and_none_is_invented(pieces: list[Piece], weeks: int):
    """What the weeks and the columns beside them hold is all the effort there is."""
    found = loads(*pieces, weeks=weeks).values()
    apart = sum(load.overdue + load.waiting + load.undated + load.later for load in found)
    assert sum(map(sum, (load.ready for load in found))) + sum(
        map(sum, (load.coming for load in found))
    ) + apart == (pytest.approx(sum(piece.hours for piece in pieces)))
