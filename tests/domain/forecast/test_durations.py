"""How long steps take: survival curves by hand, shrinkage, working time, what is learnt from trails."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.forecast.durations import GRID, draw, expected, kaplan_meier, learn, seen
from domain.forecast.steps import StepModel, learn_steps
from domain.forecast.trails import Mark, Trail
from domain.forecast.working_time import Axis
from domain.schedule import Calendar
from tests.domain.forecast.support import AXIS, HOUR, OFFICE
from tests.support.given import NINE

MONDAY = NINE.timestamp()
DAY_SECONDS = 86_400.0


def test_kaplan_meier_equals_the_curve_worked_out_by_hand() -> None:
    """Ends at 1, 3, 3 and 5, open at 2 and 4: 1/6, then 2 of 4, then the last of 1."""
    times, share = kaplan_meier([1, 2, 3, 3, 4, 5], [True, False, True, True, False, True])
    assert times.tolist() == [1, 3, 5]
    assert share == pytest.approx([1 / 6, 1 - (5 / 6) * (2 / 4), 1.0])


def test_the_longest_counts_as_finished() -> None:
    """Nothing is known beyond the longest, so the curve ends there."""
    times, share = kaplan_meier([1, 2], [True, False])
    assert (times.tolist(), share.tolist()) == ([1, 2], [0.5, 1.0])


def test_without_open_work_the_curve_is_the_plain_distribution() -> None:
    """The quantiles of ten values are those values."""
    found = seen(np.arange(1, 11), np.ones(10))
    assert (found[0], found[32], found[-1]) == (1, 5, 10)


def test_open_work_makes_durations_longer() -> None:
    """Leaving out what is still open would tell only of the quick ones."""
    finished = seen([1, 2, 3], [True] * 3)
    with_open = seen([1, 2, 3, 9, 9], [True, True, True, False, False])
    assert (with_open >= finished).all()
    assert with_open[45] > finished[45]


def test_below_ten_samples_the_author_counts_for_the_rest() -> None:
    """With four samples each quantile is four tenths of what was seen and six tenths of what is expected."""
    mixed = learn([100.0] * 4, [True] * 4, 1_000.0)
    assert mixed.quantiles == pytest.approx(0.4 * 100 + 0.6 * expected(1_000.0))
    assert mixed.samples == 4
    assert learn([100.0] * 10, [True] * 10, 1_000.0).quantiles == pytest.approx(np.full(len(GRID), 100.0))
    assert learn([], [], 1_000.0).at(0.5) == pytest.approx(1_000.0)


def test_an_author_expects_twice_the_median_in_one_case_of_seven() -> None:
    """P85 of what is expected is twice its median."""
    assert np.interp([0.5, 0.85], GRID, expected(10.0)) == pytest.approx([10.0, 20.0], rel=0.02)


def test_drawing_is_reading_the_quantiles() -> None:
    """At every level the drawn value is the interpolated quantile of its own row."""
    table = np.stack([np.linspace(0, 1, len(GRID)), np.linspace(0, 1, len(GRID)) ** 2])
    levels = np.random.default_rng(1).random((2, 500))
    wanted = np.stack([np.interp(levels[row], GRID, table[row]) for row in range(2)])
    assert draw(table, levels.copy()) == pytest.approx(wanted)


INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(INSTANTS, st.integers(0, 60 * 86_400))
def test_the_axis_measures_what_the_calendar_measures(begin: datetime, seconds: int) -> None:
    """Working time between two instants is the same on the axis as day by day."""
    end = begin + timedelta(seconds=seconds)
    wanted = OFFICE.working_time(begin, end).total_seconds()
    assert float(AXIS.working(end.timestamp()) - AXIS.working(begin.timestamp())) == pytest.approx(
        wanted, abs=1e-3
    )


@given(st.floats(1.0, 5e7))
def test_the_axis_goes_back_to_where_it_came_from(working: float) -> None:
    """The instant that comes so much working time after the beginning has so much working time before it."""
    assert float(AXIS.working(AXIS.instants(working))) == pytest.approx(working, abs=1e-3)


def test_a_calendar_without_working_days_counts_every_second() -> None:
    """Nobody's time stands still because of a setting."""
    axis = Axis.of(Calendar(working_days=frozenset()), date(2026, 1, 1), date(2026, 12, 31))
    assert float(axis.working(MONDAY + 5) - axis.working(MONDAY)) == 5


def _learnt(*marks: Mark, pauses: tuple[tuple[float, float | None], ...] = ()) -> StepModel:
    return learn_steps([Trail("r", MONDAY, marks, pauses=pauses)], AXIS, MONDAY + 30 * DAY_SECONDS)


def test_waiting_and_work_are_learnt_apart_and_on_working_time() -> None:
    """Ready on Monday at nine, begun on Tuesday at nine (8 hours), done two hours later."""
    model = _learnt(
        Mark(MONDAY, "s", "ready"), Mark(MONDAY + DAY_SECONDS, "s", "started"),
        Mark(MONDAY + DAY_SECONDS + 2 * HOUR, "s", "completed"),
    )  # fmt: skip
    assert model.of("s").wait.quantiles[0] == pytest.approx(8 * HOUR)
    assert model.of("s").work.quantiles[0] == pytest.approx(2 * HOUR)
    assert (model.of("s").done, model.of("s").taken) == (1, 1)


def test_what_nobody_began_was_waiting() -> None:
    """A step done without having been begun waited all the time and took none."""
    model = _learnt(Mark(MONDAY, "s", "ready"), Mark(MONDAY + HOUR, "s", "completed"))
    assert (model.of("s").wait.quantiles[0], model.of("s").work.quantiles[0]) == (HOUR, 0)


def test_what_overlaps_is_learnt_by_its_round() -> None:
    """An imported log begins at nine and at ten; the second is done at eleven, the first at one: four hours and one."""
    told = ((0, "started", 1), (1, "started", 2), (2, "completed", 2), (4, "completed", 1))
    marks = tuple(Mark(MONDAY + hour * HOUR, "s", kind, None, number) for hour, kind, number in told)
    work = (
        learn_steps([Trail("r", MONDAY, marks, imported=True)], AXIS, MONDAY + 30 * DAY_SECONDS).of("s").work
    )
    assert (work.samples, work.open) == (2, 0)
    assert (work.quantiles[0], work.quantiles[-1]) == (HOUR, 4 * HOUR)


@pytest.mark.parametrize("kind", ["relocked", "not_applicable", "applicable", "reopened", "ready"])
def test_what_the_rules_do_to_a_step_ends_every_round_of_it(kind: str) -> None:
    """A new round begins, and what was open before is open no longer."""
    model = _learnt(Mark(MONDAY, "s", "started"), Mark(MONDAY + HOUR, "s", kind, None, 2))
    assert (model.of("s").work.samples, model.of("s").work.open) == (0, 1)
    assert model.of("s").work.quantiles[0] == HOUR


def test_open_set_aside_and_cancelled_work_is_censored() -> None:
    """It counts as lasting at least that long, never as finished."""
    for kind in ("cancelled", "skipped", "not_applicable", "relocked"):
        model = _learnt(Mark(MONDAY, "s", "ready"), Mark(MONDAY + HOUR, "s", kind))
        assert (model.of("s").wait.samples, model.of("s").wait.open) == (0, 1)
    assert _learnt(Mark(MONDAY, "s", "ready")).of("s").wait.open == 1


def test_a_pause_is_nobodys_time() -> None:
    """Three hours, of which the run was paused for two."""
    model = _learnt(
        Mark(MONDAY, "s", "ready"), Mark(MONDAY + 3 * HOUR, "s", "completed"),
        pauses=((MONDAY + 0.5 * HOUR, MONDAY + 2.5 * HOUR),),
    )  # fmt: skip
    assert model.of("s").wait.quantiles[0] == pytest.approx(HOUR)


def test_refusals_and_conditions_are_counted() -> None:
    """One refusal and one approval is one of two, drawn to what approvals usually show; conditions likewise."""
    model = _learnt(
        Mark(MONDAY, "s", "ready"), Mark(MONDAY + 1, "s", "refused"), Mark(MONDAY + 2, "s", "ready"),
        Mark(MONDAY + 3, "s", "completed"), Mark(MONDAY + 4, "t", "not_applicable"),
    )  # fmt: skip
    assert model.of("s").refusal_rate == pytest.approx((1 + 0.5) / 12)
    assert model.of("t").taken_rate == pytest.approx(1 / 3)


def test_what_was_learnt_is_kept_as_json() -> None:
    """A model read back says the same."""
    model = _learnt(
        Mark(MONDAY, "s", "ready"), Mark(MONDAY + HOUR, "s", "completed"), Mark(MONDAY + HOUR, "t", "ready")
    )
    again = StepModel.of_stored(model.stored())
    assert again.stored() == model.stored()
    assert again.of("s").wait.quantiles == pytest.approx(model.of("s").wait.quantiles)
    assert again.of("never").work.samples == 0
