"""Small processes and runs for tests of the forecast."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np

from domain.definition import Definition
from domain.forecast.durations import GRID
from domain.forecast.plan import Plan
from domain.forecast.simulate import Situation
from domain.forecast.steps import Seen, StepFigures, StepModel
from domain.forecast.trails import Mark, Trail
from domain.forecast.working_time import Axis, axis_of
from domain.run import RUN, Run, complete_step, start_run
from domain.schedule import Calendar
from domain.words import StepKey
from tests.support.given import DANA, NINE
from tests.support.people import EVERYBODY

OFFICE = Calendar()
AXIS: Axis = axis_of(OFFICE, 2020, 2030)
HOUR = 3_600.0
DAY = 8 * HOUR
RUN_ID = UUID("01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55")


def process(*steps: dict[str, Any], **stage: Any) -> Definition:
    """A process of one stage."""
    made = [{"title": step["key"].title(), **step} for step in steps]
    document = {"key": "p", "title": "P", "stages": [{"key": "all", "title": "All", "steps": made, **stage}]}
    return Definition.load("p", 1, document)


def constant(seconds: float, samples: int = 20) -> Seen:
    """A duration that never varied."""
    return Seen(np.full(len(GRID), seconds), samples, 0)


def taking(**hours: float) -> StepModel:
    """A history in which each step waited for nothing and took exactly so many working hours."""
    return StepModel(
        {key: StepFigures(constant(0), constant(each * HOUR), done=1_000) for key, each in hours.items()}
    )


def begun(definition: Definition, *done: str, **inputs: Any) -> Run:
    """A run that began on Monday at nine, and these steps of it done at once."""
    events = start_run(
        None, definition, name="x", inputs=inputs, by=DANA, at=NINE, calendar=OFFICE, directory=EVERYBODY
    )
    run = RUN.fold(events, None)
    for key in done:
        assert run is not None
        run = RUN.fold(
            complete_step(
                run, definition, StepKey(key), by=DANA, at=NINE, calendar=OFFICE, directory=EVERYBODY
            ),
            run,
        )
    assert run is not None
    return run


def situation(
    definition: Definition, model: StepModel, run: Run | None = None, *, now: float | None = None, **ages: Any
) -> Situation:
    """A run at a moment."""
    at = NINE.timestamp() if now is None else now
    return Situation(RUN_ID, Plan(definition), model, run or begun(definition), AXIS, OFFICE, at, **ages)


def trail(run: str, *marks: tuple[float, str, str], began: float = 0.0, ended: float | None = None) -> Trail:
    """A trail whose marks are (seconds, step, kind)."""
    return Trail(run, began, tuple(Mark(*mark) for mark in marks), ended)
