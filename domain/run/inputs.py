"""Inputs and target of a run under way: they may be corrected, and what builds on them follows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.definition import Definition
from domain.events import Event, RunInputsChanged, RunTargetSet
from domain.run.dues import moment
from domain.run.people import hand_over
from domain.run.readiness import settle
from domain.run.state import Run
from domain.run.values import check, missing, refuse, settled
from domain.run.work import Work, in_running
from domain.schedule import Calendar
from domain.words import Actor, RoleKey, StepKey, Values


def change_inputs(
    run: Run, definition: Definition, inputs: Values, *, by: Actor, at: datetime, calendar: Calendar
) -> list[Event]:
    """Give inputs new values; conditions, dues, roles and the target that build on them follow."""
    check(definition.document.inputs, inputs, "inputs")
    new = settled(inputs, run.inputs)
    if not new:
        return []
    in_running(run)
    refuse("inputs", missing(definition.document.inputs, {**run.inputs, **new}))
    work = Work(run, definition, by, at, calendar)
    return settle(work, take_inputs(work, new))


def take_inputs(work: Work, new: Values) -> list[StepKey]:
    """Record new inputs and what follows at once; the steps whose conditions read them."""
    work.record(RunInputsChanged(inputs=new, by=work.by, at=work.at))
    readers = work.changed([f"inputs.{key}" for key in new])
    for role in work.definition.document.roles:
        if role.from_input in new:
            assignee = new[role.from_input] or None
            hand_over(work, RoleKey(role.key), assignee, "rule", None)
    _follow_target(work, new)
    return readers


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


def target_of(definition: Definition, inputs: Mapping[str, Any], calendar: Calendar) -> datetime | None:
    """When a run with these inputs is to be finished: what the process's target field says."""
    path = definition.document.target_from
    found = moment(inputs.get(path.removeprefix("inputs."))) if path else None
    if found is None or isinstance(found, datetime):
        return found
    return calendar.closing(found)


def _follow_target(work: Work, new: Values) -> None:
    path = work.definition.document.target_from
    if path is None or path.removeprefix("inputs.") not in new:
        return
    target = target_of(work.definition, work.run.inputs, work.calendar)
    if target != work.run.target_at:
        work.record(RunTargetSet(target_at=target, reason=f"{path} changed", by=work.by, at=work.at))
        work.anchors.add("run_target")
