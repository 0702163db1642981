"""docs/reference/states.md: the states of steps, runs and tasks, drawn from one table that a test holds against the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain import events as e

Transition = tuple[str, type[e.Event], str]


def _each(sources: Iterable[str], event: type[e.Event], target: str) -> tuple[Transition, ...]:
    return tuple((source, event, target) for source in sources)


STEP: tuple[Transition, ...] = (
    *_each(["locked"], e.StepBecameReady, "ready"),
    *_each(["ready"], e.StepStarted, "in_progress"),
    *_each(["ready", "in_progress"], e.StepCompleted, "done"),
    *_each(["ready", "in_progress"], e.StepFailed, "failed"),
    *_each(["ready", "in_progress", "not_applicable"], e.StepRelocked, "locked"),
    *_each(["locked", "ready", "in_progress"], e.StepSkipped, "skipped"),
    *_each(["locked", "ready", "in_progress", "done"], e.StepBecameNotApplicable, "not_applicable"),
    *_each(["not_applicable", "cancelled"], e.StepBecameApplicable, "locked"),
    *_each(["locked", "ready", "not_applicable", "cancelled"], e.StepBecameApplicable, "done"),
    *_each(["ready", "in_progress"], e.StepCancelled, "cancelled"),
    *_each(["done", "skipped", "failed", "cancelled", "not_applicable"], e.StepReopened, "locked"),
)
RUN: tuple[Transition, ...] = (
    *_each(["running"], e.RunPaused, "paused"),
    *_each(["paused"], e.RunResumed, "running"),
    *_each(["running"], e.RunCompleted, "completed"),
    *_each(["running", "paused"], e.RunEndedEarly, "ended_early"),
    *_each(["running", "paused"], e.RunCancelled, "cancelled"),
    *_each(["completed", "ended_early", "cancelled"], e.RunReopened, "running"),
)
TASK: tuple[Transition, ...] = (
    *_each(["open"], e.TaskCompleted, "done"),
    *_each(["open"], e.TaskCancelled, "cancelled"),
    *_each(["done", "cancelled"], e.TaskReopened, "open"),
)
HEAD = """\
# States

Each arrow is an event of the [event reference](events.md); events that change no state are left out. Imported history may go
other ways, because it is a fact and not a decision.

This page is generated from `tools/generators/states.py`; a test holds it against the rules in `domain/`.
"""
_STEP_NOTE = (
    "A step that became applicable again is done if it was done in this round, else locked. A cancelled one does when a "
    "migration took it away and another brings it back. A step that a migration had done again, and that nobody has worked "
    "on since, is done as it was when another migration takes that back."
)
_RUN_NOTE = (
    "Reopening one of its steps reopens a run that has ended. A paused run whose last step was "
    "done is completed when it goes on."
)
_TASK_NOTE = "Blocked and in need of help are flags of an open task; both go down when it ends."
_TABLES = (
    ("Step", "locked", STEP, _STEP_NOTE),
    ("Run", "running", RUN, _RUN_NOTE),
    ("Task", "open", TASK, _TASK_NOTE),
)


def states_reference() -> dict[str, str]:
    """A diagram each for steps, runs and tasks."""
    parts = [HEAD, *(_diagram(*each) for each in _TABLES)]
    return {"docs/reference/states.md": "\n".join(parts)}


def _diagram(title: str, first: str, table: tuple[Transition, ...], note: str) -> str:
    lines = "\n".join(_lines(first, table))
    return f"## {title}\n\n```mermaid\nstateDiagram-v2\n{lines}\n```\n\n{note}\n"


def _lines(first: str, table: tuple[Transition, ...]) -> Iterator[str]:
    yield f"    [*] --> {first}"
    for source, event, target in table:
        yield f"    {source} --> {target}: {event.type}"
