"""The state of a free card, as the read models need it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from projections.answers import Help
from projections.engine.fold import Data, Fold, Handler, instant


class TaskFacts:
    """One free card."""

    __slots__ = (
        "added_at", "assignee", "blocked", "blocked_at", "checklist", "comments", "description", "due_on", "ended_at",
        "entered_at", "help", "labels", "priority", "project", "rank", "stage", "state", "title", "waits_for",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state = "open"
        self.project = ""
        self.title = ""
        self.description = ""
        self.stage = ""
        self.rank = ""
        self.assignee: str | None = None
        self.priority = "none"
        self.due_on: str | None = None
        self.labels: list[str] = []
        self.checklist: dict[str, bool] = {}
        self.waits_for: list[str] = []
        self.blocked: str | None = None
        self.blocked_at: datetime | None = None
        self.help: Help | None = None
        self.comments = 0
        self.added_at: datetime | None = None
        self.entered_at: datetime | None = None
        self.ended_at: datetime | None = None


def _set(*names: str) -> Handler:
    """The events whose data is named as the state is."""

    def set_(task: Any, data: Data, _at: datetime, _by: str | None) -> None:
        for name in names:
            setattr(task, name, data[name])

    return set_


def _added(task: TaskFacts, data: Data, at: datetime, _by: str | None) -> None:
    for name in ("project", "title", "stage", "rank"):
        setattr(task, name, data[name])
    task.description = data.get("description") or ""
    task.assignee = data.get("assignee")
    task.priority = data.get("priority") or "none"
    task.due_on = data.get("due_on")
    task.labels = list(data.get("labels") or ())
    task.added_at = task.entered_at = at


def _edited(task: TaskFacts, data: Data, _at: datetime, _by: str | None) -> None:
    if data.get("title") is not None:
        task.title = data["title"]
    if data.get("description") is not None:
        task.description = data["description"]


def _moved(task: TaskFacts, data: Data, at: datetime, _by: str | None) -> None:
    if task.stage != data["stage"]:
        task.entered_at = at
    task.stage, task.rank = data["stage"], data["rank"]


def _labelled(task: TaskFacts, data: Data, _at: datetime, _by: str | None) -> None:
    task.labels = list(data["labels"])


def _entry_added(task: TaskFacts, data: Data, _at: datetime, _by: str | None) -> None:
    task.checklist[data["entry"]] = False


def _entry_ticked(task: TaskFacts, data: Data, _at: datetime, _by: str | None) -> None:
    task.checklist[data["entry"]] = data["done"]


def _dependency_added(task: TaskFacts, data: Data, _at: datetime, _by: str | None) -> None:
    if data["on"] not in task.waits_for:
        task.waits_for.append(data["on"])


def _dependency_removed(task: TaskFacts, data: Data, _at: datetime, _by: str | None) -> None:
    if data["on"] in task.waits_for:
        task.waits_for.remove(data["on"])


def _blocked(task: TaskFacts, data: Data, at: datetime, _by: str | None) -> None:
    task.blocked, task.blocked_at = data["reason"], at


def _unblocked(task: TaskFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    task.blocked = task.blocked_at = None


def _help_requested(task: TaskFacts, data: Data, at: datetime, _by: str | None) -> None:
    task.help = Help(data["reason"], at, data.get("waiting_on"), instant(data.get("until")))


def _help_cleared(task: TaskFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    task.help = None


def _commented(task: TaskFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    task.comments += 1


def _ended(state: str) -> Callable[[TaskFacts, Data, datetime, str | None], None]:
    def ended(task: TaskFacts, _data: Data, at: datetime, _by: str | None) -> None:
        task.state, task.ended_at = state, at

    return ended


def _reopened(task: TaskFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    task.state, task.ended_at = "open", None


TASK_FACTS = Fold(
    "task_facts",
    TaskFacts,
    {
        "task_added": _added,
        "task_edited": _edited,
        "task_moved": _moved,
        "task_assigned": _set("assignee"),
        "task_priority_set": _set("priority"),
        "task_due_set": _set("due_on"),
        "task_labelled": _labelled,
        "task_checklist_entry_added": _entry_added,
        "task_checklist_entry_ticked": _entry_ticked,
        "task_dependency_added": _dependency_added,
        "task_dependency_removed": _dependency_removed,
        "task_blocked": _blocked,
        "task_unblocked": _unblocked,
        "task_help_requested": _help_requested,
        "task_help_cleared": _help_cleared,
        "task_commented": _commented,
        "task_completed": _ended("done"),
        "task_reopened": _reopened,
        "task_cancelled": _ended("cancelled"),
    },
)
