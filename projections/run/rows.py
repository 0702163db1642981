"""The process view: every step of a run with its state, people, times and values."""

from __future__ import annotations

from collections.abc import Iterator

from projections.board.rows import help_json
from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.run import RunFacts
from projections.facts.run_folds import RUN_FACTS, RUN_VALUES
from projections.facts.values import RunValues

RUN = Table(
    "run",
    (
        "run", "process", "process_version", "name", "subject", "state", "inputs", "roles", "project", "priority",
        "target_at", "test", "started_at", "started_by", "ended_at", "outcome", "reason", "comments",
        "overridden_stage", "overridden_from", "version", "attachments", "removed",
        "imported",
    ),
)  # fmt: skip
RUN_STEP = Table(
    "run_step",
    (
        "run", "step", "state", "round", "assignee", "by", "ready_at", "started_at", "ended_at", "due_at", "due_source",
        "due_moves", "outcome", "reason", "help", "questioned", "approvals", "comments", "values", "notes",
        "added_later", "called", "asked_anew",
    ),
    key=2,
)  # fmt: skip


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    run: RunFacts = subject.states[0]
    values: RunValues = subject.states[1]
    stream = subject.stream
    yield 0, (
        stream, run.process, run.process_version, run.name, run.subject, run.state,
        values.shown("inputs", values.inputs),
        dict(run.roles),
        run.project, run.priority, run.target_at, run.test, run.started_at,
        run.started_by, run.ended_at, run.outcome, run.reason, run.comments,
        *(run.overridden or (None, None)), subject.version, values.attachments,
        sorted(run.removed), run.imported,
    )  # fmt: skip
    for key, step in run.steps.items():
        yield 1, (
            stream, key, step.state, step.round, step.assignee, step.by, step.ready_at, step.started_at, step.ended_at,
            step.due_at, step.due_source, step.due_moves, step.outcome, step.reason,
            help_json(step.help) if step.help else None, step.questioned or bool(step.doubted),
            step.approvals, step.comments,
            values.shown(key, values.steps.get(key)), values.notes.get(key), step.added_later, step.called,
            step.asked_anew,
        )  # fmt: skip


RUN_STEPS = Projection(
    "run_steps", 9, (RUN, RUN_STEP), {"run": Source((RUN_FACTS, RUN_VALUES), _rows)}, sql="run/rows"
)
