"""What the timer has still to do: every open alarm, and every due not yet recorded as passed, of running runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from datetime import datetime

from domain.run.alarms import OVERDUE, UNTIL, can_be_overdue
from domain.words import StepKey
from projections.engine.fold import Data, Fold, Handler, instant
from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.run import ENDED_RUN, OPEN_STEP

ALARM = Table("alarm", ("run", "step", "alarm", "place", "round", "at", "assignee", "due_moves"), key=3)
ALARM_RUN = Table("alarm_run", ("run", "version", "process", "process_version", "imported"))

_FIRST, _SECOND, _LATER = 0, 1, 2
"""Places among the alarms of one instant: a wait that ends then was not late, and a due passes before it is told of."""


class StepTimes:
    """The times of one step that are still to come."""

    __slots__ = ("alarms", "assignee", "due_at", "manual", "moves", "overdue", "reopened", "round", "state")

    def __init__(self) -> None:
        self.state = "locked"
        self.round = 1
        self.assignee: str | None = None
        self.due_at: datetime | None = None
        self.manual = False
        self.moves = 0
        self.overdue: datetime | None = None
        self.reopened: StepTimes | None = None
        self.alarms: dict[str, datetime] = {}


class RunTimes:
    """The times of one run."""

    __slots__ = ("imported", "process", "process_version", "state", "steps")

    def __init__(self) -> None:
        self.state = "running"
        self.process = ""
        self.process_version = 0
        self.imported = False
        self.steps: dict[StepKey, StepTimes] = {}


def _step(run: RunTimes, data: Data) -> StepTimes:
    key = data["step"]
    step = run.steps.get(key)
    if step is None:
        step = run.steps[key] = StepTimes()
    return step


def _instants(found: Data | None) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(text) for name, text in (found or {}).items()}


def _run_started(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    run.process = data["process"]
    run.process_version = data["process_version"]
    run.imported = bool(data.get("imported"))


def _run_migrated(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    run.process_version = data["to_version"]


def _run_becomes(state: str) -> Handler:
    def becomes(run: RunTimes, _data: Data, _at: datetime, _by: str | None) -> None:
        run.state = state

    return becomes


def _unless_ended(state: str) -> Handler:
    def becomes(run: RunTimes, _data: Data, _at: datetime, _by: str | None) -> None:
        if run.state not in ENDED_RUN:
            run.state = state

    return becomes


def _step_became_ready(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    step = _step(run, data)
    step.state = "ready"
    step.round = data["round"]
    step.assignee = data.get("assignee")
    step.due_at = instant(data.get("due_at"))
    step.alarms = _instants(data.get("alarms"))


def _step_due_set(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    step, due = _step(run, data), instant(data["due_at"])
    step.moves += step.due_at is not None and due != step.due_at
    step.due_at = due
    step.manual = data["source"] == "manual"
    if data.get("alarms") is not None:
        step.alarms = _instants(data["alarms"])


def _step_became_overdue(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    _step(run, data).overdue = instant(data["due_at"])


def _step_reminder_raised(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    _step(run, data).alarms.pop(data["alarm"], None)


def _step_escalated(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    _step(run, data).alarms.pop("escalation", None)


def _step_wait_timed_out(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    alarms = _step(run, data).alarms
    if alarms.get(UNTIL) == instant(data["due_at"]):
        del alarms[UNTIL]


def _step_assigned(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    _step(run, data).assignee = data["assignee"]


def _step_started(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    _step(run, data).state = "in_progress"


def _step_closed(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    step = _step(run, data)
    step.state, step.alarms = "closed", {}


def _step_applicable(run: RunTimes, data: Data, at: datetime, by: str | None) -> None:
    before = _step(run, data).reopened
    if data.get("restored") and before is not None:
        run.steps[data["step"]] = before
    _step_closed(run, data, at, by)


def _new_round(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    step = _step(run, data)
    step.reopened = copy(step) if data.get("cause") == "migration" else None
    step.state, step.alarms, step.overdue = "locked", {}, None
    step.round = data["round"]
    if not step.manual:
        step.due_at = None


def _step_relocked(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    step = _step(run, data)
    step.state, step.alarms = "locked", {}
    step.round = data["round"]


def _step_completed(run: RunTimes, data: Data, _at: datetime, _by: str | None) -> None:
    step = _step(run, data)
    step.state, step.alarms, step.reopened = "closed", {}, None
    step.round = data["round"]


RUN_TIMES = Fold(
    "run_times",
    RunTimes,
    {
        "run_started": _run_started,
        "run_migrated": _run_migrated,
        "run_paused": _unless_ended("paused"),
        "run_resumed": _unless_ended("running"),
        "run_completed": _run_becomes("completed"),
        "run_ended_early": _run_becomes("ended_early"),
        "run_cancelled": _run_becomes("cancelled"),
        "run_reopened": _run_becomes("running"),
        "step_became_ready": _step_became_ready,
        "step_relocked": _step_relocked,
        "step_assigned": _step_assigned,
        "step_due_set": _step_due_set,
        "step_became_overdue": _step_became_overdue,
        "step_reminder_raised": _step_reminder_raised,
        "step_escalated": _step_escalated,
        "step_wait_timed_out": _step_wait_timed_out,
        "step_started": _step_started,
        "step_completed": _step_completed,
        "step_skipped": _step_closed,
        "step_failed": _step_closed,
        "step_cancelled": _step_closed,
        "step_became_not_applicable": _step_closed,
        "step_became_applicable": _step_applicable,
        "step_reopened": _new_round,
    },
)
"""Follows ``domain.run.evolve`` event by event, as far as times go; a law of the tests compares the two."""


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
