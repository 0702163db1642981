"""A task: a free card on the board of a project, moved, assigned, blocked and done by people."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, assert_never
from uuid import UUID

from domain import events as e
from domain import rank as ranks
from domain.aggregate import Aggregate
from domain.checks import distinct, line, priority_word, words
from domain.directory import Directory, must_be_here
from domain.waiting import DependencyKind, Others, no_circle, nothing_left
from domain.words import Actor, Assignee, Priority, Rejected, StageKey

TaskState = Literal["open", "done", "cancelled"]
_MOST_LABELS = 50
_MOST_ENTRIES = 200
_MOST_DEPENDENCIES = 200


@dataclass(frozen=True)
class ChecklistEntry:
    """One line of the checklist."""

    text: str
    done: bool = False


@dataclass(frozen=True)
class Help:
    """What somebody else is asked for."""

    reason: str
    waiting_on: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Task:
    """What decisions about a task need to know."""

    project: UUID | None = None
    title: str = ""
    description: str = ""
    stage: StageKey = StageKey("")  # noqa: RUF009 - a text
    rank: str = ""
    state: TaskState = "open"
    assignee: Assignee | None = None
    priority: Priority = "none"
    due_on: date | None = None
    labels: tuple[str, ...] = ()
    checklist: dict[UUID, ChecklistEntry] = field(default_factory=dict)
    dependencies: frozenset[tuple[UUID, str]] = frozenset()
    blocked: str | None = None
    help: Help | None = None
    comments: frozenset[UUID] = frozenset()


def evolve(task: Task | None, event: e.AnyTaskEvent) -> Task:  # noqa: C901, PLR0911, PLR0912 - one closed match
    """The task after the event."""
    task = task or Task()
    match event:
        case e.TaskAdded():
            return _added(task, event)
        case e.TaskEdited():
            title = task.title if event.title is None else event.title
            description = task.description if event.description is None else event.description
            return replace(task, title=title, description=description)
        case e.TaskMoved():
            return replace(task, stage=event.stage, rank=event.rank)
        case e.TaskAssigned():
            return replace(task, assignee=event.assignee)
        case e.TaskPrioritySet():
            return replace(task, priority=event.priority)
        case e.TaskDueSet():
            return replace(task, due_on=event.due_on)
        case e.TaskLabelled():
            return replace(task, labels=event.labels)
        case e.TaskChecklistEntryAdded() | e.TaskChecklistEntryTicked():
            return replace(task, checklist=_checklist(task.checklist, event))
        case e.TaskDependencyAdded():
            return replace(task, dependencies=task.dependencies | {(event.on, event.kind)})
        case e.TaskDependencyRemoved():
            return replace(task, dependencies=task.dependencies - {(event.on, event.kind)})
        case e.TaskBlocked():
            return replace(task, blocked=event.reason)
        case e.TaskUnblocked():
            return replace(task, blocked=None)
        case e.TaskHelpRequested():
            return replace(task, help=Help(event.reason, event.waiting_on, event.until))
        case e.TaskHelpCleared():
            return replace(task, help=None)
        case e.TaskCommented():
            return replace(task, comments=task.comments | {event.comment})
        case e.TaskCompleted():
            return replace(task, state="done")
        case e.TaskReopened():
            return replace(task, state="open")
        case e.TaskCancelled():
            return replace(task, state="cancelled")
        case _:
            assert_never(event)


def _added(task: Task, event: e.TaskAdded) -> Task:
    return replace(
        task,
        project=event.project,
        title=event.title,
        description=event.description,
        stage=event.stage,
        rank=event.rank,
        assignee=event.assignee,
        priority=event.priority,
        due_on=event.due_on,
        labels=event.labels,
    )


def _checklist(
    checklist: dict[UUID, ChecklistEntry], event: e.TaskChecklistEntryAdded | e.TaskChecklistEntryTicked
) -> dict[UUID, ChecklistEntry]:
    match event:
        case e.TaskChecklistEntryAdded():
            return {**checklist, event.entry: ChecklistEntry(event.text)}
        case e.TaskChecklistEntryTicked():
            text = checklist[event.entry].text if event.entry in checklist else ""
            return {**checklist, event.entry: ChecklistEntry(text, event.done)}


TASK = Aggregate("task", evolve)


# --- decisions: the card itself ---


def add_task(  # noqa: PLR0913 - one for each thing that a new card may say
    task: Task | None,
    project: UUID,
    title: str,
    stage: StageKey,
    rank: str,
    *,
    description: str = "",
    assignee: Assignee | None = None,
    priority: Priority = "none",
    due_on: date | None = None,
    labels: tuple[str, ...] = (),
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[e.AnyTaskEvent]:
    """Put a card on a project's board. Adding the same card again changes nothing."""
    added = e.TaskAdded(
        project=project,
        title=line("title", title),
        stage=stage,
        rank=ranks.check(rank),
        description=description,
        assignee=assignee,
        priority=priority_word(priority),
        due_on=due_on,
        labels=_labels(labels),
        by=by,
        at=at,
    )
    if task is None:
        must_be_here(assignee, directory, field="assignee")
        return [added]
    if task == _added(task, added):
        return []
    raise Rejected("already_added", "this task exists already", title=task.title)


def edit(
    task: Task, title: str | None = None, description: str | None = None, *, by: Actor, at: datetime
) -> list[e.AnyTaskEvent]:
    """Change title, description or both; None leaves a text as it was."""
    new_title = None if title is None or title.strip() == task.title else line("title", title)
    new_description = None if description == task.description else description
    if new_title is None and new_description is None:
        return []
    _must_be_open(task)
    return [e.TaskEdited(title=new_title, description=new_description, by=by, at=at)]


def move_task(task: Task, stage: StageKey, rank: str, *, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    """Put the card into a column at a rank, both at once. Ended cards may be moved too."""
    if (task.stage, task.rank) == (stage, ranks.check(rank)):
        return []
    return [e.TaskMoved(stage=stage, rank=rank, by=by, at=at)]


def assign(
    task: Task,
    assignee: Assignee | None,
    reason: str | None = None,
    *,
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[e.AnyTaskEvent]:
    """Make the task somebody's work (None: nobody's)."""
    if assignee == task.assignee:
        return []
    _must_be_open(task)
    must_be_here(assignee, directory, field="assignee")
    return [e.TaskAssigned(assignee=assignee, reason=reason, by=by, at=at)]


def set_priority(task: Task, priority: Priority, *, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    """Say how urgent the task is."""
    if priority_word(priority) == task.priority:
        return []
    _must_be_open(task)
    return [e.TaskPrioritySet(priority=priority, by=by, at=at)]


def set_due(
    task: Task, due_on: date | None, reason: str | None = None, *, by: Actor, at: datetime
) -> list[e.AnyTaskEvent]:
    """Say on which day the task is due (None: no due)."""
    if due_on == task.due_on:
        return []
    _must_be_open(task)
    return [e.TaskDueSet(due_on=due_on, reason=reason, by=by, at=at)]


def label(task: Task, labels: tuple[str, ...], *, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    """Replace the labels."""
    labels = _labels(labels)
    if labels == task.labels:
        return []
    _must_be_open(task)
    return [e.TaskLabelled(labels=labels, by=by, at=at)]


# --- decisions: checklist and dependencies ---


def add_checklist_entry(
    task: Task, entry: UUID, text: str, *, by: Actor, at: datetime
) -> list[e.AnyTaskEvent]:
    """Add a line to the checklist; ``entry`` is its id."""
    if entry in task.checklist:
        return []
    _must_be_open(task)
    if len(task.checklist) >= _MOST_ENTRIES:
        raise Rejected("checklist_full", f"a checklist has at most {_MOST_ENTRIES} lines", most=_MOST_ENTRIES)
    return [e.TaskChecklistEntryAdded(entry=entry, text=words("text", text), by=by, at=at)]


def tick(task: Task, entry: UUID, done: bool = True, *, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    """Tick a line of the checklist, or take the tick back."""
    if entry not in task.checklist:
        raise Rejected(
            "unknown_entry", "the checklist has no such line", accepted=[str(each) for each in task.checklist]
        )
    if task.checklist[entry].done == done:
        return []
    _must_be_open(task)
    return [e.TaskChecklistEntryTicked(entry=entry, done=done, by=by, at=at)]


def add_dependency(
    task: Task, on: UUID, kind: DependencyKind, *, own: UUID, others: Others, by: Actor, at: datetime
) -> list[e.AnyTaskEvent]:
    """Say that the task, whose ``own`` id this is, waits for another task or for a run; never in a circle."""
    if (on, kind) in task.dependencies:
        return []
    _must_be_open(task)
    no_circle(own, on, others)
    if len(task.dependencies) >= _MOST_DEPENDENCIES:
        most = _MOST_DEPENDENCIES
        raise Rejected("too_many_dependencies", f"a task waits for at most {most} others", most=most)
    return [e.TaskDependencyAdded(on=on, kind=kind, by=by, at=at)]


def remove_dependency(
    task: Task, on: UUID, kind: DependencyKind, *, by: Actor, at: datetime
) -> list[e.AnyTaskEvent]:
    """Say that the task no longer waits for the other."""
    if (on, kind) not in task.dependencies:
        return []
    _must_be_open(task)
    return [e.TaskDependencyRemoved(on=on, kind=kind, by=by, at=at)]


# --- decisions: block, help, comment ---


def block(task: Task, reason: str, *, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    """Say that nobody can go on with the task, and why; another reason replaces the first."""
    reason = words("reason", reason)
    if task.blocked == reason:
        return []
    _must_be_open(task)
    return [e.TaskBlocked(reason=reason, by=by, at=at)]


def unblock(task: Task, *, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    """Say that the task can go on."""
    return [] if task.blocked is None else [e.TaskUnblocked(by=by, at=at)]


def request_help(
    task: Task,
    reason: str,
    waiting_on: str | None = None,
    until: datetime | None = None,
    *,
    by: Actor,
    at: datetime,
) -> list[e.AnyTaskEvent]:
    """Ask for somebody else's help; asking for something else replaces what was asked for."""
    wanted = Help(words("reason", reason), waiting_on, until)
    if task.help == wanted:
        return []
    _must_be_open(task)
    return [e.TaskHelpRequested(reason=wanted.reason, waiting_on=waiting_on, until=until, by=by, at=at)]


def clear_help(task: Task, note: str | None = None, *, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    """Say that no help is needed any longer."""
    return [] if task.help is None else [e.TaskHelpCleared(note=note, by=by, at=at)]


def comment(
    task: Task, comment: UUID, text: str, mentions: tuple[Assignee, ...] = (), *, by: Actor, at: datetime,
    directory: Directory,
) -> list[e.AnyTaskEvent]:  # fmt: skip
    """Write about the task, whatever its state; ``comment`` is the id of what is written."""
    if comment in task.comments:
        return []
    for each in mentions:
        must_be_here(each, directory, field="mentions")
    return [e.TaskCommented(comment=comment, text=words("text", text), mentions=mentions, by=by, at=at)]


# --- decisions: the end ---


def complete(task: Task, *, others: Others, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    """Mark the task done once what it waits for is over; a block and a request for help end with it."""
    if task.state == "done":
        return []
    _must_be_open(task)
    nothing_left(task.dependencies, others)
    return [*_flags_down(task, by, at), e.TaskCompleted(by=by, at=at)]


def cancel(task: Task, reason: str, *, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    """Decide that the task will not be done; a block and a request for help end with it."""
    if task.state == "cancelled":
        return []
    _must_be_open(task)
    return [*_flags_down(task, by, at), e.TaskCancelled(reason=words("reason", reason), by=by, at=at)]


def reopen(task: Task, reason: str, *, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    """Take an ended task up again."""
    if task.state == "open":
        return []
    return [e.TaskReopened(reason=words("reason", reason), by=by, at=at)]


def _flags_down(task: Task, by: Actor, at: datetime) -> list[e.AnyTaskEvent]:
    return [*clear_help(task, by=by, at=at), *unblock(task, by=by, at=at)]


def _must_be_open(task: Task) -> None:
    if task.state != "open":
        raise Rejected("task_ended", f"this task is {task.state}; reopen it first", accepted=["reopen"])


def _labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(labels) > _MOST_LABELS:
        raise Rejected("too_many_labels", f"a task has at most {_MOST_LABELS} labels", most=_MOST_LABELS)
    return distinct(line("label", each) for each in labels)
