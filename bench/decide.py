"""How long one command takes to decide, in microseconds, in runs of 47 and of 1,000 steps."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from statistics import median
from time import perf_counter_ns

from domain.definition import Definition
from domain.run import RUN, Run, complete_step, reopen_step, save_values, start_run
from domain.schedule import Calendar
from domain.words import Actor, StepKey

_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_BY = Actor("person:dana")
_OFFICE = Calendar()
_WIDTH = 5
"""Steps that can be worked on side by side."""


def run(scale: float) -> dict[str, float]:
    """Medians and the 99th percentile over whole runs; ``scale`` says how many runs are worked through."""
    figures: dict[str, float] = {}
    for steps, runs in ((47, 60), (1_000, 3)):
        figures |= _figures(_process(steps), steps, max(1, round(runs * scale)))
    return figures


def _figures(process: Definition, steps: int, runs: int) -> dict[str, float]:
    started: list[int] = []
    saved: list[int] = []
    completed: list[int] = []
    reopened: list[int] = []
    folded: list[float] = []
    gc.disable()
    try:
        for _ in range(runs):
            state = _measured(started, start_run, None, process, name="bench")
            for key in process.steps:
                state = _measured(saved, save_values, state, process, key, {"note": "half"}, dued=False)
                before = perf_counter_ns()
                events = complete_step(state, process, key, {"size": 7}, by=_BY, at=_AT, calendar=_OFFICE)
                completed.append(perf_counter_ns() - before)
                before = perf_counter_ns()
                state = _known(RUN.fold(events, state))
                folded.append((perf_counter_ns() - before) / len(events))
            _measured(reopened, reopen_step, state, process, StepKey("s0"), "again")
    finally:
        gc.enable()
    return {
        f"start_us_{steps}": _us(median(started)),
        f"save_us_{steps}": _us(median(saved)),
        f"complete_us_{steps}": _us(median(completed)),
        f"complete_p99_us_{steps}": _us(sorted(completed)[int(len(completed) * 0.99)]),
        f"reopen_first_us_{steps}": _us(median(reopened)),
        f"evolve_us_{steps}": _us(median(folded)),
    }


def _measured(times: list[int], decision, state: Run | None, *args, dued: bool = True, **named) -> Run:  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN003 - any decision
    extra = {"calendar": _OFFICE} if dued else {}
    before = perf_counter_ns()
    events = decision(state, *args, by=_BY, at=_AT, **named, **extra)
    times.append(perf_counter_ns() - before)
    return _known(RUN.fold(events, state))


def _known(state: Run | None) -> Run:
    assert state is not None
    return state


def _us(nanoseconds: float) -> float:
    return round(nanoseconds / 1_000, 1)


def _process(steps: int) -> Definition:
    """A process as they are: five lanes that cross, a due for every step, a condition now and then."""
    found = [_step(index) for index in range(steps)]
    document = {"key": "bench", "title": "Bench", "stages": [{"key": "all", "title": "All", "steps": found}]}
    return Definition.load("bench", 1, document)


def _step(index: int) -> dict[str, object]:
    after = sorted({index - _WIDTH, index - _WIDTH - 1}) if index > _WIDTH else [index - _WIDTH]
    field = {"title": "x", "kind": "text"}
    step: dict[str, object] = {
        "key": f"s{index}",
        "title": f"Step {index}",
        "kind": "form",
        "after": [f"s{other}" for other in after if other >= 0],
        "fields": [
            {"key": "size", "title": "Size", "kind": "number", "required": True},
            {"key": "note", **field},
        ],
        "due": {"anchor": "run_start", "offset": 1 + index // 10},
    }
    if index % 7 == 6:
        step["when"] = {"field": f"s{index - _WIDTH}.size", "operator": "more", "value": 1}
    return step
