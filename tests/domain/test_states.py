"""The diagrams of states show what the rules do: nothing more, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings

from domain import events as e
from domain.run import RUN as RUN_AGGREGATE
from domain.run import Run
from domain.run.evolve_step import evolve_step
from domain.run.state import RunWord, StepState, StepWord
from domain.task import TASK as TASK_AGGREGATE
from domain.task import Task, TaskState
from domain.words import Rejected
from tests.domain.random_deeds import chosen
from tests.domain.random_runs import Process, decide, deeds, processes, start
from tools.generators.states import RUN, STEP, TASK

AT = datetime(2026, 1, 1, tzinfo=UTC)
_SAMPLES: dict[str, Any] = {
    "step": "a", "cause": "rule", "reason": "x", "outcome": "x", "due_at": None, "source": "rule", "values": {},
}  # fmt: skip


def _event(kind: type[e.Event]) -> e.Event:
    known = {name: value for name, value in _SAMPLES.items() if name in kind.model_fields}
    return kind.model_construct(at=AT, by=None, **known)


def _observed(events: Iterable[e.Event], run: Run | None = None) -> Iterator[tuple[str, type[e.Event], str]]:
    """Every change of a state that these events of one run make."""
    for event in events:
        before, run = run or Run(), RUN_AGGREGATE.fold([event], run)
        assert run is not None
        if isinstance(event, e.StepEvent):
            yield before.step(event.step).state, type(event), run.step(event.step).state
        else:
            yield before.state, type(event), run.state


def _drawn(changes: Iterable[tuple[str, type[e.Event], str]]) -> set[Any]:
    return {change for change in changes if change[0] != change[2]} - {*STEP, *RUN, *TASK}


@pytest.mark.parametrize(("source", "kind", "target"), STEP)
def test_an_arrow_of_steps_is_what_evolve_does(source: StepWord, kind: type[Any], target: str):
    """The event at an arrow leads from its one end to the other."""
    step = StepState(state=source, evidence=target == "done")
    assert evolve_step(step, _event(kind)).state == target  # type: ignore[arg-type]  # a step's event


@pytest.mark.parametrize(("source", "kind", "target"), RUN)
def test_an_arrow_of_runs_is_what_evolve_does(source: RunWord, kind: type[Any], target: str):
    """The event at an arrow leads from its one end to the other."""
    assert RUN_AGGREGATE.evolve(Run(state=source), _event(kind)).state == target


@pytest.mark.parametrize(("source", "kind", "target"), TASK)
def test_an_arrow_of_tasks_is_what_evolve_does(source: TaskState, kind: type[Any], target: str):
    """The event at an arrow leads from its one end to the other."""
    assert TASK_AGGREGATE.evolve(Task(state=source), _event(kind)).state == target


def test_every_state_is_in_a_diagram():
    """No state is left out, and none is invented."""
    for table, words in ((STEP, StepWord), (RUN, RunWord), (TASK, TaskState)):
        assert {word for source, _, target in table for word in (source, target)} == set(get_args(words))


@settings(max_examples=200, deadline=None)
@given(processes(), deeds)
def test_no_decision_goes_a_way_that_is_not_drawn(process: Process, lots: list[int]):
    """Whatever people do with a run, its states change along the arrows."""
    events = start(process)
    assert _drawn(_observed(events)) == set()
    run = RUN_AGGREGATE.fold(events)
    for clock, lot in enumerate(lots):
        assert run is not None
        try:
            events = decide(run, process.definition, chosen(lot, run, process.definition), clock)
        except Rejected:
            continue
        assert _drawn(_observed(events, run)) == set()
        run = RUN_AGGREGATE.fold(events, run)
