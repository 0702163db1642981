"""The project view: stages and their outcomes, next action, who and when; nothing of a step's values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from domain.definition import Definition
from domain.rollup import Card, StageFact, roll_up
from domain.target import reached_at
from domain.words import StepKey
from projections.answers import Help
from projections.cards.row import CardRow
from projections.engine.projection import Definitions, Projection, Row, Source, Subject, Table
from projections.facts.plan import deciding_steps
from projections.facts.project import PROJECT_FACTS, ProjectFacts
from projections.facts.run import ENDED_RUN, RunFacts
from projections.facts.run_folds import RUN_FACTS
from projections.facts.task import TASK_FACTS, TaskFacts

CARD = Table("card", CardRow._fields)


class BoardProject(NamedTuple):
    """A project as its table holds it; its fields are the columns."""

    project: UUID
    name: str
    state: str
    owner: str | None
    process: str | None
    stages: Sequence[Mapping[str, Any]]
    members: Sequence[Mapping[str, Any]]
    opened_at: datetime
    version: int


PROJECT = Table("project", BoardProject._fields)


def _run_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    run: RunFacts = subject.states[0]
    if run.test:
        return
    definition = subject.definitions(run.process, run.process_version)
    yield 0, _run_card(subject, run, definition, card_facts(run, definition, subject.definitions))


def _run_card(subject: Subject, run: RunFacts, definition: Definition, card: Card) -> CardRow:
    ended = run.state in ENDED_RUN
    action = None if ended else card.next_action
    target_stage = None if run.target_at is None else definition.document.target_stage
    reached_at = None if run.target_at is None else reached_at_of(run, definition)
    open_target = run.target_at if reached_at is None else None
    return CardRow(
        card=subject.stream,
        kind="run",
        project=run.project,
        name=run.name,
        stage=card.current_stage,
        state=_card_state(run, card),
        late_at=None if ended else _first(card.late_at, open_target),
        blocked_at=None if ended else card.blocked_at,
        life=run.state,
        version=subject.version,
        rank=run.rank,
        priority=run.priority,
        process=run.process,
        process_version=run.process_version,
        stages=_dots(card, run.target_at, target_stage),
        reached=_reached(run, definition),
        progress=card.progress,
        next_action=action.title if action else None,
        who=action.who or action.role if action else None,
        due_at=action.due_at if action else None,
        entered_stage_at=card.entered_stage_at or run.started_at,
        also_in=list(card.also_in),
        help=_help(run),
        blocked=run.reason if run.state == "paused" else None,
        comments=run.comments,
        labels=[],
        checklist_done=0,
        checklist_total=0,
        description="",
        waits_for=[],
        outcome=run.outcome or (run.reason if run.state == "cancelled" else None),
        started_at=cast("datetime", run.started_at),  # a run begins with its start
        target_at=run.target_at,
        target_stage=target_stage,
        target_reached_at=reached_at,
        ended_at=run.ended_at,
        due_on=None,
        override=_override(run, card),
        lowered=list(card.lowered),
        progressed_at=run.progressed_at,
        earlier=list(run.earlier),
    )


def card_facts(run: RunFacts, definition: Definition, definitions: Definitions) -> Card:
    """The roll-up of a run as the read models hold it."""
    before = None if run.from_version is None else definitions(run.process, run.from_version)
    return roll_up(definition, run.state, run.steps, run.overridden, before)


def _override(run: RunFacts, card: Card) -> dict[str, Any] | None:
    """Why the card is not where its steps put it."""
    if not card.overridden or run.override_facts is None:
        return None
    return {"steps_stage": card.steps_stage, **run.override_facts}


def _card_state(run: RunFacts, card: Card) -> str:
    """Nothing can be done on a paused run; what ranks above blocked is said all the same."""
    return "blocked" if run.state == "paused" and card.state not in ("failed", "needs_help") else card.state


def _first(*instants: datetime | None) -> datetime | None:
    return min((instant for instant in instants if instant is not None), default=None)


def reached_at_of(run: RunFacts, definition: Definition) -> datetime | None:
    """When the stage that the run's target is for was over."""
    return reached_at(definition, {key: (step.state, step.ended_at) for key, step in run.steps.items()})


def _dots(card: Card, target_at: datetime | None, target_stage: str | None) -> list[dict[str, Any]]:
    return [_dot(stage, target_at if stage.key == target_stage else None) for stage in card.stages]


def _dot(stage: StageFact, target_at: datetime | None) -> dict[str, Any]:
    """What is the same for most stages is left out: who gave the outcome, the target of a stage that is over.

    ``target_at`` is the run's own target where that is for this stage: it holds instead of the process's.
    """
    dot: dict[str, Any] = {
        "key": stage.key,
        "title": stage.title,
        "state": stage.state,
        "outcome": stage.outcome,
        "entered_at": stage.entered_at,
        "ended_at": stage.ended_at,
        "late_at": stage.late_at,
        "blocked_at": stage.blocked_at,
    }
    if stage.outcome is not None:
        dot["outcome_by"] = stage.outcome_by
        dot["outcome_at"] = stage.outcome_at
    if stage.state not in ("done", "skipped", "cancelled"):
        if target_at is not None:
            dot["target_at"] = target_at
        elif stage.target_days is not None:
            dot["target_days"] = stage.target_days
    return dot


def _reached(run: RunFacts, definition: Definition) -> list[str]:
    """The stages of which a required step was ever ready, begun or done."""
    steps = run.steps
    return [
        stage
        for stage, keys in deciding_steps(definition)
        if any(
            (step := steps.get(StepKey(key))) is not None
            and (step.ready_at or step.started_at or (step.ended_at and step.state in {"done", "failed"}))
            for key in keys
        )
    ]


def _task_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    task: TaskFacts = subject.states[0]
    yield (
        0,
        CardRow(
            card=subject.stream,
            kind="task",
            project=task.project,
            name=task.title,
            stage=task.stage,
            state=task_state(task),
            late_at=None,
            blocked_at=None,
            life=task.state,
            version=subject.version,
            rank=task.rank,
            priority=task.priority,
            process=None,
            process_version=None,
            stages=None,
            reached=[],
            progress=None,
            next_action=None,
            who=task.assignee,
            due_at=None,
            entered_stage_at=task.entered_at,
            also_in=[],
            help=help_json(task.help),
            blocked=task.blocked,
            comments=task.comments,
            labels=task.labels,
            checklist_done=sum(task.checklist.values()),
            checklist_total=len(task.checklist),
            description=task.description,
            waits_for=list(task.waits_for),
            outcome=None,
            started_at=cast("datetime", task.added_at),  # a task begins when it is added
            target_at=None,
            target_stage=None,
            target_reached_at=None,
            ended_at=task.ended_at,
            due_on=task.due_on,
            override=None,
            lowered=[],
            progressed_at=None,
            earlier=[],
        ),
    )


def _project_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    project: ProjectFacts = subject.states[0]
    members = [{"member": member, "access": access} for member, access in sorted(project.members.items())]
    yield (
        1,
        BoardProject(
            project=subject.stream,
            name=project.name,
            state=project.state,
            owner=project.owner,
            process=project.process,
            stages=[stage.model_dump() for stage in project.stages],
            members=members,
            opened_at=cast("datetime", project.opened_at),  # a project begins with its opening
            version=subject.version,
        ),
    )


def task_state(task: TaskFacts) -> str:
    """The state of a free card, lateness aside, in the words and the precedence of a run's card."""
    if task.state != "open":
        return "done" if task.state == "done" else "skipped"
    if task.help is not None:
        return "needs_help"
    if task.blocked is not None:
        return "blocked"
    return "in_progress" if any(task.checklist.values()) else "not_started"


def help_json(help_: Help | None) -> dict[str, Any] | None:
    """Open help as a row holds it."""
    if help_ is None:
        return None
    return {
        "reason": help_.reason,
        "since": help_.since,
        "waiting_on": help_.waiting_on,
        "until": help_.until,
    }


def _help(run: RunFacts) -> dict[str, Any] | None:
    """That help is needed, and since when. What for is a text of the step, which the project side does not hold."""
    for key, step in run.steps.items():
        if key in run.removed:
            continue
        if step.help is not None:
            return {"since": step.help.since, "until": step.help.until}
        if step.incident is not None:
            return {"since": step.incident.since, "until": None}
    return None


BOARD = Projection(
    "board",
    8,
    (CARD, PROJECT),
    {
        "run": Source((RUN_FACTS,), _run_rows),
        "task": Source((TASK_FACTS,), _task_rows),
        "project": Source((PROJECT_FACTS,), _project_rows),
    },
    sql="board/rows",
)
