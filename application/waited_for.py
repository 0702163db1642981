"""What a task waits for, or is to wait for, as it is now: read anew for each try of a decision, and held to by it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from application.found import RUNS, TASKS
from application.milepost import Milepost
from domain.task import Task
from domain.waiting import MOST_BEHIND, DependencyKind, Other


class WaitedFor:
    """The others around one task. ``on`` is what it is to wait for, of this kind; None: it is to be done."""

    def __init__(self, app: Milepost, task: UUID, on: UUID | None, kind: DependencyKind = "task") -> None:
        self._app = app
        self._task, self._on, self._kind = task, on, kind
        self._versions: dict[UUID, int] = {}
        self.others: dict[UUID, Other] = {}

    def read(self) -> Mapping[UUID, int]:
        """Read them, and with the one to wait for all tasks behind it; the answer is at which versions they are."""
        self.others.clear()
        self._versions.clear()
        if self._on is None:
            task: Task | None = self._app.load(TASKS, self._task)
            for on, kind in task.dependencies if task is not None else ():
                self._read_one(on, kind)
        elif self._kind == "task":
            self._follow(self._on)
        return self._versions

    def _follow(self, on: UUID) -> None:
        left = [on]
        while left and len(self.others) <= MOST_BEHIND:
            other = left.pop()
            if other != self._task and other not in self.others:
                self._read_one(other, "task")
                left += self.others[other].waits_for

    def _read_one(self, other: UUID, kind: str) -> None:
        if kind == "run":
            found = self._app.load_version(RUNS, other)
            version, run = found
            self.others[other] = Other(run is not None and run.ended)
        else:
            known = self._app.load_version(TASKS, other)
            version, task = known
            waits = task.dependencies if task is not None else ()
            behind = frozenset(on for on, waits_for in waits if waits_for == "task")
            self.others[other] = Other(task is not None and task.state != "open", behind)
        self._versions[other] = version
