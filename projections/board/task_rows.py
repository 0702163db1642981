"""The task view: the checklist, the comments and what a task waits for, in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain import events as e
from projections.engine.fold import Fold, over
from projections.engine.projection import Projection, Row, Source, Subject, Table

TASK_TABLE = Table("task", ("task", "checklist", "comments", "waits_for"))


class TaskDetails:
    """Lines, comments and dependencies by their ids, in the order in which they came."""

    def __init__(self) -> None:
        self.checklist: dict[str, dict[str, Any]] = {}
        self.comments: dict[str, dict[str, Any]] = {}
        self.waits_for: dict[str, dict[str, Any]] = {}


def _take(task: TaskDetails, event: e.AnyTaskEvent) -> None:
    match event:
        case e.TaskChecklistEntryAdded():
            line = {"text": event.text, "done": False, "by": None, "at": None}
            task.checklist[str(event.entry)] = {**line, "place": len(task.checklist)}
        case e.TaskChecklistEntryTicked():
            _tick(task, event)
        case e.TaskCommented():
            _comment(task, event)
        case e.TaskDependencyAdded():
            task.waits_for[str(event.on)] = {"kind": event.kind}
        case e.TaskDependencyRemoved():
            task.waits_for.pop(str(event.on), None)
        case _:
            pass  # all else is on the card


def _tick(task: TaskDetails, event: e.TaskChecklistEntryTicked) -> None:
    if (entry := task.checklist.get(str(event.entry))) is not None:
        by, at = (event.by, event.at.isoformat()) if event.done else (None, None)
        task.checklist[str(event.entry)] = {**entry, "done": event.done, "by": by, "at": at}


def _comment(task: TaskDetails, event: e.TaskCommented) -> None:
    task.comments[str(event.comment)] = {
        "text": event.text,
        "mentions": list(event.mentions),
        "by": event.by,
        "at": event.at.isoformat(),
        "place": len(task.comments),
    }


TASK_DETAILS = Fold("task_details", TaskDetails, over(e.AnyTaskEvent, _take))


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    task: TaskDetails = subject.states[0]
    # copies: a row is compared with the one before it, and the fold changes its own in place
    yield 0, (subject.stream, dict(task.checklist), dict(task.comments), dict(task.waits_for))


TASKS = Projection("tasks", 1, (TASK_TABLE,), {"task": Source((TASK_DETAILS,), _rows)}, sql="board/tasks")
