"""What the timer has still to do: every open alarm, and every due not yet recorded as passed, of running runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from domain.run.alarms import OVERDUE, UNTIL, can_be_overdue
from domain.words import StepKey
from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.run import OPEN_STEP
from projections.facts.run_folds import RUN_TIMES
from projections.facts.times import RunTimes

ALARM = Table("alarm", ("run", "step", "alarm", "place", "round", "at", "assignee", "due_moves"), key=3)
ALARM_RUN = Table("alarm_run", ("run", "version", "process", "process_version", "imported"))

_FIRST, _SECOND, _LATER = 0, 1, 2
"""Places among the alarms of one instant: a wait that ends then was not late, and a due passes before it is told of."""


def pending(run: RunTimes, kinds: Callable[[StepKey], str | None]) -> Iterator[tuple[StepKey, str, datetime]]:
    """(step, alarm, instant) of all that is still to come; ``kinds`` gives a step's kind, None for one that is gone."""
    if run.state != "running":
        return
    for key, step in run.steps.items():
        kind = kinds(key) if step.state in OPEN_STEP else None
        if kind is None:
            continue
        if step.due_at is not None and step.due_at != step.overdue and can_be_overdue(kind):
            yield key, OVERDUE, step.due_at
        for name, at in step.alarms.items():
            yield key, name, at


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    run: RunTimes = subject.states[0]
    if run.state != "running" or not run.process:
        return
    steps = subject.definitions(run.process, run.process_version).steps
    found = list(pending(run, lambda key: steps[key].kind if key in steps else None))
    for key, name, at in found:
        step = run.steps[key]
        yield 0, (subject.stream, key, name, place_of(name), step.round, at, step.assignee, step.moves)
    if found:
        yield 1, (subject.stream, subject.version, run.process, run.process_version, run.imported)


def place_of(alarm: str) -> int:
    """Which comes first of the alarms of one run and instant."""
    return {UNTIL: _FIRST, OVERDUE: _SECOND}.get(alarm, _LATER)


ALARMS = Projection(
    "alarms", 2, (ALARM, ALARM_RUN), {"run": Source((RUN_TIMES,), _rows)}, sql="machine/alarm_rows"
)
