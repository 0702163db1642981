"""The backtest of runs that have a graph: each is forecast after every mark, by simulation from what was known then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from domain.events import Event
from domain.forecast.backtest import (
    LEARN_SHARE,
    LEAST_PREFIX,
    TUNE_SHARE,
    WALK_ROUNDS,
    Baselines,
    Piece,
    Scores,
    ordered_runs,
    scored,
)
from domain.forecast.features import Floats, Vocabulary
from domain.forecast.learnt import LEAST_RUNS, samples_of
from domain.forecast.outlook import look_ahead
from domain.forecast.plan import Plan
from domain.forecast.simulate import Situation
from domain.forecast.steps import StepModel, learn_steps, working_age
from domain.forecast.trails import DAY_SECONDS, Trail, as_of
from domain.forecast.working_time import Axis
from domain.run import RUN, Run
from domain.schedule import Calendar
from domain.words import StepKey

Histories = Callable[[str], Sequence[Event]]
"""Gives all events of a run, oldest first."""
Plans = Callable[[str, int], Plan]
"""Gives the plan of a process version."""


@dataclass(frozen=True)
class House:
    """What every run of a process goes by."""

    histories: Histories
    plans: Plans
    axis: Axis
    calendar: Calendar


def situation_of(
    stream: UUID,
    plan: Plan,
    model: StepModel,
    run: Run,
    trail: Trail,
    axis: Axis,
    calendar: Calendar,
    now: float,
) -> Situation:
    """A run at a moment: how long its open steps have been waiting, or worked on, in working time without pauses."""
    waiting: dict[StepKey, float] = {}
    working: dict[StepKey, float] = {}
    begun = {mark.step: mark.at for mark in trail.marks if mark.kind == "started"}
    for key, step in run.steps.items():
        if not step.is_open or step.ready_at is None:
            continue
        if step.state == "in_progress" and key in begun:
            working[key] = working_age(trail, begun[key], now, axis)
        else:
            waiting[key] = working_age(trail, step.ready_at.timestamp(), now, axis)
    return Situation(stream, plan, model, run, axis, calendar, now, waiting, working)


def rehearse(trails: Sequence[Trail], house: House) -> Scores | None:
    """Walk through the history as ``backtest`` does, with the simulation for the model; None: too few runs."""
    found = ordered_runs(trails)
    if found is None:
        return None
    ordered, first = found[0], min(found[1], _newest_ended(found[0]))
    if first < LEAST_RUNS:
        return None
    tested = ordered[first:]
    begins = np.quantile([trail.started_at for trail in tested], np.arange(WALK_ROUNDS) / WALK_ROUNDS)
    pieces = [
        _stretch(ordered, tested, house, float(begin), float(end))
        for begin, end in zip(begins, [*begins[1:], np.inf], strict=True)
    ]
    return scored("walk", first, pieces, max(trail.last_at for trail in ordered))


def _newest_ended(ordered: Sequence[Trail]) -> int:
    """The place of the first of the newest fifth of those that ended: what is under way alone judges nothing."""
    ended = [place for place, trail in enumerate(ordered) if trail.ended_at is not None]
    return ended[int(len(ended) * (LEARN_SHARE + TUNE_SHARE))] if ended else 0


def _stretch(
    ordered: Sequence[Trail], tested: Sequence[Trail], house: House, begin: float, end: float
) -> Piece:
    """Learn at ``begin`` from what was known, and forecast what happened until ``end``."""
    known = as_of(ordered, begin)
    model = learn_steps(known, house.axis, begin)
    words = Vocabulary.of(known)
    baselines = Baselines.of(samples_of(known, words, least_length=LEAST_PREFIX))
    asked = samples_of(tested, words, least_length=LEAST_PREFIX, open_too=True)
    asked = asked.only((asked.at >= begin) & (asked.at < end))
    answers = np.empty((len(asked.at), 2))
    for place in np.unique(asked.run):
        rows = np.flatnonzero(asked.run == place)
        answers[rows] = _of_run(tested[place], model, house, asked.at[rows])
    return Piece.of(asked, answers[:, 0], answers[:, 1], baselines)


def _of_run(trail: Trail, model: StepModel, house: House, moments: Floats) -> Floats:
    """The days that are left at P50 and P85, as they were forecast at each of these moments (in order)."""
    stream, events, run, taken = UUID(trail.run), house.histories(trail.run), None, 0
    answers = np.zeros((len(moments), 2))
    for row, at in enumerate(moments):
        while taken < len(events) and events[taken].at.timestamp() <= at:
            run = RUN.fold([events[taken]], run)
            taken += 1
        if run is None:
            continue
        [known] = as_of([trail], float(at))
        plan = house.plans(run.process, run.process_version)
        case = situation_of(stream, plan, model, run, known, house.axis, house.calendar, float(at))
        outlook, _ = look_ahead(case, taken)
        if outlook.p50_at is not None and outlook.p85_at is not None:
            answers[row] = [
                (each.timestamp() - at) / DAY_SECONDS for each in (outlook.p50_at, outlook.p85_at)
            ]
    return answers
