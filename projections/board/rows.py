"""The project view: stages and their outcomes, next action, who and when; nothing of a step's values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domain.definition import Definition
from domain.rollup import Card, StageFact, roll_up
from domain.target import reached_at
from domain.words import StepKey
from projections.answers import Help
from projections.engine.projection import Definitions, Projection, Row, Source, Subject, Table
from projections.facts.plan import deciding_steps
from projections.facts.project import PROJECT_FACTS, ProjectFacts
from projections.facts.run import ENDED_RUN, RUN_FACTS, RunFacts
from projections.facts.task import TASK_FACTS, TaskFacts

CARD = Table(
    "card",
    (
        "card", "kind", "project", "name", "stage", "state", "late_at", "blocked_at", "life", "version", "rank",
        "priority", "process", "process_version", "stages", "reached", "progress", "next_action", "who", "due_at",
        "entered_stage_at", "also_in", "help", "blocked", "comments", "labels", "checklist_done", "checklist_total",
        "description", "waits_for", "outcome", "started_at", "target_at", "target_stage", "target_reached_at",
        "ended_at", "due_on", "override", "lowered", "progressed_at", "earlier",
    ),
)  # fmt: skip
PROJECT = Table(
    "project", ("project", "name", "state", "owner", "process", "stages", "members", "opened_at", "version")
)  # fmt: skip


def _run_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    run: RunFacts = subject.states[0]
    if run.test:
        return
    definition = subject.definitions(run.process, run.process_version)
    card = card_facts(run, definition, subject.definitions)
    action = card.next_action
    ended = run.state in ENDED_RUN
    target_stage = None if run.target_at is None else definition.document.target_stage
    reached_at = None if run.target_at is None else reached_at_of(run, definition)
    open_target = run.target_at if reached_at is None else None
    late_at, blocked_at = (None, None) if ended else (_first(card.late_at, open_target), card.blocked_at)
    yield 0, (
        subject.stream, "run", _uuid(run.project), run.name, card.current_stage, _card_state(run, card), late_at,
        blocked_at, run.state, subject.version, run.rank, run.priority, run.process, run.process_version,
        _dots(card, run.target_at, target_stage), _reached(run, definition), card.progress,
        action.title if action and not ended else None, action.who or action.role if action and not ended else None,
        action.due_at if action and not ended else None, card.entered_stage_at or run.started_at, list(card.also_in),
        _help(run), run.reason if run.state == "paused" else None, run.comments, [], 0, 0, "", [],
        run.outcome or (run.reason if run.state == "cancelled" else None), run.started_at, run.target_at, target_stage,
        reached_at, run.ended_at, None, _override(run, card), list(card.lowered), run.progressed_at,
        [UUID(project) for project in run.earlier],
    )  # fmt: skip


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
    yield 0, (
        subject.stream, "task", UUID(task.project), task.title, task.stage, task_state(task), None, None,
        task.state, subject.version, task.rank, task.priority,
        None, None, None, [], None, None, task.assignee, None, task.entered_at, [], help_json(task.help),
        task.blocked, task.comments, task.labels, sum(task.checklist.values()), len(task.checklist), task.description,
        [UUID(other) for other in task.waits_for], None, task.added_at, None, None, None, task.ended_at,
        due_day(task.due_on), None, [], None, [],
    )  # fmt: skip


def _project_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    project: ProjectFacts = subject.states[0]
    members = [{"member": member, "access": access} for member, access in sorted(project.members.items())]
    yield 1, (
        subject.stream, project.name, project.state, project.owner, project.process, project.stages, members,
        project.opened_at, subject.version,
    )  # fmt: skip


def task_state(task: TaskFacts) -> str:
    """The state of a free card, lateness aside, in the words and the precedence of a run's card."""
    if task.state != "open":
        return "done" if task.state == "done" else "skipped"
    if task.help is not None:
        return "needs_help"
    if task.blocked is not None:
        return "blocked"
    return "in_progress" if any(task.checklist.values()) else "not_started"


def due_day(day: str | None) -> date | None:
    """The day on which a card is due; when that day ends is asked of the organisation's calendar."""
    return None if day is None else date.fromisoformat(day)


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


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


BOARD = Projection(
    "board",
    7,
    (CARD, PROJECT),
    {
        "run": Source((RUN_FACTS,), _run_rows),
        "task": Source((TASK_FACTS,), _task_rows),
        "project": Source((PROJECT_FACTS,), _project_rows),
    },
    sql="board/rows",
)
