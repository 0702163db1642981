"""The trail of a run: what happened at which step, when and by whom, in the order in which it was recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from projections.engine.fold import Data, Fold

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


def _started(trail: RunTrail, data: Data, at: datetime, _by: str | None) -> None:
    trail.process = data["process"]
    trail.process_version = data["process_version"]
    trail.test = bool(data.get("test"))
    trail.started_at = at


def _migrated(trail: RunTrail, data: Data, _at: datetime, _by: str | None) -> None:
    """From here on the run counts for the version that it follows now."""
    trail.process_version = data["to_version"]


def _ended(state: str) -> Callable[[RunTrail, Data, datetime, str | None], None]:
    def ended(trail: RunTrail, data: Data, at: datetime, _by: str | None) -> None:
        trail.state = state
        trail.outcome = data.get("outcome") or data.get("reason")
        trail.ended_at = at

    return ended


def _reopened(trail: RunTrail, _data: Data, _at: datetime, _by: str | None) -> None:
    trail.state = "running"
    trail.outcome = trail.ended_at = None


def _step_ready(trail: RunTrail, data: Data, at: datetime, by: str | None) -> None:
    """Here a step becomes ready by itself: a mark for the waiting time; only in an imported log it is an event.

    What a migration announces again began to wait before.
    """
    if data.get("cause") == "migration" and any(
        mark[1:3] == (data["step"], "ready") and mark[4] == data["round"] for mark in trail.marks
    ):
        return
    transition = "scheduled" if data.get("cause") == "import" else "ready"
    trail.marks.append((at, data["step"], transition, by, data["round"]))


def _step_started(trail: RunTrail, data: Data, at: datetime, by: str | None) -> None:
    if data.get("cause") != "migration":
        trail.marks.append((at, data["step"], "started", by, data["round"]))


def _step_completed(trail: RunTrail, data: Data, at: datetime, by: str | None) -> None:
    trail.marks.append((at, data["step"], "completed", by, data["round"]))


def _imported(transition: str) -> Callable[[RunTrail, Data, datetime, str | None], None]:
    def imported(trail: RunTrail, data: Data, at: datetime, by: str | None) -> None:
        if data.get("cause") == "import":
            trail.marks.append((at, data["step"], transition, by, data["round"]))

    return imported


RUN_TRAIL = Fold(
    "run_trail",
    RunTrail,
    {
        "run_started": _started,
        "run_migrated": _migrated,
        "run_completed": _ended("completed"),
        "run_ended_early": _ended("ended_early"),
        "run_cancelled": _ended("cancelled"),
        "run_reopened": _reopened,
        "step_became_ready": _step_ready,
        "step_started": _step_started,
        "step_completed": _step_completed,
        "step_assigned": _imported("assigned"),
        "step_skipped": _imported("skipped"),
        "step_cancelled": _imported("cancelled"),
    },
)
