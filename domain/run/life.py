"""The life of a run as a whole: pause, resume, cancel; and dues that people set."""

from __future__ import annotations

from datetime import datetime

from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event, RunCancelled, RunPaused, RunResumed
from domain.run.dues import set_by_hand, set_by_rule, shift_open
from domain.run.readiness import cancel_open, settle
from domain.run.state import Run
from domain.run.work import Work, in_running, reasoned, step_of
from domain.schedule import Calendar
from domain.words import Actor, Rejected, StepKey

_NO_DUES = Calendar()


def pause_run(run: Run, reason: str, *, by: Actor, at: datetime) -> list[Event]:
    """Stop due clocks and the announcing of steps; work already in hand may be finished."""
    if run.state == "paused":
        return []
    said = reasoned(reason)
    in_running(run)
    return [RunPaused(reason=said, by=by, at=at)]


def resume_run(
    run: Run,
    definition: Definition,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Let a paused run go on: open dues move by the paused working time, and steps that waited are announced.

    A run whose last step was done meanwhile is completed.
    """
    if run.state in ("running", "completed"):
        return []
    in_running(run)
    work = Work(run, definition, by, at, calendar, directory)
    work.record(RunResumed(by=by, at=at))
    if run.paused_at is not None:
        shift_open(work, run.paused_at)
    return settle(work, definition.steps, "user")


def cancel_run(run: Run, definition: Definition, reason: str, *, by: Actor, at: datetime) -> list[Event]:
    """Call the run off; every open step is closed."""
    if run.state == "cancelled":
        return []
    said = reasoned(reason)
    in_running(run)
    work = Work(run, definition, by, at, _NO_DUES)
    cancel_open(work, "user")
    work.record(RunCancelled(reason=said, by=by, at=at))
    return work.events


def set_step_due(
    run: Run,
    definition: Definition,
    step: StepKey,
    due_at: datetime | None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
) -> list[Event]:
    """Set a step's due by hand, which wins over its rule; None gives it back to the rule."""
    step_of(definition, step)
    now = run.step(step)
    if due_at is None and now.due_source != "manual":
        return []
    if due_at is not None and now.due_at == due_at and now.due_source == "manual":
        return []
    in_running(run)
    if not now.is_open and now.state != "locked":
        raise Rejected(
            "step_ended", f"the step {step} is {now.state}; reopen it first", step=step, state=now.state
        )
    work = Work(run, definition, by, at, calendar)
    if due_at is None and now.is_open:
        set_by_rule(work, step, "user")
    else:
        set_by_hand(work, step, due_at)
    return work.events
