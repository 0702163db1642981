"""What needs somebody: overdue, unassigned, blocked, help asked for. Whether a due has passed is asked when reading."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from uuid import UUID

from projections.projection import Projection, Row, Source, Subject, Table
from projections.run_facts import ENDED_RUN, OPEN_STEP, RUN_FACTS, RunFacts, StepFacts
from projections.task_facts import TASK_FACTS, TaskFacts
from projections.work_plan import PlannedStep, planned_steps

ATTENTION = Table(
    "attention",
    (
        "card", "kind", "step", "card_kind", "name", "project", "process", "step_title", "why", "who", "since",
        "due_at", "priority",
    ),
    key=3,
)  # fmt: skip


class _Run(NamedTuple):
    stream: UUID
    run: RunFacts
    project: UUID | None

    def row(
        self, kind: str, planned: PlannedStep | None, step: StepFacts | None, why: str | None = None
    ) -> Row:
        run, help_ = self.run, step.help if step else None
        since = help_.since if help_ and kind == "needs_help" else step.ready_at if step else None
        return (
            self.stream, kind, planned.key if planned else "", "run", run.name, self.project, run.process,
            planned.title if planned else None, why, step.assignee if step else None, since,
            step.due_at if step else run.target_at, run.priority,
        )  # fmt: skip


def _run_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    run: RunFacts = subject.states[0]
    if run.test or run.state in ENDED_RUN:
        return
    of_run = _Run(subject.stream, run, None if run.project is None else UUID(run.project))
    if run.state == "paused":
        yield 0, of_run.row("blocked", None, None, run.reason)
        return
    if run.target_at is not None:
        yield 0, of_run.row("overdue", None, None)
    planned = planned_steps(subject.definitions(run.process, run.process_version))
    for key, step in run.steps.items():
        if step.state in OPEN_STEP:
            yield from _step_rows(of_run, planned[key], step)
        elif step.state == "done" and step.help is not None and key in planned:
            yield 0, of_run.row("needs_help", planned[key], step, step.help.reason)


def _step_rows(of_run: _Run, planned: PlannedStep, step: StepFacts) -> Iterator[tuple[int, Row]]:
    if step.help is not None:
        yield 0, of_run.row("needs_help", planned, step, step.help.reason)
    if step.due_at is not None:
        yield 0, of_run.row("overdue", planned, step)
    if step.assignee is None and planned.manual:
        yield 0, of_run.row("unassigned", planned, step)


def _task_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    task: TaskFacts = subject.states[0]
    if task.state != "open":
        return
    due_at = (
        None
        if task.due_on is None
        else datetime.combine(date.fromisoformat(task.due_on), time(23, 59, 59), UTC)
    )
    found = [
        (
            "needs_help",
            task.help.reason if task.help else None,
            task.help.since if task.help else None,
            bool(task.help),
        ),
        ("blocked", task.blocked, task.blocked_at, task.blocked is not None),
        ("overdue", None, task.added_at, due_at is not None),
        ("unassigned", None, task.added_at, task.assignee is None),
    ]
    for kind, why, since, applies in found:
        if applies:
            yield 0, (
                subject.stream, kind, "", "task", task.title, UUID(task.project), None, None, why, task.assignee, since,
                due_at, task.priority,
            )  # fmt: skip


ATTENTION_LIST = Projection(
    "attention",
    1,
    (ATTENTION,),
    {"run": Source((RUN_FACTS,), _run_rows), "task": Source((TASK_FACTS,), _task_rows)},
)
