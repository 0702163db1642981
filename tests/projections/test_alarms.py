"""The read model of alarms says what the rules of a run say, whatever happened to the run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import Event, RunMigrated
from domain.run import RUN, Run
from domain.run.alarms import OVERDUE, can_be_overdue
from domain.words import StepKey
from projections.facts.run_folds import RUN_TIMES
from projections.facts.times import RunTimes
from projections.machine.alarm_rows import pending
from tests.domain.test_run_evolve import facts

TIMED = [kind for kind in RUN_TIMES.handlers if kind is not RunMigrated]
HISTORIES = st.lists(st.sampled_from(TIMED).flatmap(facts), max_size=40)
Pending = list[tuple[StepKey, str, datetime]]


def folded(history: list[Event]) -> RunTimes:
    """What the read model keeps of this history."""
    times: RunTimes = RUN_TIMES.make()
    for event in history:
        if handler := RUN_TIMES.handlers.get(type(event)):
            handler(times, event)
    return times


def ruled(run: Run | None, kind: str) -> Pending:
    """What the rules say is still to come."""
    found: Pending = []
    for key, step in run.steps.items() if run is not None and run.state == "running" else ():
        if not step.is_open:
            continue
        if step.due_at is not None and step.overdue != step.due_at and can_be_overdue(kind):
            found.append((key, OVERDUE, step.due_at))
        found += [(key, name, at) for name, at in step.alarms.items()]
    return found


@settings(max_examples=400, deadline=None)
@given(HISTORIES, st.sampled_from(["task", "email", "wait"]))
def test_alarms_are_those_of_the_rules(history: list[Any], kind: str):
    """Any facts in any order leave the same alarms in the read model as in the state that decisions see."""
    found = list(pending(folded(history), lambda _step: kind))
    assert sorted(found) == sorted(ruled(RUN.fold(history), kind))
