"""New inputs of a run and what follows from them at once: roles, and the target that is read from one of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.comparing import moment
from domain.computing import compute
from domain.definition import Definition
from domain.events import RunInputsChanged, RunTargetSet
from domain.reach import REACH, in_reach
from domain.run.people import hand_over
from domain.run.values import House, Problem, amiss, missing, settled
from domain.run.work import Work
from domain.schedule import Calendar
from domain.words import Cause, RoleKey, StepKey, Values


def take_inputs(work: Work, new: Values, cause: Cause = "rule") -> list[StepKey]:
    """Record new inputs and what follows at once; the steps whose conditions read them."""
    new = {**new, **_computed(work, new)}
    work.record(RunInputsChanged(inputs=new, cause=cause, by=work.by, at=work.at))
    readers = work.changed([f"inputs.{key}" for key in new])
    for role in work.definition.document.roles:
        if role.from_input in new:
            assignee = new[role.from_input] or None
            hand_over(work, RoleKey(role.key), assignee, "rule", None)
    _follow_target(work, new)
    return readers


def _computed(work: Work, new: Values) -> Values:
    found = computed_inputs(work.definition, {**work.run.inputs, **new}, work.calendar)
    return settled(found, work.run.inputs)


def computed_inputs(definition: Definition, inputs: Mapping[str, Any], calendar: Calendar) -> Values:
    """The values of the computed inputs, from the others."""
    fields = definition.computed.get("inputs", ())
    values = {f"inputs.{key}": value for key, value in inputs.items()}
    return compute(fields, "inputs", values, calendar.zone)


def target_of(definition: Definition, inputs: Mapping[str, Any], calendar: Calendar) -> datetime | None:
    """When a run with these inputs is to be finished: what the process's target field says, unless out of reach."""
    path = definition.document.target_from
    found = moment(inputs.get(path.removeprefix("inputs."))) if path else None
    if found is None or not in_reach(found):
        return None
    return found if isinstance(found, datetime) else calendar.closing(found)


def beyond_reach(definition: Definition, inputs: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the field that says when the run is to be finished: no run is planned so far ahead."""
    key = (definition.document.target_from or "").removeprefix("inputs.")
    found = moment(inputs.get(key))
    if found is None or in_reach(found):
        return []
    return [{"field": key, "problem": "wrong_value", "accepted": f"a date {REACH}"}]


def lacking_inputs(
    definition: Definition, given: Values, before: Mapping[str, Any], house: House
) -> list[Problem]:
    """All that is wrong with new inputs beside those that are there: values, what is required, the target's reach."""
    fields = definition.document.inputs
    found = amiss(fields, given, before, house) + missing(fields, {**before, **given})
    return found + beyond_reach(definition, given)


def _follow_target(work: Work, new: Values) -> None:
    path = work.definition.document.target_from
    if path is None or path.removeprefix("inputs.") not in new:
        return
    target = target_of(work.definition, work.run.inputs, work.calendar)
    if target != work.run.target_at:
        work.record(RunTargetSet(target_at=target, reason=f"{path} changed", by=work.by, at=work.at))
        work.anchors.add("run_target")
