"""The stages on a card look the same whether they were kept ready or made anew, at every moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.working_time import WorkingTime
from projections.cards.judging import Judge
from projections.cards.stages import KEPT, judged, stages_of

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
INSTANTS = st.none() | st.integers(0, 60).map(lambda days: (BEGIN + timedelta(days=days)).isoformat())
DOTS = st.fixed_dictionaries({
    "key": st.just("stage"), "title": st.text(max_size=3),
    "state": st.sampled_from(["not_started", "in_progress", "done", "late", "needs_help"]),
    "target_days": st.none() | st.integers(1, 30), "late_at": INSTANTS, "blocked_at": INSTANTS, "entered_at": INSTANTS,
    "ended_at": INSTANTS, "outcome": st.none() | st.just("approved"), "outcome_by": st.none() | st.just("person:dana"),
    "outcome_at": INSTANTS,
})  # fmt: skip


@given(
    stored=st.lists(DOTS, max_size=4), days=st.lists(st.integers(-5, 400), max_size=6), ended=st.booleans()
)
def test_what_is_kept_ready_looks_as_if_made_anew(stored: list[dict[str, Any]], days: list[int], ended: bool):
    """However often and in whatever order moments are asked for, also in another year."""
    text = orjson.dumps(stored).decode()
    for day in days:
        judge = Judge(BEGIN + timedelta(days=day))
        kept = stages_of(text, BEGIN, judge, ended=ended)
        made = stages_of(stored, BEGIN, judge, ended=ended)
        assert judged(kept, judge.now) == judged(made, judge.now)
        assert kept.target_at == made.target_at


def test_the_forecast_warns_of_a_stage_where_nothing_is_worse():
    """A stage that has begun is at risk; one whose target has passed is late, one that is done stays done."""
    stored = [{"key": key, "title": key, "state": state, "target_days": 5, "late_at": None, "blocked_at": None,
               "entered_at": None, "ended_at": None, "outcome": None}
              for key, state in (("a", "done"), ("b", "in_progress"), ("c", "not_started"))]  # fmt: skip
    judge = Judge(BEGIN)
    stages = stages_of(orjson.dumps(stored).decode(), BEGIN, judge, ended=False)
    warned = {"a", "b"}
    assert [dot.state for dot in judged(stages, BEGIN, warned)] == ["done", "at_risk", "not_started"]
    assert [dot.state for dot in judged(stages, BEGIN)] == ["done", "in_progress", "not_started"]
    assert [dot.state for dot in judged(stages, BEGIN + timedelta(days=30), warned)][1] == "late"


def test_a_stage_that_waits_for_work_in_others_is_not_called_stuck():
    """Nobody has to do anything about it; about what somebody outside is late with, somebody has."""

    def waiting(*states: str, blocked_at: str | None = None, ended: bool = False) -> list[bool]:
        stored = [{"key": state, "title": state, "state": state, "target_days": None, "late_at": None,
                   "blocked_at": blocked_at, "entered_at": None, "ended_at": None, "outcome": None}
                  for state in states]  # fmt: skip
        return [dot.waits for dot in stages_of(stored, BEGIN, Judge(BEGIN), ended=ended).dots]

    assert waiting("done", "in_progress", "blocked", "not_started") == [False, False, True, False]
    assert waiting("done", "blocked", "not_started") == [False, False, False], "nobody can work anywhere"
    assert waiting("late", "blocked", blocked_at=BEGIN.isoformat()) == [False, False], (
        "somebody outside is late"
    )
    assert waiting("in_progress", "blocked", ended=True) == [False, False]


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_days_in_a_stage_are_working_days(since: datetime):
    """As the calendar counts them, however often they are asked for; nothing before the beginning."""
    judge = Judge(datetime(2026, 3, 6, 12, tzinfo=UTC))
    plain = WorkingTime(judge.calendar).hours(since, judge.now) / 8
    assert judge.worked_days(since) == judge.worked_days(since) == pytest.approx(plain, abs=0.051)


def test_no_more_is_kept_than_is_said():
    """Boards of many cards do not fill the memory."""
    judge = Judge(BEGIN)
    for number in range(KEPT + 10):
        stages_of("[]", BEGIN + timedelta(seconds=number), judge, ended=False)
        assert len(judge.kept) <= KEPT
