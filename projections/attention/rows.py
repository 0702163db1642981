"""The open steps of runs under way, with what attention is judged by: people, times, help, incidents; no text."""

from __future__ import annotations

from collections.abc import Iterator

from projections.attention.open_steps import OpenStep
from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.plan import planned_steps
from projections.facts.run import OPEN_STEP as OPEN
from projections.facts.run import RunFacts
from projections.facts.run_folds import RUN_FACTS

OPEN_STEP = Table("open_step", OpenStep._fields, key=2)


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
        yield (
            0,
            OpenStep(
                run=subject.stream,
                step=key,
                title=plan.title,
                kind=plan.kind,
                stage=plan.stage_key,
                manual=plan.manual,
                outside=plan.outside,
                required=plan.required,
                assignee=step.assignee,
                round=step.round,
                ready_at=step.ready_at or step.started_at,
                due_at=step.due_at,
                due_moves=step.due_moves,
                help_since=step.help.since if step.help else None,
                incident=str(incident.id) if incident else None,
                incident_kind=incident.problem if incident else None,
                incident_since=incident.since if incident else None,
                state=step.state,
            ),
        )


ATTENTION_LIST = Projection(
    "attention", 3, (OPEN_STEP,), {"run": Source((RUN_FACTS,), _rows)}, sql="attention/rows"
)
