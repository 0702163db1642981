"""The task view: the checklist, the comments and what a task waits for, in full."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from projections.engine.fold import Data, Fold
from projections.engine.projection import Projection, Row, Source, Subject, Table

TASK_TABLE = Table("task", ("task", "checklist", "comments", "waits_for"))


class TaskDetails:
    """Lines, comments and dependencies by their ids, in the order in which they came."""

    def __init__(self) -> None:
        self.checklist: dict[str, dict[str, Any]] = {}
        self.comments: dict[str, dict[str, Any]] = {}
        self.waits_for: dict[str, dict[str, Any]] = {}


def _nothing(_task: TaskDetails, _data: Data, _at: datetime, _by: str | None) -> None:
    """A new card has none of them."""


def _entry(task: TaskDetails, data: Data, _at: datetime, _by: str | None) -> None:
    line = {"text": data["text"], "done": False, "by": None, "at": None}
    task.checklist[data["entry"]] = {**line, "place": len(task.checklist)}


def _ticked(task: TaskDetails, data: Data, at: datetime, by: str | None) -> None:
    if (entry := task.checklist.get(data["entry"])) is not None:
        ticked = {"by": by, "at": at.isoformat()} if data["done"] else {"by": None, "at": None}
        task.checklist[data["entry"]] = {**entry, "done": data["done"], **ticked}


def _commented(task: TaskDetails, data: Data, at: datetime, by: str | None) -> None:
    mentions = list(data.get("mentions") or ())
    task.comments[data["comment"]] = {
        "text": data["text"],
        "mentions": mentions,
        "by": by,
        "at": at.isoformat(),
        "place": len(task.comments),
    }


def _waits(task: TaskDetails, data: Data, _at: datetime, _by: str | None) -> None:
    task.waits_for[data["on"]] = {"kind": data["kind"]}


def _waits_no_more(task: TaskDetails, data: Data, _at: datetime, _by: str | None) -> None:
    task.waits_for.pop(data["on"], None)


TASK_DETAILS = Fold(
    "task_details",
    TaskDetails,
    {
        "task_added": _nothing,
        "task_checklist_entry_added": _entry,
        "task_checklist_entry_ticked": _ticked,
        "task_commented": _commented,
        "task_dependency_added": _waits,
        "task_dependency_removed": _waits_no_more,
    },
)


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    task: TaskDetails = subject.states[0]
    # copies: a row is compared with the one before it, and the fold changes its own in place
    yield 0, (subject.stream, dict(task.checklist), dict(task.comments), dict(task.waits_for))


TASKS = Projection("tasks", 1, (TASK_TABLE,), {"task": Source((TASK_DETAILS,), _rows)}, sql="board/tasks")
