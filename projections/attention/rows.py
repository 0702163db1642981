"""The open steps of runs under way, with what attention is judged by: people, times, help, incidents; no text."""

from __future__ import annotations

from collections.abc import Iterator

from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.plan import planned_steps
from projections.facts.run import OPEN_STEP as OPEN
from projections.facts.run import RUN_FACTS, RunFacts

OPEN_STEP = Table(
    "open_step",
    (
        "run", "step", "title", "kind", "stage", "manual", "outside", "required", "assignee", "round", "ready_at",
        "due_at", "due_moves", "help_since", "incident", "incident_kind", "incident_since",
        "state",
    ),
    key=2,
)  # fmt: skip


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    run: RunFacts = subject.states[0]
    if run.test or run.state != "running":
        return
    planned = planned_steps(subject.definitions(run.process, run.process_version))
    for key, step in run.steps.items():
        helped = step.state == "done" and step.help is not None
        if (step.state not in OPEN and not helped) or key not in planned:
            continue
        plan, incident = planned[key], step.incident
        yield 0, (
            subject.stream, key, plan.title, plan.kind, plan.stage_key, plan.manual, plan.outside, plan.required,
            step.assignee, step.round, step.ready_at or step.started_at, step.due_at, step.due_moves,
            step.help.since if step.help else None, *((incident.id, incident.problem, incident.since) if incident
            else (None, None, None)), step.state,
        )  # fmt: skip


ATTENTION_LIST = Projection(
    "attention", 3, (OPEN_STEP,), {"run": Source((RUN_FACTS,), _rows)}, sql="attention/rows"
)
