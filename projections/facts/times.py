"""The times of a run that are still to come: dues that have not passed, and alarms.

They follow ``domain.run.evolve`` event by event, as far as times go; a law of the tests compares the two.
"""

from __future__ import annotations

from copy import copy
from datetime import datetime

from domain import events as e
from domain.run.alarms import UNTIL
from domain.words import Assignee, StepKey


class StepTimes:
    """The times of one step that are still to come."""

    __slots__ = ("alarms", "assignee", "due_at", "manual", "moves", "overdue", "reopened", "round", "state")

    def __init__(self) -> None:
        self.state = "locked"
        self.round = 1
        self.assignee: Assignee | None = None
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


def _step(run: RunTimes, event: e.StepEvent) -> StepTimes:
    key = event.step
    step = run.steps.get(key)
    if step is None:
        step = run.steps[key] = StepTimes()
    return step


def run_started(run: RunTimes, event: e.RunStarted) -> None:
    run.process = event.process
    run.process_version = event.process_version
    run.imported = event.imported


def run_migrated(run: RunTimes, event: e.RunMigrated) -> None:
    run.process_version = event.to_version


def run_paused(run: RunTimes, _event: e.RunPaused) -> None:
    if run.state != "ended":
        run.state = "paused"


def run_resumed(run: RunTimes, _event: e.RunResumed) -> None:
    if run.state != "ended":
        run.state = "running"


def run_ended(run: RunTimes, _event: e.RunCompleted | e.RunEndedEarly | e.RunCancelled) -> None:
    run.state = "ended"


def run_reopened(run: RunTimes, _event: e.RunReopened) -> None:
    run.state = "running"


def step_became_ready(run: RunTimes, event: e.StepBecameReady) -> None:
    step = _step(run, event)
    step.state = "ready"
    step.round = event.round
    step.assignee = event.assignee
    step.due_at = event.due_at
    step.alarms = dict(event.alarms)


def step_due_set(run: RunTimes, event: e.StepDueSet) -> None:
    step, due = _step(run, event), event.due_at
    step.moves += step.due_at is not None and due != step.due_at
    step.due_at = due
    step.manual = event.source == "manual"
    if event.alarms is not None:
        step.alarms = dict(event.alarms)


def step_became_overdue(run: RunTimes, event: e.StepBecameOverdue) -> None:
    _step(run, event).overdue = event.due_at


def step_reminder_raised(run: RunTimes, event: e.StepReminderRaised) -> None:
    _step(run, event).alarms.pop(event.alarm, None)


def step_escalated(run: RunTimes, event: e.StepEscalated) -> None:
    _step(run, event).alarms.pop("escalation", None)


def step_wait_timed_out(run: RunTimes, event: e.StepWaitTimedOut) -> None:
    alarms = _step(run, event).alarms
    if alarms.get(UNTIL) == event.due_at:
        del alarms[UNTIL]


def step_assigned(run: RunTimes, event: e.StepAssigned) -> None:
    _step(run, event).assignee = event.assignee


def step_started(run: RunTimes, event: e.StepStarted) -> None:
    _step(run, event).state = "in_progress"


def step_closed(
    run: RunTimes,
    event: e.StepSkipped
    | e.StepFailed
    | e.StepCancelled
    | e.StepBecameNotApplicable
    | e.StepBecameApplicable,
) -> None:
    step = _step(run, event)
    step.state, step.alarms = "closed", {}


def step_applicable(run: RunTimes, event: e.StepBecameApplicable) -> None:
    before = _step(run, event).reopened
    if event.restored and before is not None:
        run.steps[event.step] = before
    step_closed(run, event)


def step_reopened(run: RunTimes, event: e.StepReopened) -> None:
    step = _step(run, event)
    step.reopened = copy(step) if event.cause == "migration" else None
    step.state, step.alarms, step.overdue = "locked", {}, None
    step.round = event.round
    if not step.manual:
        step.due_at = None


def step_relocked(run: RunTimes, event: e.StepRelocked) -> None:
    step = _step(run, event)
    step.state, step.alarms = "locked", {}
    step.round = event.round


def step_completed(run: RunTimes, event: e.StepCompleted) -> None:
    step = _step(run, event)
    step.state, step.alarms, step.reopened = "closed", {}, None
    step.round = event.round
