"""The backtest of runs with a graph: it holds what it says, and knows nothing that came later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from domain.events import Event
from domain.forecast import rehearsal
from domain.forecast.backtest import Scores
from domain.forecast.plan import Plan
from domain.forecast.rehearsal import House, rehearse
from domain.forecast.trails import Mark, Trail
from domain.run import RUN, complete_step, start_run
from domain.words import StepKey
from tests.domain.forecast.support import AXIS, OFFICE, process
from tests.support.given import DANA, NINE
from tests.support.people import EVERYBODY

STEPS = ("a", "b", "c")
DEFINITION = process(*({"key": key} for key in STEPS))
KINDS = {"step_became_ready": "ready", "step_completed": "completed"}


def history(number: int, days: Sequence[float]) -> list[Event]:
    """A run that began on the given day and took so many working days for each step."""
    at = NINE + timedelta(days=number)
    events = list(start_run(None, DEFINITION, name="x", by=DANA, at=at, calendar=OFFICE, directory=EVERYBODY))
    for key, took in zip(STEPS, days, strict=True):
        at = OFFICE.later(at, timedelta(hours=8 * took))
        run = RUN.fold(events, None)
        assert run is not None
        events += complete_step(
            run, DEFINITION, StepKey(key), by=DANA, at=at, calendar=OFFICE, directory=EVERYBODY
        )
    return events


def histories(runs: int, later: float = 1.0) -> dict[str, list[Event]]:
    """Runs one a day, each step of one to five working days; those of the last tenth take ``later`` times as long."""
    chance = np.random.default_rng(4)
    found = {}
    for number in range(runs):
        days = chance.uniform(1, 5, 3) * (later if number >= runs * 0.9 else 1)
        found[str(UUID(int=number + 1))] = history(number, days.tolist())
    return found


def trail_of(run: str, events: Sequence[Event]) -> Trail:
    """What the read model would tell of it."""
    marks = tuple(
        Mark(event.at.timestamp(), getattr(event, "step", ""), KINDS[event.type])
        for event in events
        if event.type in KINDS
    )
    ended = [event.at.timestamp() for event in events if event.type == "run_completed"]
    return Trail(run, events[0].at.timestamp(), marks, ended[0] if ended else None)


def scores_of(known: dict[str, list[Event]]) -> Scores | None:
    """The scores of these runs."""
    house = House(known.__getitem__, lambda _process, _version: Plan(DEFINITION), AXIS, OFFICE)
    return rehearse([trail_of(run, events) for run, events in known.items()], house)


def test_simulation_holds_what_it_says_and_beats_both_means():
    """Steps of one to five days, forecast after each mark from what had ended by then."""
    scores = scores_of(histories(100))
    assert scores is not None
    assert 0.7 <= scores.within_p85 <= 1.0
    assert scores.mae_days < scores.mae_by_length_days
    assert scores.runs_tested == 20


def test_too_few_runs_are_not_rehearsed():
    """Nothing is claimed where nothing can be known."""
    assert scores_of(histories(10)) is None


def test_runs_under_way_do_not_take_the_place_of_those_that_can_be_judged():
    """Where the newest fifth has only begun, the newest fifth of those that ended is tested all the same."""
    known = histories(30)
    open_runs = {str(UUID(int=100 + number)): history(30 + number, (1, 1, 1))[:2] for number in range(10)}
    scores = scores_of(known | open_runs)
    assert scores is not None
    assert (scores.runs_known, scores.runs_tested) == (24, 6)


def test_what_comes_later_changes_no_earlier_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that begin later and go differently leave the answers of the earlier ones as they were."""
    real, until = rehearsal._of_run, (NINE + timedelta(days=88)).timestamp()
    answers: list[list[float]] = []

    def spy(trail: Trail, model: Any, house: House, moments: Any) -> Any:
        told = real(trail, model, house, moments)
        answers.extend(told[moments < until].tolist())
        return told

    monkeypatch.setattr(rehearsal, "_of_run", spy)
    scores_of(histories(100))
    first, answers[:] = answers.copy(), []
    scores_of(histories(100, later=3.0))
    assert first == answers != []
