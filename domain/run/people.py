"""Whose work a step is: single steps, and roles for the rest of the run."""

from __future__ import annotations

from datetime import datetime

from domain.definition import Definition
from domain.directory import Directory, must_be_here
from domain.events import Event, RoleAssigned, StepAssigned
from domain.run.claiming import is_group
from domain.run.impartial import impartial, is_impartial
from domain.run.state import Run
from domain.run.work import Work, decided, in_running, reasoned, step_of
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Cause, Rejected, RoleKey, StepKey

_NO_DUES = Calendar()


def assign_step(
    run: Run,
    definition: Definition,
    step: StepKey,
    assignee: Assignee | None,
    reason: str | None = None,
    *,
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[Event]:
    """Make the step this assignee's work (None: nobody's); also ahead of its time, while it is locked.

    What is somebody's already is given away with a reason; what is nobody's or a group's without.
    """
    known, now = step_of(definition, step), run.step(step)
    if now.assignee == assignee:
        return []
    in_running(run)
    if not now.is_open and now.state != "locked":
        raise Rejected(
            "step_ended", f"the step {step} is {now.state}; reopen it first", step=step, state=now.state
        )
    if assignee is not None:
        must_be_here(assignee, directory, field="assignee")
        impartial(run, definition, known, assignee)
    reason = _why(now.assignee, reason)
    given = StepAssigned(step=step, round=now.round, assignee=assignee, reason=reason, by=by, at=at)
    return decided(run, definition, given)


def assign_role(
    run: Run,
    definition: Definition,
    role: RoleKey,
    assignee: Assignee | None,
    reason: str | None = None,
    *,
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[Event]:
    """Fill a role for the rest of the run; open steps of the role that were its former holder's or nobody's follow.

    A role that somebody fills already is given to another with a reason.
    """
    if role not in definition.roles:
        raise Rejected("unknown_role", f"no role is called {role!r}", accepted=sorted(definition.roles))
    if run.roles.get(role) == assignee:
        return []
    in_running(run)
    work = Work(run, definition, by, at, _NO_DUES, directory)
    hand_over(work, role, assignee, "user", _why(run.roles.get(role), reason))
    return work.events


def _why(former: Assignee | None, reason: str | None) -> str | None:
    """The reason; Rejected("reason_required") where something is taken from somebody without one."""
    return reason if former is None or is_group(former) else reasoned(reason)


def hand_over(work: Work, role: RoleKey, assignee: Assignee | None, cause: Cause, reason: str | None) -> None:
    """Record that the role is filled anew, and that its open steps go along; nothing when it is filled so.

    A step that is not for the new one to do (their own work to be judged) stays where it is. Roles that follow this
    one go along too: what it becomes, and the role of its holder's manager, where nobody was named instead.
    """
    former = work.run.roles.get(role)
    if former == assignee:
        return
    must_be_here(assignee, work.directory, role=role)
    work.record(
        RoleAssigned(role=role, assignee=assignee, cause=cause, reason=reason, by=work.by, at=work.at)
    )
    _open_steps_follow(work, role, former, assignee, reason)
    later = work.definition.roles[role].becomes if role in work.definition.roles else None
    if later is not None and work.run.roles.get(later) == former:
        hand_over(work, later, assignee, "rule", reason)
    _managers_follow(work, role, former, assignee)


def _open_steps_follow(
    work: Work, role: RoleKey, former: Assignee | None, assignee: Assignee | None, reason: str | None
) -> None:
    for key, step in list(work.run.steps.items()):
        known = work.definition.steps.get(key)
        if known is None or known.role != role or not step.is_open or step.assigned_by_hand:
            continue
        if step.assignee not in (None, former) or step.assignee == assignee:
            continue
        if assignee is None or is_impartial(work.run, work.definition, known, assignee):
            work.on(StepAssigned, key, assignee=assignee, cause="rule", reason=reason)


def _managers_follow(work: Work, role: RoleKey, former: Assignee | None, assignee: Assignee | None) -> None:
    """The manager of who fills the role now fills what was the former one's manager's, or nobody's."""
    before = None if former is None else work.directory.manager_of(former)
    for other in work.definition.document.roles:
        key = RoleKey(other.key)
        if other.manager_of == role and work.run.roles.get(key) in (None, before):
            now = None if assignee is None else work.directory.manager_of(assignee)
            hand_over(work, key, now, "rule", None)
