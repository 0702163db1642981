"""The trail of a run: what happened at which step, when and by whom, in the order in which it was recorded."""

from __future__ import annotations

from datetime import datetime

from domain import events as e

Mark = tuple[datetime, str, str, "str | None", int]
"""(occurred_at, step, transition, actor, round)"""


class RunTrail:
    """The events that statistics count; what else happens to a run leaves no mark."""

    __slots__ = ("ended_at", "marks", "outcome", "process", "process_version", "started_at", "state", "test")

    def __init__(self) -> None:
        self.process = ""
        self.process_version = 0
        self.test = False
        self.state = "running"
        self.outcome: str | None = None
        self.started_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.marks: list[Mark] = []


def started(trail: RunTrail, event: e.RunStarted) -> None:
    trail.process = event.process
    trail.process_version = event.process_version
    trail.test = event.test
    trail.started_at = event.at


def migrated(trail: RunTrail, event: e.RunMigrated) -> None:
    """From here on the run counts for the version that it follows now."""
    trail.process_version = event.to_version


def completed(trail: RunTrail, event: e.RunCompleted) -> None:
    _ended(trail, "completed", event.outcome, event.at)


def ended_early(trail: RunTrail, event: e.RunEndedEarly) -> None:
    _ended(trail, "ended_early", event.outcome or event.reason, event.at)


def cancelled(trail: RunTrail, event: e.RunCancelled) -> None:
    _ended(trail, "cancelled", event.reason, event.at)


def _ended(trail: RunTrail, state: str, outcome: str | None, at: datetime) -> None:
    trail.state, trail.outcome, trail.ended_at = state, outcome, at


def reopened(trail: RunTrail, _event: e.RunReopened) -> None:
    trail.state = "running"
    trail.outcome = trail.ended_at = None


def step_ready(trail: RunTrail, event: e.StepBecameReady) -> None:
    """Here a step becomes ready by itself: a mark for the waiting time; only in an imported log it is an event.

    What a migration announces again began to wait before.
    """
    if event.cause == "migration" and any(
        mark[1:3] == (event.step, "ready") and mark[4] == event.round for mark in trail.marks
    ):
        return
    transition = "scheduled" if event.cause == "import" else "ready"
    trail.marks.append((event.at, event.step, transition, event.by, event.round))


def step_started(trail: RunTrail, event: e.StepStarted) -> None:
    if event.cause != "migration":
        trail.marks.append((event.at, event.step, "started", event.by, event.round))


def step_completed(trail: RunTrail, event: e.StepCompleted) -> None:
    trail.marks.append((event.at, event.step, "completed", event.by, event.round))


def assigned(trail: RunTrail, event: e.StepAssigned) -> None:
    if event.cause == "import":
        trail.marks.append((event.at, event.step, "assigned", event.by, event.round))


def skipped(trail: RunTrail, event: e.StepSkipped) -> None:
    if event.cause == "import":
        trail.marks.append((event.at, event.step, "skipped", event.by, event.round))


def step_cancelled(trail: RunTrail, event: e.StepCancelled) -> None:
    if event.cause == "import":
        trail.marks.append((event.at, event.step, "cancelled", event.by, event.round))
