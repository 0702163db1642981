"""The path of a run: every round of every step with its times, what was sent back, and what went another way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from projections.engine.fold import Data, Fold, Handler, instant

By = str | None


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

    def visit(self, data: Data) -> Visit:
        """The round that the event speaks of. In an imported log a later round is something sent back."""
        step, key = data["step"], (data["step"], data["round"])
        found = self.visits.get(key)
        if found is None:
            found = self.visits[key] = Visit()
            if self.imported and data["round"] > 1:
                self.loops[self.last_step or step, step] += 1
        self.last_step = step
        return found

    def now(self, step: str, state: str, at: datetime) -> None:
        """The step is in this state from here on."""
        self.ends[step] = state
        self.since[step] = at


def _started(path: RunPath, data: Data, at: datetime, _by: By) -> None:
    path.process, path.process_version = data["process"], data["process_version"]
    path.test, path.imported = bool(data.get("test")), bool(data.get("imported"))
    path.started_at, path.target_at = at, instant(data.get("target_at"))


def _migrated(path: RunPath, data: Data, _at: datetime, _by: By) -> None:
    path.process_version = data["to_version"]


def _target(path: RunPath, data: Data, _at: datetime, _by: By) -> None:
    path.target_at = instant(data["target_at"])


def _ended(state: str) -> Handler:
    def ended(path: RunPath, _data: Data, at: datetime, _by: By) -> None:
        path.state, path.ended_at = state, at

    return ended


def _reopened(path: RunPath, _data: Data, _at: datetime, _by: By) -> None:
    path.state, path.ended_at = "running", None


def _paused(state: str) -> Handler:
    def paused(path: RunPath, _data: Data, _at: datetime, _by: By) -> None:
        path.state = state

    return paused


def _ready(path: RunPath, data: Data, at: datetime, _by: By) -> None:
    visit = path.visit(data)
    visit.ready_at, visit.begun_at, visit.due_at = at, None, instant(data.get("due_at"))
    path.now(data["step"], "ready", at)


def _begun(path: RunPath, data: Data, at: datetime, _by: By) -> None:
    visit = path.visit(data)
    visit.begun_at = visit.begun_at or at
    path.now(data["step"], "in_progress", at)


def _done(path: RunPath, data: Data, at: datetime, _by: By) -> None:
    step = data["step"]
    path.visit(data).done_at = at
    path.now(step, "done", at)
    path.first_word.setdefault(step, "done")
    path.order.append((step, "done"))
    if data.get("reason"):
        path.odd[step, "by_hand"] += 1


def _due_set(path: RunPath, data: Data, _at: datetime, _by: By) -> None:
    visit = path.visits.get((data["step"], data["round"]))
    if visit is not None:
        visit.due_at = instant(data["due_at"])
    if data.get("source") == "manual":
        path.odd[data["step"], "due_by_hand"] += 1


def _refused(path: RunPath, data: Data, at: datetime, _by: By) -> None:
    step = data["step"]
    path.first_word.setdefault(step, "refused")
    path.refusals[step] += 1
    path.last_refusal = (step, at)


def _again(path: RunPath, data: Data, at: datetime, _by: By) -> None:
    """A step is done again: sent back by a refusal, by its own result, or by a person (no step at all)."""
    step, was = data["step"], path.ends.get(data["step"])
    path.now(step, "locked", at)
    path.order.append((step, "open"))
    if was == "cancelled":
        return
    refused = path.last_refusal
    if data.get("cause") == "rule":
        path.loops[refused[0] if refused and refused[1] == at else step, step] += 1
    else:
        path.loops["", step] += 1


def _skipped(path: RunPath, data: Data, at: datetime, _by: By) -> None:
    step, cause = data["step"], data.get("cause", "user")
    path.now(step, "skipped", at)
    path.order.append((step, "well"))
    path.odd[step, "set_aside" if cause == "timer" else "skipped"] += 1


def _becomes(state: str, *, well: bool = False) -> Handler:
    def becomes(path: RunPath, data: Data, at: datetime, _by: By) -> None:
        path.now(data["step"], state, at)
        if well:
            path.order.append((data["step"], "well"))

    return becomes


def _applies_again(path: RunPath, data: Data, at: datetime, _by: By) -> None:
    visit = path.visits.get((data["step"], data.get("round", 1)))
    done = visit is not None and visit.done_at is not None
    path.now(data["step"], "done" if done else "locked", at)
    path.order.append((data["step"], "well" if done else "open"))


def _relocked(path: RunPath, data: Data, at: datetime, _by: By) -> None:
    path.now(data["step"], "locked", at)
    path.order.append((data["step"], "open"))


def _counted(kind: str) -> Callable[[RunPath, Data, datetime, By], None]:
    def counted(path: RunPath, data: Data, _at: datetime, _by: By) -> None:
        path.odd[data.get("step", ""), kind] += 1

    return counted


RUN_PATH = Fold(
    "run_path",
    RunPath,
    {
        "run_started": _started,
        "run_migrated": _migrated,
        "run_target_set": _target,
        "run_completed": _ended("completed"),
        "run_ended_early": _ended("ended_early"),
        "run_cancelled": _ended("cancelled"),
        "run_reopened": _reopened,
        "run_paused": _paused("paused"),
        "run_resumed": _paused("running"),
        "step_became_ready": _ready,
        "step_started": _begun,
        "step_completed": _done,
        "step_due_set": _due_set,
        "approval_refused": _refused,
        "step_reopened": _again,
        "step_relocked": _relocked,
        "step_skipped": _skipped,
        "step_became_not_applicable": _becomes("not_applicable", well=True),
        "step_became_applicable": _applies_again,
        "step_failed": _becomes("failed"),
        "step_cancelled": _becomes("cancelled"),
        "stage_overridden": _counted("stage_overridden"),
    },
)
