"""The path of a run: every round of every step with its times, what was sent back, and what went another way."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from domain import events as e


class Visit:
    """One round of one step."""

    __slots__ = ("begun_at", "done_at", "due_at", "ready_at")

    def __init__(self) -> None:
        self.ready_at: datetime | None = None
        self.begun_at: datetime | None = None
        self.done_at: datetime | None = None
        self.due_at: datetime | None = None


class RunPath:
    """``first_word`` is the first answer of each approval.

    ``order`` tells in time which steps were ``done``, ended ``well`` in another way, or were ``open`` again.
    """

    __slots__ = (
        "ended_at", "ends", "first_word", "imported", "last_refusal", "last_step", "loops", "odd", "order", "process",
        "process_version", "refusals", "since", "started_at", "state", "target_at", "test", "visits",
    )  # fmt: skip

    def __init__(self) -> None:
        self.process = ""
        self.process_version = 0
        self.test = self.imported = False
        self.state = "running"
        self.started_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.target_at: datetime | None = None
        self.visits: dict[tuple[str, int], Visit] = {}
        self.ends: dict[str, str] = {}
        self.since: dict[str, datetime] = {}
        self.first_word: dict[str, str] = {}
        self.refusals: Counter[str] = Counter()
        self.loops: Counter[tuple[str, str]] = Counter()
        self.odd: Counter[tuple[str, str]] = Counter()
        self.order: list[tuple[str, str]] = []
        self.last_refusal: tuple[str, datetime] | None = None
        self.last_step: str | None = None

    def visit(self, event: e.StepEvent) -> Visit:
        """The round that the event speaks of. In an imported log a later round is something sent back."""
        step, key = event.step, (event.step, event.round)
        found = self.visits.get(key)
        if found is None:
            found = self.visits[key] = Visit()
            if self.imported and event.round > 1:
                self.loops[self.last_step or step, step] += 1
        self.last_step = step
        return found

    def now(self, step: str, state: str, at: datetime) -> None:
        """The step is in this state from here on."""
        self.ends[step] = state
        self.since[step] = at


def started(path: RunPath, event: e.RunStarted) -> None:
    path.process, path.process_version = event.process, event.process_version
    path.test, path.imported = event.test, event.imported
    path.started_at, path.target_at = event.at, event.target_at


def migrated(path: RunPath, event: e.RunMigrated) -> None:
    path.process_version = event.to_version


def target(path: RunPath, event: e.RunTargetSet) -> None:
    path.target_at = event.target_at


def completed(path: RunPath, event: e.RunCompleted) -> None:
    path.state, path.ended_at = "completed", event.at


def ended_early(path: RunPath, event: e.RunEndedEarly) -> None:
    path.state, path.ended_at = "ended_early", event.at


def cancelled(path: RunPath, event: e.RunCancelled) -> None:
    path.state, path.ended_at = "cancelled", event.at


def reopened(path: RunPath, _event: e.RunReopened) -> None:
    path.state, path.ended_at = "running", None


def paused(path: RunPath, _event: e.RunPaused) -> None:
    path.state = "paused"


def resumed(path: RunPath, _event: e.RunResumed) -> None:
    path.state = "running"


def ready(path: RunPath, event: e.StepBecameReady) -> None:
    visit = path.visit(event)
    visit.ready_at, visit.begun_at, visit.due_at = event.at, None, event.due_at
    path.now(event.step, "ready", event.at)


def begun(path: RunPath, event: e.StepStarted) -> None:
    visit = path.visit(event)
    visit.begun_at = visit.begun_at or event.at
    path.now(event.step, "in_progress", event.at)


def done(path: RunPath, event: e.StepCompleted) -> None:
    step = event.step
    path.visit(event).done_at = event.at
    path.now(step, "done", event.at)
    path.first_word.setdefault(step, "done")
    path.order.append((step, "done"))
    if event.reason:
        path.odd[step, "by_hand"] += 1


def due_set(path: RunPath, event: e.StepDueSet) -> None:
    visit = path.visits.get((event.step, event.round))
    if visit is not None:
        visit.due_at = event.due_at
    if event.source == "manual":
        path.odd[event.step, "due_by_hand"] += 1


def refused(path: RunPath, event: e.ApprovalRefused) -> None:
    step = event.step
    path.first_word.setdefault(step, "refused")
    path.refusals[step] += 1
    path.last_refusal = (step, event.at)


def again(path: RunPath, event: e.StepReopened) -> None:
    """A step is done again: sent back by a refusal, by its own result, or by a person (no step at all)."""
    step, was = event.step, path.ends.get(event.step)
    path.now(step, "locked", event.at)
    path.order.append((step, "open"))
    if was == "cancelled":
        return
    refused = path.last_refusal
    if event.cause == "rule":
        path.loops[refused[0] if refused and refused[1] == event.at else step, step] += 1
    else:
        path.loops["", step] += 1


def skipped(path: RunPath, event: e.StepSkipped) -> None:
    step = event.step
    path.now(step, "skipped", event.at)
    path.order.append((step, "well"))
    path.odd[step, "set_aside" if event.cause == "timer" else "skipped"] += 1


def not_applicable(path: RunPath, event: e.StepBecameNotApplicable) -> None:
    path.now(event.step, "not_applicable", event.at)
    path.order.append((event.step, "well"))


def failed(path: RunPath, event: e.StepFailed) -> None:
    path.now(event.step, "failed", event.at)


def step_cancelled(path: RunPath, event: e.StepCancelled) -> None:
    path.now(event.step, "cancelled", event.at)


def applies_again(path: RunPath, event: e.StepBecameApplicable) -> None:
    visit = path.visits.get((event.step, event.round))
    done = visit is not None and visit.done_at is not None
    path.now(event.step, "done" if done else "locked", event.at)
    path.order.append((event.step, "well" if done else "open"))


def relocked(path: RunPath, event: e.StepRelocked) -> None:
    path.now(event.step, "locked", event.at)
    path.order.append((event.step, "open"))


def overridden(path: RunPath, _event: e.StageOverridden) -> None:
    path.odd["", "stage_overridden"] += 1
