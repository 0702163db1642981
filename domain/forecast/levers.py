"""What would help a run: the same futures once more, with one step's waiting or slowness taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from domain.document import AUTOMATIC
from domain.forecast.durations import Numbers
from domain.forecast.outlook import SURE
from domain.forecast.plan import Plan
from domain.forecast.simulate import Futures, Outcome, aim, critical, ends_of, unfold
from domain.forecast.steps import StepFigures, StepModel
from domain.forecast.working_time import Axis
from domain.words import StepKey

LeverKind = Literal["assign", "begin_at_once", "work_at_usual_pace"]
SHOWN = 3
TRIED = 6
"""Only the steps that add most to the way are tried."""
LEAST_DAYS = 0.05
"""Less is not worth saying."""


@dataclass(frozen=True)
class Lever:
    """One change to one step and the working days that it brings the P85 forward: that of the run or target stage."""

    step: str
    title: str
    kind: LeverKind
    gained_days: float
    says: str


def levers(outcome: Outcome) -> tuple[Lever, ...]:
    """The changes that bring the P85 of what is aimed for forward most, one a step; the same futures are compared."""
    futures, shares = outcome.futures, critical(outcome)
    before = _p85(outcome)
    found: list[Lever] = []
    for row in np.argsort(-shares)[:TRIED]:
        kinds = _kinds(futures, int(row)) if shares[row] > 0 else []
        tried = [_tried(futures, int(row), kind, before) for kind in kinds]
        if tried:
            found.append(max(tried, key=lambda lever: lever.gained_days))
    worth = [lever for lever in found if lever.gained_days >= LEAST_DAYS]
    return tuple(sorted(worth, key=lambda lever: -lever.gained_days)[:SHOWN])


def _kinds(futures: Futures, row: int) -> list[LeverKind]:
    """What can be changed about a step: nobody hurries a machine."""
    key = futures.keys[row]
    run, step = futures.situation.run, futures.situation.definition.steps[key]
    if step.kind in AUTOMATIC:
        return []
    kinds: list[LeverKind] = ["work_at_usual_pace"]
    if key in futures.situation.working:
        return kinds
    unassigned = run.step(key).is_open and run.step(key).assignee is None
    return [*kinds, "assign" if unassigned else "begin_at_once"]


def _tried(futures: Futures, row: int, kind: LeverKind, before: float) -> Lever:
    waits, works = futures.waits, futures.works
    match kind:
        case "work_at_usual_pace":
            works = _capped(works, row, futures.figures[row][1].at(0.5))
            waits = _capped(waits, row, futures.figures[row][0].at(0.5))
        case "assign":
            waits = _capped(waits, row, futures.figures[row][0].at(0.5))
        case "begin_at_once":
            waits = _capped(waits, row, 0.0)
    after = _p85(unfold(futures, waits=waits, works=works))
    gained = (before - after) / futures.situation.axis.day_seconds
    key = futures.keys[row]
    title = futures.situation.definition.steps[key].title
    return Lever(key, title, kind, round(gained, 2), _says(kind, title))


def _p85(outcome: Outcome) -> float:
    return float(np.quantile(ends_of(outcome, aim(outcome.futures)), SURE))


def _says(kind: LeverKind, title: str) -> str:
    match kind:
        case "work_at_usual_pace":
            return f"Have “{title}” done within its usual (P50) time"
        case "assign":
            return f"Give “{title}” to somebody"
        case "begin_at_once":
            return f"Begin “{title}” as soon as it can be worked on"


def _capped(rows: Numbers, row: int, most: float) -> Numbers:
    changed = rows.copy()
    np.minimum(changed[row], most, out=changed[row])
    return changed


@dataclass(frozen=True)
class StepPressure:
    """What a step costs the runs of its process, in working days; rates from 0 to 1."""

    step: str
    title: str
    stage: str
    samples: int
    open: int
    wait_p50_days: float
    wait_p85_days: float
    work_p50_days: float
    work_p85_days: float
    refusal_rate: float | None
    reopened: int
    p85_days: float


@dataclass(frozen=True)
class StagePressure:
    """What a stage costs: the sum of what its steps take at P85, each as often as it takes part."""

    stage: str
    title: str
    p85_days: float
    share: float


def pressures(plan: Plan, model: StepModel, axis: Axis) -> tuple[list[StepPressure], list[StagePressure]]:
    """The steps of a process by what they take at P85, the slowest first, and its stages likewise.

    A step of which neither history nor author says anything is left out.
    """
    known = [key for key in plan.definition.steps if _is_known(plan, key, model.of(key), axis)]
    steps = [_pressure(plan, key, model, axis) for key in known]
    total = sum(step.p85_days for step in steps) or 1.0
    stages = [
        StagePressure(key, stage.title, round(days, 2), round(days / total, 4))
        for key, stage in plan.definition.stages.items()
        for days in [sum(step.p85_days for step in steps if step.stage == key)]
    ]
    return sorted(steps, key=lambda each: -each.p85_days), sorted(stages, key=lambda each: -each.p85_days)


def _is_known(plan: Plan, key: StepKey, figures: StepFigures, axis: Axis) -> bool:
    """Whether history or the author says how long the step takes."""
    return (
        bool(figures.wait.samples or figures.work.samples)
        or plan.author(key, axis.day_seconds)[1] != "nothing"
    )


def _pressure(plan: Plan, key: StepKey, model: StepModel, axis: Axis) -> StepPressure:
    expected, _ = plan.author(key, axis.day_seconds)
    wait, work = model.usual(key, expected)
    step = plan.definition.steps[key]
    figures = model.of(key)
    often = 1.0 if step.when is None else figures.taken_rate
    day = axis.day_seconds
    return StepPressure(
        step=key,
        title=step.title,
        stage=plan.definition.stage_of[key],
        samples=max(wait.samples, work.samples),
        open=max(wait.open, work.open),
        wait_p50_days=round(wait.at(0.5) / day, 3),
        wait_p85_days=round(wait.at(SURE) / day, 3),
        work_p50_days=round(work.at(0.5) / day, 3),
        work_p85_days=round(work.at(SURE) / day, 3),
        refusal_rate=None if step.approval is None else round(figures.refusal_rate, 4),
        reopened=figures.reopened,
        p85_days=round(often * (wait.at(SURE) + work.at(SURE)) / day, 3),
    )
