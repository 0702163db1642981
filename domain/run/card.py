"""What a run shows of itself on a board: project, rank, priority, stage; help that its steps need; comments."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.definition import Definition
from domain.directory import Directory, must_be_here
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
from domain.rollup import Card, Fact, Override, roll_up
from domain.run.state import ENDED, SATISFIED, Help, Run
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


def move_run(
    run: Run, definition: Definition, stage: StageKey, rank: str, *, by: Actor, at: datetime
) -> list[Event]:
    """Put the run's card into this column at this rank: its own column only, for a run's stage follows its steps."""
    _known_stage(definition, stage)
    shown = _shown(run, definition)
    if stage == shown:
        return rank_run(run, rank, by=by, at=at)
    steps = _open_before(run, definition, stage)
    raise Rejected(
        "stage_has_open_steps",
        f"{run.name} stands in {definition.stages[shown].title}: a run's stage follows its steps",
        stage=shown,
        open_steps=steps,
        accepted=["override-stage"] if steps else ["override-stage", "reopen"],
    )


def override_stage(
    run: Run, definition: Definition, stage: StageKey, reason: str, *, by: Actor, at: datetime
) -> list[Event]:
    """Show the run's card in a stage that its steps do not give, until they give another one than now."""
    _known_stage(definition, stage)
    if stage == _shown(run, definition):
        return []
    given = _given(run, definition)
    if stage == given:
        return clear_stage_override(run, by=by, at=at)
    return [StageOverridden(stage=stage, reason=reasoned(reason), from_stage=given, by=by, at=at)]


def clear_stage_override(run: Run, *, by: Actor, at: datetime) -> list[Event]:
    """Show the run's card in the stage that its steps give."""
    return [] if run.stage_override is None else [StageOverrideCleared(by=by, at=at)]


def _known_stage(definition: Definition, stage: StageKey) -> None:
    if stage not in definition.stages:
        raise Rejected("unknown_stage", f"no stage is called {stage!r}", accepted=list(definition.stages))


def _given(run: Run, definition: Definition) -> StageKey:
    return card_of(run, definition).steps_stage


def _shown(run: Run, definition: Definition) -> StageKey:
    return card_of(run, definition).current_stage


def card_of(run: Run, definition: Definition) -> Card:
    """The run as its board shows it, from the steps as they are."""
    facts = {key: Fact(step.state, ready_at=step.ready_at) for key, step in run.steps.items()}
    override = None if run.stage_override is None else Override(run.stage_override, run.override_from)
    return roll_up(definition, run.state, facts, override)


def _open_before(run: Run, definition: Definition, stage: StageKey) -> list[dict[str, str | None]]:
    """The required steps that have to end before the steps give this stage, in document order."""
    found: list[dict[str, str | None]] = []
    for key, step in definition.steps.items():
        if definition.stage_of[key] == stage:
            break
        now = run.step(key)
        if step.required and now.state not in SATISFIED:
            who = now.assignee or (run.roles.get(step.role) if step.role else None)
            found.append({"step": key, "title": step.title, "state": now.state, "who": who})
    return found


def comment(  # noqa: PLR0913 - what is said of what, and what the house knows
    run: Run,
    definition: Definition,
    comment: UUID,
    text: str,
    mentions: tuple[Assignee, ...] = (),
    step: StepKey | None = None,
    *,
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[Event]:
    """Write about the run, or about one of its steps; also after its end. ``comment`` is the new comment's id."""
    if comment in run.comments:
        return []
    if step is not None:
        step_of(definition, step)
    if not text.strip():
        raise Rejected("empty_comment", "write at least a word", field="text")
    for each in mentions:
        must_be_here(each, directory, field="mentions")
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
    if now.help_wanted == Help(said, waiting_on, until):
        return []
    in_running(run)
    if now.state in (*ENDED, "not_applicable") and now.help_wanted is None:
        raise Rejected(
            "step_ended", f"the step {step} is {now.state}; reopen it first", step=step, state=now.state
        )
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
    return (
        [] if now.help_wanted is None else [HelpCleared(step=step, round=now.round, note=note, by=by, at=at)]
    )
