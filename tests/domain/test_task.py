"""Promises about tasks."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from domain import task as tasks
from domain.events import (
    TaskAdded,
    TaskAssigned,
    TaskBlocked,
    TaskCancelled,
    TaskChecklistEntryAdded,
    TaskChecklistEntryTicked,
    TaskCommented,
    TaskCompleted,
    TaskDependencyAdded,
    TaskDependencyRemoved,
    TaskDueSet,
    TaskEdited,
    TaskHelpCleared,
    TaskHelpRequested,
    TaskLabelled,
    TaskMoved,
    TaskPrioritySet,
    TaskReopened,
    TaskUnblocked,
)
from domain.task import TASK
from domain.waiting import Other
from domain.words import Actor, Assignee, StageKey
from tests.support.given import NINE, Story

BY = Actor("person:dana")
PROJECT, OTHER, ENTRY, COMMENT = (UUID(int=number) for number in range(1, 5))
TODO, DOING = StageKey("todo"), StageKey("doing")
W: dict[str, Any] = {"by": BY, "at": NINE}
ADDED = TaskAdded(project=PROJECT, title="Call", stage=TODO, rank="a0", **W)
task = Story(TASK)
there = task.given(ADDED)


def test_a_task_is_added_once():
    """Adding the same card again changes nothing; another card of the same id is refused."""
    task.when(tasks.add_task, PROJECT, " Call ", TODO, "a0").then(ADDED)
    there.when(tasks.add_task, PROJECT, "Write", TODO, "a0").rejected("already_added", title="Call")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"title": " "}, "bad_text"),
        ({"title": "x" * 201}, "bad_text"),
        ({"rank": "!"}, "bad_rank"),
        ({"priority": "huge"}, "unknown_priority"),
        ({"labels": ("x",) * 51}, "too_many_labels"),
    ],
)
def test_a_task_that_makes_no_sense_is_refused(given: dict[str, Any], code: str):
    """Title, rank, priority and labels are checked before anything is recorded."""
    usual: dict[str, Any] = {"project": PROJECT, "title": "Call", "stage": TODO, "rank": "a0"}
    task.when(tasks.add_task, **{**usual, **given}).rejected(code)


def test_a_move_is_one_fact():
    """Column and rank change together; ended cards can be moved too."""
    there.when(tasks.move_task, DOING, "a1").then(TaskMoved(stage=DOING, rank="a1", **W))
    there.given(TaskCompleted(**W)).when(tasks.move_task, DOING, "a1").then_types("task_moved")
    there.when(tasks.move_task, DOING, "").rejected("bad_rank")


@pytest.mark.parametrize(
    ("decision", "args", "event"),
    [
        (tasks.edit, ("Phone", None), TaskEdited(title="Phone", **W)),
        (tasks.edit, (None, "soon"), TaskEdited(description="soon", **W)),
        (tasks.assign, (Assignee("person:bo"),), TaskAssigned(assignee=Assignee("person:bo"), **W)),
        (tasks.set_priority, ("high",), TaskPrioritySet(priority="high", **W)),
        (tasks.set_due, (date(2026, 4, 1),), TaskDueSet(due_on=date(2026, 4, 1), **W)),
        (tasks.label, (("a", "b", "a"),), TaskLabelled(labels=("a", "b"), **W)),
        (tasks.add_checklist_entry, (ENTRY, "dial"), TaskChecklistEntryAdded(entry=ENTRY, text="dial", **W)),
        (partial(tasks.add_dependency, own=ENTRY, others={}), (OTHER, "run"),
            TaskDependencyAdded(on=OTHER, kind="run", **W)),
        (tasks.block, ("no line",), TaskBlocked(reason="no line", **W)),
        (tasks.request_help, ("number?", "bo", NINE),
            TaskHelpRequested(reason="number?", waiting_on="bo", until=NINE, **W)),
    ],
)  # fmt: skip
def test_a_change_is_recorded_once_and_not_after_the_end(decision: Any, args: tuple[Any, ...], event: Any):
    """Each change is one event; repeating it changes nothing; an ended task refuses it."""
    there.when(decision, *args).then(event)
    there.given(TaskCompleted(**W)).when(decision, *args).rejected("task_ended", accepted=["reopen"])


def test_the_checklist_is_ticked_and_unticked():
    """A tick can be taken back; an unknown line names those that are there."""
    listed = there.given(TaskChecklistEntryAdded(entry=ENTRY, text="dial", **W))
    ticked = listed.when(tasks.tick, ENTRY).then(TaskChecklistEntryTicked(entry=ENTRY, done=True, **W))
    ticked.when(tasks.tick, ENTRY, False).then(TaskChecklistEntryTicked(entry=ENTRY, done=False, **W))
    listed.when(tasks.tick, OTHER).rejected("unknown_entry", accepted=[str(ENTRY)])


def test_a_dependency_and_a_block_are_taken_back():
    """What was put on a card can be taken off it."""
    held = there.given(TaskDependencyAdded(on=OTHER, kind="task", **W), TaskBlocked(reason="x", **W))
    held.when(tasks.remove_dependency, OTHER, "task").then(TaskDependencyRemoved(on=OTHER, kind="task", **W))
    held.when(tasks.unblock).then(TaskUnblocked(**W))


def test_anybody_may_comment_even_after_the_end():
    """A comment is kept once, by its id."""
    ended = there.given(TaskCancelled(reason="x", **W))
    ended.when(tasks.comment, COMMENT, "pity").then(TaskCommented(comment=COMMENT, text="pity", **W))


def test_the_end_takes_the_flags_down():
    """A done or cancelled card asks for no help and is blocked by nothing."""
    flagged = there.given(TaskHelpRequested(reason="?", **W), TaskBlocked(reason="x", **W))
    down = (TaskHelpCleared(**W), TaskUnblocked(**W))
    flagged.when(tasks.complete, others={}).then(*down, TaskCompleted(**W))
    flagged.when(tasks.cancel, "no").then(*down, TaskCancelled(reason="no", **W))


def test_a_task_is_done_when_what_it_waits_for_is_over():
    """Not before, whatever kind it is; what nobody knows is not over. It may be called off at any time."""
    held = there.given(
        TaskDependencyAdded(on=OTHER, kind="run", **W), TaskDependencyAdded(on=COMMENT, kind="task", **W)
    )
    none: dict[UUID, Other] = {}
    for others in (none, {OTHER: Other(is_over=True)}, {OTHER: Other(), COMMENT: Other(is_over=True)}):
        held.when(tasks.complete, others=others).rejected("still_waiting", accepted=["undepend"])
    over = {OTHER: Other(is_over=True), COMMENT: Other(is_over=True)}
    held.when(tasks.complete, others=over).then(TaskCompleted(**W))
    held.when(tasks.cancel, "no").then_types("task_cancelled")


def test_no_task_waits_for_itself_by_way_of_others():
    """Directly, by way of one, by way of many; what is in a ring already is walked once."""
    own, one, two, three = (UUID(int=number) for number in range(1, 5))
    ring = {one: Other(waits_for=frozenset({two})), two: Other(waits_for=frozenset({three, one})),
            three: Other(waits_for=frozenset({own}))}  # fmt: skip
    add = partial(tasks.add_dependency, own=own)
    there.when(add, own, "task", others={}).rejected("own_dependency")
    there.when(add, one, "task", others=ring).rejected(
        "dependency_cycle", way=[str(one), str(two), str(three)]
    )
    there.when(add, one, "task", others={**ring, three: Other()}).then_types("task_dependency_added")
    many = {UUID(int=number): Other() for number in range(1_001)}
    there.when(add, one, "task", others=many).rejected("too_many_dependencies")


def test_an_ended_task_is_reopened_with_a_reason():
    """Nothing that ended changes except by reopening."""
    done = there.given(TaskCompleted(**W))
    done.when(tasks.cancel, "no").rejected("task_ended")
    done.when(tasks.reopen, " ").rejected("bad_text")
    done.when(tasks.reopen, "again").then(TaskReopened(reason="again", **W))


def test_evolve_takes_in_anything_that_was_stored():
    """A history that begins in its middle (an import) folds all the same."""
    assert TASK.evolve(None, TaskChecklistEntryTicked(entry=ENTRY, done=True, **W)).checklist[ENTRY].done
