"""What is learnt without a graph: nothing of the future leaks in, and what it says holds as often as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from domain.forecast.arrays import packed, unpacked
from domain.forecast.backtest import Baselines, backtest
from domain.forecast.boosting import fit
from domain.forecast.comparable import compare, residual
from domain.forecast.features import Vocabulary, prefixes
from domain.forecast.learnt import (
    LEVELS,
    LONGEST_DAYS,
    Learnt,
    Samples,
    learn,
    moments_of,
    samples_of,
    weights,
)
from domain.forecast.trails import DAY_SECONDS, Mark, Trail, as_of, until_last_mark
from tests.domain.forecast.support import process, trail

STEPS = ("apply", "check", "decide")


def synthetic(runs: int, seed: int = 3) -> list[Trail]:
    """Runs of three steps, one begun each half day, whose last step takes as many days as its input says, or so."""
    chance = np.random.default_rng(seed)
    found = []
    for number in range(runs):
        began = number * 0.5 * DAY_SECONDS
        size = float(chance.uniform(0.5, 6))
        times = began + np.cumsum([60.0, *(np.array([1, size]) * chance.uniform(0.5, 1.5, 2) * DAY_SECONDS)])
        marks = tuple(
            Mark(float(at), step, "completed", "person:x") for at, step in zip(times, STEPS, strict=True)
        )
        found.append(Trail(str(number), began, marks, float(times[-1]), numbers={"size": size}))
    return found


RUNS = synthetic(300)


def test_as_of_knows_nothing_that_came_later():
    """Marks, ends and pauses after the instant are gone; a run that had not begun is not there."""
    one = Trail("r", 0, (Mark(1, "a", "ready"), Mark(9, "b", "ready")), 10.0, pauses=((2, 8), (8.5, 9)))
    [known] = as_of([one, Trail("s", 7, ())], 5)
    assert ([mark.at for mark in known.marks], known.ended_at, known.pauses) == ([1], None, ((2, None),))
    assert as_of([one], 10) == [one]


def test_a_prefix_is_described_by_nothing_that_follows_it():
    """Whatever comes later, the row after the second mark is the same."""
    words = Vocabulary.of(RUNS)
    first = RUNS[0]
    later = (*first.marks[:2], Mark(9e9, "apply", "started", "person:z"))
    others = (first, replace(first, marks=first.marks[:2], ended_at=None), replace(first, marks=later))
    rows = [prefixes(each, words)[:2].tolist() for each in others]
    assert rows[0] == rows[1] == rows[2]


def test_the_walk_is_blind_to_the_future():
    """A history that goes on differently after the last tested moment gives the very same learnt model before it."""
    instant = RUNS[200].started_at
    changed = [
        replace(
            each,
            marks=tuple(m._replace(at=m.at if m.at <= instant else m.at * 3) for m in each.marks),
            ended_at=each.ended_at if (each.ended_at or 0) <= instant else (each.ended_at or 0) * 3,
        )
        for each in RUNS
    ]  # fmt: skip
    one, other = (learn(as_of(history, instant), now=instant) for history in (RUNS, changed))
    assert one is not None
    assert other is not None
    assert one.stored() == other.stored()


def test_learning_twice_learns_the_same():
    """The same history gives the same model, to the byte."""
    one, other = learn(RUNS, now=None), learn(RUNS, now=None)
    assert one is not None
    assert other is not None
    assert one.stored() == other.stored()
    assert Learnt.of_stored(one.stored()).stored() == one.stored()


def test_trees_kept_as_arrays_say_what_the_library_says():
    """The sum of the exported trees is the model's own prediction."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # type: ignore[import-untyped]

    chance = np.random.default_rng(5)
    rows = np.column_stack([chance.normal(size=(600, 3)), np.zeros(600)])
    wanted = rows[:, 0] * 2 + np.abs(rows[:, 1])
    model = HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=20, learning_rate=0.06, max_leaf_nodes=8, max_depth=10, min_samples_leaf=10,
        early_stopping=False, random_state=0,
    ).fit(rows[:, :3], wanted)  # fmt: skip
    trees = fit(rows, wanted, None, loss="absolute_error")
    assert trees.predict(rows) == pytest.approx(model.predict(rows[:, :3]))


def test_nothing_to_tell_apart_is_the_quantile_itself():
    """Without a feature that varies the answer is the median of what was seen."""
    assert fit(np.zeros((5, 2)), np.arange(5.0), None, loss="absolute_error").predict(
        np.zeros((2, 2))
    ).tolist() == [2, 2]


def test_too_few_ended_runs_teach_nothing():
    """Nineteen are not enough."""
    assert learn(RUNS[:19], now=None) is None


def test_what_was_watched_for_long_counts_for_what_was_not():
    """Half of all prefixes were watched for less than 5 days: an end after 5 days stands for two."""
    samples = Samples(np.zeros((2, 0)), np.array([5.0, 0.5]), np.zeros(2), *(np.zeros(2, int),) * 3)
    moments = (10 - np.array([2.0, 4.0, 6.0, 8.0])) * DAY_SECONDS
    assert weights(samples, moments, 10 * DAY_SECONDS).tolist() == [2, 1]
    assert len(moments_of(RUNS)) == 900


def test_the_backtest_holds_what_it_says_and_beats_both_means():
    """On runs that go as their input says, or so, 85 % is about 85 %, and both means are beaten."""
    for way in ("walk", "split"):
        scores = backtest(RUNS, way)
        assert scores is not None
        assert 0.75 <= scores.within_p85 <= 0.95
        assert scores.mae_days < scores.mae_by_length_days
        assert scores.mae_days < scores.mae_by_step_days


def test_too_short_a_history_is_not_tested():
    """Nothing is claimed where nothing can be known."""
    assert backtest(RUNS[:20]) is None


def test_baselines_are_means():
    """By the length of the prefix and by its newest activity; the mean of all where nothing was seen."""
    left, length, step = np.array([1.0, 3, 8]), np.array([2, 2, 3]), np.array([0, 1, 1])
    samples = Samples(np.zeros((3, 0)), left, np.zeros(3), np.zeros(3, int), length, step)
    by_length, by_step = Baselines.of(samples).answers(
        Samples(
            np.zeros((2, 0)), np.zeros(2), np.zeros(2), np.zeros(2, int), np.array([2, 9]), np.array([1, 7])
        )
    )
    assert (by_length.tolist(), by_step.tolist()) == ([2, 4], [5.5, 4])


def test_a_publication_ends_a_run_with_its_last_mark():
    """Its last prefix has nothing left."""
    [one] = until_last_mark([trail("r", (5, "a", "ready"), (9, "b", "ready"), began=1)])
    assert (one.started_at, one.ended_at) == (5, 9)
    assert samples_of([one], Vocabulary.of([one])).remaining_days[-1] == 0


def test_a_run_that_was_quiet_for_days_is_forecast_from_there():
    """Uniform up to ten days and quiet for six: up to four are left; beyond all that was seen it starts anew."""
    days = LEVELS * 10
    assert residual(days, 6.0)[[0, -1]] == pytest.approx([0, 4])
    assert residual(days, 50.0) is days


def test_arrays_come_back_as_they_were():
    """And nothing but numbers is read."""
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([1, 2], np.int32)}
    again, words = unpacked(packed(arrays, {"x": [1]}))
    assert words == {"x": [1]}
    assert again["a"].tolist() == arrays["a"].tolist()
    assert again["b"].tolist() == [1, 2]


@pytest.mark.parametrize("years", [0, 1, 5, 9, 11, 40])
def test_no_run_is_so_odd_or_so_old_that_its_forecast_is_no_instant(years: int) -> None:
    """However far a learnt tail reaches, and however long nothing has moved: the answer lies within ten years."""
    learnt = learn(RUNS[:60], now=None)
    assert learnt is not None
    wild = replace(learnt, residuals=np.linspace(-1e4, 1e4, len(LEVELS)))
    open_run = replace(RUNS[70], marks=RUNS[70].marks[:2], ended_at=None)
    now = open_run.last_at + years * 365 * DAY_SECONDS
    told = compare(wild, open_run, now, process({"key": "check"}))
    assert told.p50_at is not None
    assert told.p85_at is not None
    assert (
        now
        <= told.p50_at.timestamp() + 1
        <= told.p85_at.timestamp() + 1
        <= now + (LONGEST_DAYS + 1) * DAY_SECONDS
    )
