"""Ready work only, by whose it is: the manual steps of running runs, and open tasks that nothing blocks."""

from __future__ import annotations

from collections.abc import Iterator

from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.plan import planned_steps
from projections.facts.run import OPEN_STEP, RunFacts
from projections.facts.run_folds import RUN_FACTS
from projections.facts.task import TASK_FACTS, TaskFacts

INBOX_TABLE = Table(
    "inbox",
    (
        "work", "step", "kind", "assignee", "title", "name", "process", "project", "stage", "state", "due_at",
        "priority", "ready_at", "step_kind", "due_on", "claimable", "approved",
        "reminded_at", "reminded_by",
    ),
    key=2,
)  # fmt: skip


def _run_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    run: RunFacts = subject.states[0]
    if run.state != "running":
        return
    planned = planned_steps(subject.definitions(run.process, run.process_version))
    for key, step in run.steps.items():
        plan = planned.get(key)  # None between a migration and what it says of a step that is gone
        if plan is None or not plan.manual or step.state not in OPEN_STEP or step.assignee is None:
            continue
        yield 0, (
            subject.stream, key, "step", step.assignee, plan.title, run.name, run.process, run.project, plan.stage,
            step.state, step.due_at, run.priority, step.ready_at or step.started_at, plan.kind, None,
            step.assignee.startswith("group:") and not plan.shared, step.approved_by,
            step.reminded_at, step.reminded_by,
        )  # fmt: skip


def _task_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    task: TaskFacts = subject.states[0]
    if task.state == "open" and task.assignee is not None and task.blocked is None:
        yield 0, (
            subject.stream, "", "task", task.assignee, task.title, task.title, None, task.project, task.stage,
            "ready", None, task.priority, task.added_at, None, task.due_on, False, [], None, None,
        )  # fmt: skip


INBOX = Projection(
    "inbox",
    4,
    (INBOX_TABLE,),
    {"run": Source((RUN_FACTS,), _run_rows), "task": Source((TASK_FACTS,), _task_rows)},
    sql="work/rows",
)
