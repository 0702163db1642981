"""Child runs: a step starts a run of another process, waits for it, and takes what came out of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.definition import Definition
from domain.directory import EMPTY, Directory
from domain.events import ActionSucceeded, ChildRunEnded, ChildRunStarted, Event
from domain.run.actions import action_of, open_incident, wrong_values
from domain.run.doing import finish_step
from domain.run.impartial import answerable, people, work_before
from domain.run.state import Run, StepState
from domain.run.work import Work
from domain.schedule import Calendar
from domain.words import Actor, Assignee, RoleKey, StepKey, Values

Ended = Literal["completed", "ended_early", "cancelled"]


def child_inputs(run: Run, definition: Definition, step: StepKey) -> Values:
    """What the child is started with: the fields that the step names, as they are now; what is not set is left out."""
    named = definition.steps[step].run
    paths = {} if named is None else named.inputs
    found = {key: run.values.get(path) for key, path in paths.items()}
    return {key: value for key, value in found.items() if value is not None}


def child_givers(run: Run, definition: Definition, step: StepKey) -> tuple[Actor, ...]:
    """Who gave what the child begins with: who did, or skipped, the steps that it comes from and the work before."""
    named = definition.steps[step].run
    paths = () if named is None else named.inputs.values()
    sources = [StepKey(path.partition(".")[0]) for path in paths]
    steps = [step, *sources, *work_before(run, definition, step)]
    return people(who for key in steps for who in answerable(run, definition, key))


def child_roles(
    run: Run, definition: Definition, step: StepKey, child: Definition
) -> dict[RoleKey, Assignee]:
    """Who fills the child's roles: as the step says, else who fills the role of the same key; else who started us."""
    named = definition.steps[step].run
    mapped = {} if named is None else named.roles
    found: dict[RoleKey, Assignee] = {}
    for key, role in child.roles.items():
        who = run.roles.get(mapped.get(key, key))
        if who is None and role.initiator and run.started_by is not None:
            who = Assignee(run.started_by)
        if who is not None:
            found[key] = who
    return found


def child_started(  # noqa: PLR0913 - the child and where it belongs
    run: Run,
    definition: Definition,
    step: StepKey,
    round: int,  # noqa: A002 - the event's own word
    child: UUID,
    process: str,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
) -> list[Event]:
    """The child was started; the step waits for it."""
    if child in run.children:
        return []
    action = action_of(run, step, round, "run")
    work = Work(run, definition, by, at, calendar)
    work.record(ChildRunStarted(step=step, round=round, child=child, process=process, by=by, at=at))
    work.record(
        ActionSucceeded(
            step=step,
            round=round,
            action="run",
            attempt=action.attempt,
            result="started",
            receipt=str(child),
            by=by,
            at=at,
        )
    )
    return work.events


def child_ended(  # noqa: PLR0913 - all that came out of it
    run: Run,
    definition: Definition,
    child: UUID,
    state: Ended,
    outcome: str | None = None,
    values: Values | None = None,
    doers: tuple[Actor, ...] = (),
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory = EMPTY,
) -> list[Event]:
    """The child has ended: the step is done with its outputs, or somebody decides because the child was cancelled."""
    known = run.children.get(child)
    if known is None or known.state is not None:
        return []
    work = Work(run, definition, by, at, calendar, directory)
    work.record(
        ChildRunEnded(
            step=known.step,
            round=known.round,
            child=child,
            state=state,
            outcome=outcome,
            doers=doers,
            by=by,
            at=at,
        )
    )
    step = work.run.step(known.step)
    if run.ended or not step.is_open or step.round != known.round or known.step not in definition.steps:
        return work.events
    return _take(work, known.step, step, state, outcome, values or {})


def child_outputs(definition: Definition, step: StepKey, child: Run, outcome: str | None) -> dict[str, Any]:
    """The step's fields from what the child knows: its fields by path, or its outcome; what is not set is left out."""
    named = definition.steps[step].run
    paths = {} if named is None else named.outputs
    found = {key: outcome if path == "outcome" else child.values.get(path) for key, path in paths.items()}
    return {key: value for key, value in found.items() if value is not None}


def child_doers(child: Run, definition: Definition) -> tuple[Actor, ...]:
    """Who did the child's work: everybody who gave values or completed a step; who only judged did not."""
    found: dict[Actor, None] = {}
    for key, step in child.steps.items():
        known = definition.steps.get(key)
        if known is None or known.kind != "approval":
            found.update(dict.fromkeys(people((*step.doers, *step.contributors))))
    return tuple(found)


def open_children(run: Run) -> tuple[UUID, ...]:
    """The child runs that the run has not heard the end of."""
    return tuple(child.child for child in run.children.values() if child.state is None)


def _take(
    work: Work, key: StepKey, step: StepState, state: Ended, outcome: str | None, values: Values
) -> list[Event]:
    action = action_of(work.run, key, step.round, "run")
    if state == "cancelled":
        open_incident(work, action, "child_cancelled", "the run that this step waits for was cancelled")
        return work.events
    wrong = wrong_values(work, key, values)
    if wrong is not None:
        open_incident(work, action, "failed", wrong)
        return work.events
    known = work.definition.steps[key]
    named = known.outcome is not None or known.outcome_from is not None
    return finish_step(work, key, values, None if named else outcome)
