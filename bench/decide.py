"""How long one command takes to decide, in microseconds, in runs of 47 and of 1,000 steps: every kind of command.

Reopening the first step of a run that is done marks every step behind it, or has it done again: as many events as the
run has steps. ``…_events`` is what merely creating those events costs in the same moment, for comparison.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from inspect import signature
from statistics import median
from time import perf_counter_ns
from typing import Any

from domain.definition import Definition
from domain.events import Event
from domain.run import (
    RUN,
    Run,
    assign_step,
    cancel_run,
    change_inputs,
    complete_step,
    decline_signature,
    give_approval,
    pause_run,
    refuse_approval,
    reopen_step,
    request_help,
    resume_run,
    save_values,
    set_step_due,
    skip_step,
    start_run,
    start_step,
)
from domain.schedule import Calendar
from domain.words import Actor, Assignee, StepKey
from milepost.demo.staff import house

_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_BY, _OTHER = Actor("person:dana"), Actor("person:bo")
_OFFICE, _HOUSE = Calendar(), house()
_WIDTH = 5
"""Steps that can be worked on side by side."""


def run(scale: float) -> dict[str, float]:
    """Medians and the 99th percentile over whole runs; ``scale`` says how many runs are worked through."""
    figures: dict[str, float] = {}
    for steps, runs in ((47, 60), (1_000, 3)):
        process = _process(steps)
        figures |= _figures(process, steps, max(1, round(runs * scale)))
        figures |= _every_command(process, steps, max(1, round(20 * scale)))
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
            for key in _forms(process):
                state = _measured(saved, save_values, state, process, key, {"note": "half"})
                before = perf_counter_ns()
                events = complete_step(
                    state, process, key, {"size": 7}, by=_BY, at=_AT, calendar=_OFFICE, directory=_HOUSE
                )
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


def _every_command(process: Definition, steps: int, times: int) -> dict[str, float]:
    """The median of each command, half way through a run and after its end."""
    begun = _known(
        RUN.fold(start_run(None, process, name="b", by=_BY, at=_AT, calendar=_OFFICE, directory=_HOUSE))
    )
    halfway = _worked(begun, process, _forms(process)[: steps // 2])
    ended = _worked(halfway, process, _forms(process)[steps // 2 :])
    paused = _known(RUN.fold(pause_run(halfway, "x", by=_BY, at=_AT), halfway))
    open_key = next(key for key in process.steps if halfway.step(key).is_open)
    first, approval, sign = StepKey("s0"), StepKey("approval"), StepKey("signature")
    dued = dict[str, Any](by=_BY, at=_AT, calendar=_OFFICE)
    asked = dict[str, Any](by=_BY, at=_AT)
    named, other = dued | {"directory": _HOUSE}, {"by": _OTHER}
    commands: dict[str, Callable[[], Sequence[Event]]] = {
        "begin": lambda: start_step(halfway, process, open_key, **asked),
        "skip": lambda: skip_step(halfway, process, open_key, "x", **named),
        "assign": lambda: assign_step(
            halfway, process, open_key, Assignee("person:bo"), "knows it", **asked, directory=_HOUSE
        ),
        "due": lambda: set_step_due(halfway, process, open_key, _AT, **dued),
        "help": lambda: request_help(halfway, process, open_key, "x", **asked),
        "pause": lambda: pause_run(halfway, "x", **asked),
        "resume": lambda: resume_run(paused, process, **named),
        "inputs": lambda: change_inputs(halfway, process, {"plan": "large"}, **named),
        "cancel": lambda: cancel_run(halfway, process, "x", **asked),
        "approve": lambda: give_approval(halfway, process, approval, **named | other),
        "refuse": lambda: refuse_approval(halfway, process, approval, "x", **named | other),
        "decline": lambda: decline_signature(halfway, process, sign, "x", **named),
        "reopen_first_marking": lambda: reopen_step(ended, process, first, "x", "keep", **named),
        "reopen_first_with_all": lambda: reopen_step(ended, process, first, "x", "reopen", **named),
    }
    figures = {f"{name}_us_{steps}": _median(command, times) for name, command in commands.items()}
    for name in ("reopen_first_marking", "reopen_first_with_all"):
        events = commands[name]()
        figures[f"{name}_events_us_{steps}"] = _median(partial(_made_again, events), times)
    return figures


def _worked(state: Run, process: Definition, keys: list[StepKey]) -> Run:
    for key in keys:
        events = complete_step(
            state, process, key, {"size": 7}, by=_BY, at=_AT, calendar=_OFFICE, directory=_HOUSE
        )
        state = _known(RUN.fold(events, state))
    return state


def _median(command: Callable[[], object], times: int) -> float:
    taken = []
    gc.disable()
    try:
        for _ in range(times):
            before = perf_counter_ns()
            command()
            taken.append(perf_counter_ns() - before)
    finally:
        gc.enable()
    return _us(median(taken))


def _made_again(events: Sequence[Event]) -> list[Event]:
    return [type(event)(**event.__dict__) for event in events]


def _measured(times: list[int], decision, state: Run | None, *args, **named) -> Run:  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN003 - any decision
    wanted = signature(decision).parameters
    known = {"calendar": _OFFICE, "directory": _HOUSE}
    extra = {name: value for name, value in known.items() if name in wanted}
    before = perf_counter_ns()
    events = decision(state, *args, by=_BY, at=_AT, **named, **extra)
    times.append(perf_counter_ns() - before)
    return _known(RUN.fold(events, state))


def _known(state: Run | None) -> Run:
    assert state is not None
    return state


def _us(nanoseconds: float) -> float:
    return round(nanoseconds / 1_000, 1)


def _forms(process: Definition) -> list[StepKey]:
    return [key for key, step in process.steps.items() if step.kind == "form"]


def _process(steps: int) -> Definition:
    """A process as they are: five lanes that cross, a due for every step, a condition now and then."""
    found = [_step(index) for index in range(steps)]
    judged = {
        "key": "approval",
        "title": "A",
        "kind": "approval",
        "approval": {"covers": ["s0"]},
        "required": False,
    }
    signed = {"key": "signature", "title": "S", "kind": "sign", "after": ["s0"], "required": False}
    document = {
        "key": "bench",
        "title": "Bench",
        "inputs": [{"key": "plan", "title": "Plan", "kind": "text"}],
        "stages": [{"key": "all", "title": "All", "steps": [*found, {**judged, "after": ["s0"]}, signed]}],
    }
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
    elif index % 7 == 3:
        step["when"] = {"not": {"field": "inputs.plan", "operator": "equals", "value": "large"}}
    return step
