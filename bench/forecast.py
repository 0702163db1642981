"""Forecasts runs of the shipped onboarding of 47 steps: a thousand simulations from their first, middle, last steps."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter_ns, thread_time_ns
from uuid import UUID

import numpy as np

from bench.support import percentile
from domain.definition import Definition
from domain.forecast.durations import GRID
from domain.forecast.levers import levers
from domain.forecast.outlook import look_ahead
from domain.forecast.plan import Plan
from domain.forecast.simulate import SIMULATIONS, Situation
from domain.forecast.steps import Seen, StepFigures, StepModel
from domain.forecast.working_time import axis_of
from domain.run import RUN, Run, start_run
from domain.run.state import StepState, altered
from domain.schedule import Calendar
from domain.words import Actor, StepKey
from interchange.documents.reading import read_document
from milepost.demo.staff import house

_PROCESS = Path(__file__).parent.parent / "processes" / "customer-onboarding.yaml"
_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_OFFICE = Calendar()
_RUN = UUID("01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55")
_INPUTS = {
    "customer_name": "Nordwind", "primary_contact_name": "Ada", "primary_contact_email": "ada@nordwind.example",
    "plan": "Enterprise", "go_live_target": "2026-05-01",
}  # fmt: skip


def run(scale: float) -> dict[str, float]:
    """Milliseconds for one forecast, median and 99th percentile, and their ratio to drawing as many lognormals."""
    plan, model = _plan(), _history()
    figures: dict[str, float] = {"simulations": SIMULATIONS}
    for name, done in (("first", 0.0), ("middle", 0.5), ("last", 0.9)):
        situation = _situation(plan, model, done)
        left = sum(situation.run.step(key).state != "done" for key in plan.order)
        figures[f"steps_left_{name}"] = left
        figures |= _timed(situation, name, max(5, round(300 * scale)), left)
    return figures


def _timed(situation: Situation, name: str, times: int, left: int) -> dict[str, float]:
    """One forecast, the levers of it, and what is compared: two lognormals for each step that is left."""
    generator = np.random.default_rng(1)
    took: list[float] = []
    computed: list[float] = []
    helped: list[float] = []
    drawn: list[float] = []
    gc.disable()
    try:
        for position in range(times):
            began, worked = perf_counter_ns(), thread_time_ns()
            _, outcome = look_ahead(situation, position)
            took.append((perf_counter_ns() - began) / 1e6)
            computed.append((thread_time_ns() - worked) / 1e6)
            began = perf_counter_ns()
            if outcome is not None:
                levers(outcome)
            helped.append((perf_counter_ns() - began) / 1e6)
            began = perf_counter_ns()
            generator.lognormal(size=(2 * left, SIMULATIONS))
            drawn.append((perf_counter_ns() - began) / 1e6)
    finally:
        gc.enable()
    return {
        f"forecast_ms_{name}": round(median(took), 3),
        f"forecast_p99_ms_{name}": round(percentile(took, 99), 3),
        f"forecast_cpu_ms_{name}": round(median(computed), 3),
        f"levers_ms_{name}": round(median(helped), 3),
        f"lognormals_ms_{name}": round(median(drawn), 3),
        f"ratio_to_lognormals_{name}": round(median(took) / median(drawn), 2),
    }


def _plan() -> Plan:
    document, _ = read_document(_PROCESS)
    assert document is not None
    return Plan(Definition(document.key, 1, document))


def _history() -> StepModel:
    """Every step seen a hundred times, waiting and work spread over a day."""
    spread = Seen(np.linspace(0, 8 * 3600.0, len(GRID)), 100, 3)
    document, _ = read_document(_PROCESS)
    assert document is not None
    return StepModel(
        {step.key: StepFigures(spread, spread, done=95, refused=5) for step in document.steps}, 100
    )


def _situation(plan: Plan, model: StepModel, share: float) -> Situation:
    """A run of which this share of the steps is done; what comes next is open for two hours."""
    events = start_run(
        None,
        plan.definition,
        name="bench",
        inputs=_INPUTS,
        by=Actor("person:dana"),
        at=_AT,
        calendar=_OFFICE,
        directory=house(),
    )
    run = RUN.fold(events, None)
    assert run is not None
    done = plan.order[: int(len(plan.order) * share)]
    steps = {**run.steps, **{key: StepState(state="done") for key in done}}
    run = altered(run, steps=steps)
    waiting = {StepKey(key): 7_200.0 for key in _open(run, plan)}
    now = (_AT + timedelta(hours=2)).timestamp()
    axis = axis_of(_OFFICE, _AT.year - 20, _AT.year + 15)
    return Situation(_RUN, plan, model, run, axis, _OFFICE, now, waiting)


def _open(run: Run, plan: Plan) -> list[StepKey]:
    return [key for key in plan.order if run.step(key).is_open]
