"""The state of a free card, as the read models need it."""

from __future__ import annotations

from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from domain import events as e
from domain.words import Priority
from projections.answers import Help
from projections.engine.fold import Fold, over


class TaskFacts:
    """One free card."""

    __slots__ = (
        "added_at", "assignee", "blocked", "blocked_at", "checklist", "comments", "description", "due_on", "ended_at",
        "entered_at", "help", "labels", "priority", "project", "rank", "stage", "state", "title", "waits_for",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state = "open"
        self.project: UUID | None = None
        self.title = ""
        self.description = ""
        self.stage = ""
        self.rank = ""
        self.assignee: str | None = None
        self.priority: Priority = "none"
        self.due_on: date | None = None
        self.labels: list[str] = []
        self.checklist: dict[UUID, bool] = {}
        self.waits_for: list[UUID] = []
        self.blocked: str | None = None
        self.blocked_at: datetime | None = None
        self.help: Help | None = None
        self.comments = 0
        self.added_at: datetime | None = None
        self.entered_at: datetime | None = None
        self.ended_at: datetime | None = None


def _take(task: TaskFacts, event: e.AnyTaskEvent) -> None:  # noqa: C901, PLR0912 - one closed match
    match event:
        case e.TaskAdded():
            _added(task, event)
        case e.TaskEdited():
            task.title = task.title if event.title is None else event.title
            task.description = task.description if event.description is None else event.description
        case e.TaskMoved():
            task.entered_at = task.entered_at if task.stage == event.stage else event.at
            task.stage, task.rank = event.stage, event.rank
        case e.TaskAssigned():
            task.assignee = event.assignee
        case e.TaskPrioritySet():
            task.priority = event.priority
        case e.TaskDueSet():
            task.due_on = event.due_on
        case e.TaskLabelled():
            task.labels = list(event.labels)
        case e.TaskChecklistEntryAdded():
            task.checklist[event.entry] = False
        case e.TaskChecklistEntryTicked():
            task.checklist[event.entry] = event.done
        case e.TaskDependencyAdded() | e.TaskDependencyRemoved():
            _waits(task, event)
        case e.TaskBlocked():
            task.blocked, task.blocked_at = event.reason, event.at
        case e.TaskUnblocked():
            task.blocked = task.blocked_at = None
        case e.TaskHelpRequested():
            task.help = Help(event.reason, event.at, event.waiting_on, event.until)
        case e.TaskHelpCleared():
            task.help = None
        case e.TaskCommented():
            task.comments += 1
        case e.TaskCompleted():
            task.state, task.ended_at = "done", event.at
        case e.TaskCancelled():
            task.state, task.ended_at = "cancelled", event.at
        case e.TaskReopened():
            task.state, task.ended_at = "open", None
        case _:
            assert_never(event)


def _added(task: TaskFacts, event: e.TaskAdded) -> None:
    task.project = event.project
    task.title = event.title
    task.stage = event.stage
    task.rank = event.rank
    task.description = event.description
    task.assignee = event.assignee
    task.priority = event.priority
    task.due_on = event.due_on
    task.labels = list(event.labels)
    task.added_at = task.entered_at = event.at


def _waits(task: TaskFacts, event: e.TaskDependencyAdded | e.TaskDependencyRemoved) -> None:
    others = [other for other in task.waits_for if other != event.on]
    if isinstance(event, e.TaskDependencyRemoved):
        task.waits_for = others
    elif len(others) == len(task.waits_for):
        task.waits_for.append(event.on)


TASK_FACTS = Fold("task_facts", TaskFacts, over(e.AnyTaskEvent, _take))
