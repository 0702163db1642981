"""Starting a run, and changing what it was started with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.definition import Definition
from domain.events import Event, RunInputsChanged, RunStarted, RunTargetSet
from domain.run.dues import moment
from domain.run.people import hand_over
from domain.run.readiness import settle
from domain.run.state import Run
from domain.run.values import check, missing, problems, refuse, settled
from domain.run.work import Work, in_running
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Priority, Rejected, RoleKey, Values

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def start_run(  # noqa: PLR0913 - all that a run can begin with
    run: Run | None,
    definition: Definition,
    *,
    name: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    roles: Mapping[RoleKey, Assignee] | None = None,
    project: UUID | None = None,
    priority: Priority = "none",
    target_at: datetime | None = None,
    subject: str | None = None,
    test: bool = False,
    by: Actor,
    at: datetime,
    calendar: Calendar,
) -> list[Event]:
    """Begin a run; its first steps become ready. A run that exists already is not begun again."""
    if run is not None:
        return []
    given = dict(inputs or {})
    fields = definition.document.inputs
    refuse("inputs", problems(fields, given) + missing(fields, given))
    work = Work(Run(), definition, by, at, calendar)
    started = RunStarted(
        process=definition.process,
        process_version=definition.version,
        name=name or run_name(definition, given),
        subject=subject,
        inputs=given,
        roles=_cast(definition, roles or {}, given, by),
        project=project,
        priority=priority,
        target_at=target_at or _target(definition, given, calendar),
        test=test,
        by=by,
        at=at,
    )
    work.record(started)
    return settle(work, definition.steps, "user")


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


def take_inputs(work: Work, new: Values) -> list[Any]:
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


def run_name(definition: Definition, inputs: Mapping[str, Any]) -> str:
    """The name that the process gives a run with these inputs; the process's title where it says nothing."""
    pattern = definition.document.run_name or definition.document.title
    return _PLACEHOLDER.sub(lambda found: str(inputs.get(found[1]) or "–"), pattern)[:200]


def _cast(
    definition: Definition, roles: Mapping[RoleKey, Assignee], inputs: Mapping[str, Any], by: Actor
) -> dict[RoleKey, Assignee]:
    """Who fills each role: as said at the start, else as the role says; a guest or the system is its own role."""
    unknown = sorted(role for role in roles if role not in definition.roles)
    if unknown:
        raise Rejected(
            "unknown_role", f"no role is called {unknown}", unknown=unknown, accepted=sorted(definition.roles)
        )
    found: dict[RoleKey, Assignee] = {}
    for key, role in definition.roles.items():
        usual = by if role.initiator else inputs.get(role.from_input) if role.from_input else None
        if usual is None and (role.guest or role.system):
            usual = f"guest:{key}" if role.guest else "service:milepost"
        if who := roles.get(key) or usual:
            found[key] = Assignee(who)
    return found


def _target(definition: Definition, inputs: Mapping[str, Any], calendar: Calendar) -> datetime | None:
    path = definition.document.target_from
    found = moment(inputs.get(path.removeprefix("inputs."))) if path else None
    if found is None or isinstance(found, datetime):
        return found
    return calendar.closing(found)


def _follow_target(work: Work, new: Values) -> None:
    path = work.definition.document.target_from
    if path is None or path.removeprefix("inputs.") not in new:
        return
    target = _target(work.definition, work.run.inputs, work.calendar)
    if target != work.run.target_at:
        work.record(RunTargetSet(target_at=target, reason=f"{path} changed", by=work.by, at=work.at))
        work.anchors.add("run_target")
