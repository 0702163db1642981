"""Inputs and target of a run under way: they may be corrected, and what builds on them follows."""

from __future__ import annotations

from datetime import datetime

from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event, RunTargetSet
from domain.run.readiness import settle
from domain.run.state import Run
from domain.run.taking import lacking_inputs, take_inputs
from domain.run.values import House, check, refuse, settled
from domain.run.work import Work, in_running
from domain.schedule import Calendar
from domain.words import Actor, Values


def change_inputs(
    run: Run,
    definition: Definition,
    inputs: Values,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Give inputs new values; conditions, dues, roles and the target that build on them follow."""
    check(definition.document.inputs, inputs, "inputs", run.inputs, House(directory, calendar, at))
    new = settled(inputs, run.inputs)
    if not new:
        return []
    in_running(run)
    refuse("inputs", lacking_inputs(definition, new, run.inputs, House(directory, calendar, at)))
    work = Work(run, definition, by, at, calendar, directory)
    return settle(work, take_inputs(work, new, "user"))


def set_target(
    run: Run,
    definition: Definition,
    target_at: datetime | None,
    reason: str | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
) -> list[Event]:
    """Say when the run is to be finished (None: no target); dues counted from the target move."""
    if run.target_at == target_at:
        return []
    in_running(run)
    work = Work(run, definition, by, at, calendar)
    work.record(RunTargetSet(target_at=target_at, reason=reason, by=by, at=at))
    work.anchors.add("run_target")
    return settle(work, ())
