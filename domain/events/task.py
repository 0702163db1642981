"""Events of a task: a free card on the board of a project."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from domain.events.base import Event
from domain.words import Assignee, Priority, StageKey


class TaskEvent(Event):
    """A fact about one free card of a project."""

    aggregate = "task"


class TaskAdded(TaskEvent):
    """A card was put on a project's board."""

    type = "task_added"
    public = ("project", "stage", "priority", "due_on")
    project: UUID
    title: str
    stage: StageKey
    rank: str
    description: str = ""
    assignee: Assignee | None = None
    priority: Priority = "none"
    due_on: date | None = None
    labels: tuple[str, ...] = ()


class TaskEdited(TaskEvent):
    """Title or description changed; None leaves a text as it was."""

    type = "task_edited"
    title: str | None = None
    description: str | None = None


class TaskMoved(TaskEvent):
    """The card stands in this column at this rank (text, compared bytewise)."""

    type = "task_moved"
    public = ("stage", "rank")
    stage: StageKey
    rank: str


class TaskAssigned(TaskEvent):
    """The task is this assignee's work now (None: nobody's)."""

    type = "task_assigned"
    assignee: Assignee | None
    reason: str | None = None


class TaskPrioritySet(TaskEvent):
    """The task's priority changed."""

    type = "task_priority_set"
    public = ("priority",)
    priority: Priority


class TaskDueSet(TaskEvent):
    """The task is due on this day (None: no due)."""

    type = "task_due_set"
    public = ("due_on",)
    due_on: date | None
    reason: str | None = None


class TaskLabelled(TaskEvent):
    """The task's labels are now these."""

    type = "task_labelled"
    labels: tuple[str, ...]


class TaskChecklistEntryAdded(TaskEvent):
    """One more line on the task's checklist."""

    type = "task_checklist_entry_added"
    entry: UUID
    text: str


class TaskChecklistEntryTicked(TaskEvent):
    """A line of the checklist was ticked, or its tick taken back."""

    type = "task_checklist_entry_ticked"
    entry: UUID
    done: bool


class TaskDependencyAdded(TaskEvent):
    """The task waits for another task or for a run."""

    type = "task_dependency_added"
    public = ("on", "kind")
    on: UUID
    kind: Literal["task", "run"]


class TaskDependencyRemoved(TaskEvent):
    """The task no longer waits for the other."""

    type = "task_dependency_removed"
    public = ("on", "kind")
    on: UUID
    kind: Literal["task", "run"]


class TaskBlocked(TaskEvent):
    """Nobody can go on with the task, for this reason."""

    type = "task_blocked"
    reason: str


class TaskUnblocked(TaskEvent):
    """The task can go on."""

    type = "task_unblocked"


class TaskHelpRequested(TaskEvent):
    """Work on the task needs somebody else: what for, on whom it waits, until when at the latest."""

    type = "task_help_requested"
    public = ("until",)
    reason: str
    waiting_on: str | None = None
    until: AwareDatetime | None = None


class TaskHelpCleared(TaskEvent):
    """The help asked for on the task is no longer needed."""

    type = "task_help_cleared"
    note: str | None = None


class TaskCommented(TaskEvent):
    """Somebody wrote about the task."""

    type = "task_commented"
    comment: UUID
    text: str
    mentions: tuple[Assignee, ...] = ()


class TaskCompleted(TaskEvent):
    """The task is done."""

    type = "task_completed"


class TaskReopened(TaskEvent):
    """An ended task is to be worked on again."""

    type = "task_reopened"
    reason: str


class TaskCancelled(TaskEvent):
    """The task will not be done."""

    type = "task_cancelled"
    reason: str


AnyTaskEvent = (
    TaskAdded
    | TaskEdited
    | TaskMoved
    | TaskAssigned
    | TaskPrioritySet
    | TaskDueSet
    | TaskLabelled
    | TaskChecklistEntryAdded
    | TaskChecklistEntryTicked
    | TaskDependencyAdded
    | TaskDependencyRemoved
    | TaskBlocked
    | TaskUnblocked
    | TaskHelpRequested
    | TaskHelpCleared
    | TaskCommented
    | TaskCompleted
    | TaskReopened
    | TaskCancelled
)
