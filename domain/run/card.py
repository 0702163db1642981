"""What a run shows of itself on a board: project, rank, priority, stage; help that its steps need; comments."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.definition import Definition
from domain.events import (
    Event,
    HelpCleared,
    HelpRequested,
    RunCommented,
    RunLinked,
    RunPrioritySet,
    RunRanked,
    StageOverridden,
    StageOverrideCleared,
)
from domain.run.state import Help, Run
from domain.run.work import decided, in_running, reasoned, step_of
from domain.words import PRIORITIES, Actor, Assignee, Priority, Rejected, StageKey, StepKey


def set_priority(run: Run, priority: Priority, *, by: Actor, at: datetime) -> list[Event]:
    """Set the run's priority."""
    if priority not in PRIORITIES:
        raise Rejected("unknown_priority", f"no priority is called {priority!r}", accepted=list(PRIORITIES))
    if run.priority == priority:
        return []
    in_running(run)
    return [RunPrioritySet(priority=priority, by=by, at=at)]


def link_run(run: Run, project: UUID | None, *, by: Actor, at: datetime) -> list[Event]:
    """Show the run as a card of this project (None: of none); also after its end."""
    return [] if run.project == project else [RunLinked(project=project, by=by, at=at)]


def rank_run(run: Run, rank: str, *, by: Actor, at: datetime) -> list[Event]:
    """Give the run's card its place within its column; also after its end."""
    return [] if run.rank == rank else [RunRanked(rank=rank, by=by, at=at)]


def override_stage(
    run: Run, definition: Definition, stage: StageKey, reason: str, *, by: Actor, at: datetime
) -> list[Event]:
    """Show the run's card in a stage that its steps do not give."""
    if stage not in definition.stages:
        raise Rejected("unknown_stage", f"no stage is called {stage!r}", accepted=list(definition.stages))
    if run.stage_override == stage:
        return []
    return [StageOverridden(stage=stage, reason=reasoned(reason), by=by, at=at)]


def clear_stage_override(run: Run, *, by: Actor, at: datetime) -> list[Event]:
    """Show the run's card in the stage that its steps give."""
    return [] if run.stage_override is None else [StageOverrideCleared(by=by, at=at)]


def comment(
    run: Run,
    definition: Definition,
    comment: UUID,
    text: str,
    mentions: tuple[Assignee, ...] = (),
    step: StepKey | None = None,
    *,
    by: Actor,
    at: datetime,
) -> list[Event]:
    """Write about the run, or about one of its steps; also after its end. ``comment`` is the new comment's id."""
    if comment in run.comments:
        return []
    if step is not None:
        step_of(definition, step)
    if not text.strip():
        raise Rejected("empty_comment", "write at least a word", field="text")
    return decided(
        run,
        definition,
        RunCommented(comment=comment, text=text, mentions=mentions, step=step, by=by, at=at),
    )


def request_help(
    run: Run,
    definition: Definition,
    step: StepKey,
    reason: str,
    waiting_on: str | None = None,
    until: datetime | None = None,
    *,
    by: Actor,
    at: datetime,
) -> list[Event]:
    """Say that work on a step needs somebody else; a new request replaces the one before it."""
    step_of(definition, step)
    now, said = run.step(step), reasoned(reason)
    if now.help == Help(said, waiting_on, until):
        return []
    in_running(run)
    return decided(
        run,
        definition,
        HelpRequested(
            step=step, round=now.round, reason=said, waiting_on=waiting_on, until=until, by=by, at=at
        ),
    )


def clear_help(
    run: Run, definition: Definition, step: StepKey, note: str | None = None, *, by: Actor, at: datetime
) -> list[Event]:
    """Say that the help asked for is no longer needed."""
    step_of(definition, step)
    now = run.step(step)
    return [] if now.help is None else [HelpCleared(step=step, round=now.round, note=note, by=by, at=at)]
