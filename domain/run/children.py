"""Child runs: a step starts a run of another process, waits for it, and takes what came out of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.definition import Definition
from domain.directory import Directory
from domain.events import (
    ActionSucceeded,
    ChildRunEnded,
    ChildRunReopened,
    ChildRunStarted,
    Event,
    HelpCleared,
    HelpRequested,
)
from domain.run.actions import action_of, decider, open_incident, wrong_values
from domain.run.doing import finish_step
from domain.run.finishing import present
from domain.run.impartial import answerable, people, work_before
from domain.run.queueing import close_incident
from domain.run.state import Child, Run, StepState
from domain.run.values import settled
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
    """The child was started, or one that was reopened is taken up again; the step waits for it."""
    known = run.children.get(child)
    if known is not None and not known.reopened:
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


def child_ended(  # noqa: PLR0913, PLR0917 - all that came out of it
    run: Run,
    definition: Definition,
    child: UUID,
    state: Ended,
    outcome: str | None = None,
    values: Values | None = None,
    doers: tuple[Actor, ...] = (),
    reopenings: int = 0,
    wrong: str | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """The child has ended: the step is done with its outputs, or somebody decides because the child was cancelled.

    A step that is done already keeps what it has: help is asked for where the child, reopened since, ended otherwise.
    ``wrong``: why the outputs cannot be taken, beside what the step's fields say.
    """
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
            reopenings=reopenings,
            by=by,
            at=at,
        )
    )
    step = work.run.step(known.step)
    if not _concerns(work, child):
        return work.events
    if step.is_open:
        return _take(work, known.step, step, state, outcome, values or {}, wrong)
    _compare(work, known.step, None if state == "cancelled" else (outcome, values or {}))
    return work.events


def child_reopened(
    run: Run,
    definition: Definition,
    child: UUID,
    reopenings: int,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
) -> list[Event]:
    """The child goes on after its end was heard of: the step waits for it again, or says that it may change.

    What was taken from it stays until somebody reopens the step, which then waits for this child, not for another.
    """
    known = run.children.get(child)
    if known is None or known.state is None or reopenings <= known.reopenings:
        return []
    work = Work(run, definition, by, at, calendar)
    work.record(ChildRunReopened(step=known.step, round=known.round, child=child, by=by, at=at))
    if not _concerns(work, child):
        return work.events
    if work.run.step(known.step).is_open:
        close_incident(
            work, action_of(run, known.step, known.round, "run"), "let_go", "the child run goes on"
        )
    else:
        said = f"{_AGAIN} was reopened: what was taken from it may change"
        _ask(work, known.step, said)
    return work.events


def child_to_take_up(run: Run, definition: Definition, step: StepKey) -> Child | None:
    """The child that the step waits for instead of starting another: one that was reopened after it was heard."""
    named = definition.steps[step].run
    found = [
        child
        for child in run.children.values()
        if child.step == step and child.reopened and child.state != "cancelled"
    ]
    return next((child for child in reversed(found) if named and child.process == named.process), None)


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


_AGAIN = "The run that this step started"
"""How the help begins that is asked for because of a child that was reopened."""


def _concerns(work: Work, child: UUID) -> bool:
    """Whether the step, open or done in this very round, goes by this child: the last one that it waited for."""
    known = work.run.children[child]
    step = work.run.step(known.step)
    last = [
        one.child for one in work.run.children.values() if (one.step, one.round) == (known.step, known.round)
    ]
    there = known.step in work.definition.steps and (step.is_open or step.state == "done")
    return not work.run.ended and there and step.round == known.round and last[-1] == child


def _compare(work: Work, step: StepKey, brought: tuple[str | None, Values] | None) -> None:
    """Ask for help when the child brought something else than the step has; else nobody has to look any more."""
    now, known = work.run.step(step), work.definition.steps[step]
    if brought is None:
        _ask(work, step, f"{_AGAIN} was reopened, and then cancelled: what was taken from it may not hold")
        return
    outcome, values = brought
    new = sorted(settled(values, present(work.run, known, step)))
    if known.outcome is None and known.outcome_from is None and outcome != now.outcome:
        new.append("outcome")
    if new:
        said = (
            f"{_AGAIN} was reopened and ended otherwise ({', '.join(new)}): reopen the step to take it anew"
        )
        _ask(work, step, said)
    elif now.help_wanted is not None and now.help_wanted.reason.startswith(_AGAIN):
        work.on(HelpCleared, step, note="the child run ended as it had before")


def _ask(work: Work, step: StepKey, reason: str) -> None:
    """Ask for help at the done step, unless somebody waits there for other help."""
    wanted = work.run.step(step).help_wanted
    if wanted is None or wanted.reason.startswith(_AGAIN):
        work.on(HelpRequested, step, reason=reason, waiting_on=decider(work, step), cause="rule")


def _take(
    work: Work,
    key: StepKey,
    step: StepState,
    state: Ended,
    outcome: str | None,
    values: Values,
    wrong: str | None,
) -> list[Event]:
    action = action_of(work.run, key, step.round, "run")
    if state == "cancelled":
        open_incident(work, action, "child_cancelled", "the run that this step waits for was cancelled")
        return work.events
    wrong = wrong or wrong_values(work, key, values, work.house._replace(at=None))
    if wrong is not None:
        open_incident(work, action, "failed", wrong)
        return work.events
    known = work.definition.steps[key]
    named = known.outcome is not None or known.outcome_from is not None
    return finish_step(work, key, values, None if named else outcome)
