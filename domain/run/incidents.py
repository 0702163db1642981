"""What a person decides where the machine could not go on: try again, try otherwise, done by hand, let go."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.definition import Definition
from domain.directory import Directory
from domain.events import ActionWithdrawn, Event, IncidentResolved
from domain.run.doing import complete_by_hand
from domain.run.editing import must_be_sendable, must_stay_with_the_process
from domain.run.entailing import own_action
from domain.run.state import ActionState, Incident, Run, action_key
from domain.run.work import in_running, reasoned
from domain.schedule import Calendar
from domain.words import Actor, Rejected, StepKey, Values

How = Literal["retried", "edited", "done_by_hand", "let_go"]


def retry_incident(
    run: Run, incident: UUID, reason: str | None = None, *, by: Actor, at: datetime
) -> list[Event]:
    """Have the machine try again, at once and with a whole schedule of tries."""
    found = _open(run, incident, "retried")
    return [] if found is None else [_resolved(found, "retried", reason, {}, by, at)]


def edit_incident(
    run: Run,
    definition: Definition,
    incident: UUID,
    changes: dict[str, Any],
    reason: str | None = None,
    *,
    by: Actor,
    at: datetime,
) -> list[Event]:
    """Have the machine try again with these in place of what the process says; they are sent as they stand.

    For a call ``url``, ``headers``, ``body`` (a webhook: ``url`` only); for a mail ``to``, ``subject``, ``body``; for a
    child run ``inputs``. What of it may be changed how: see domain.run.editing.
    """
    found = _open(run, incident, "edited")
    if found is None:
        return []
    action = run.actions[_key(found)]
    must_be_sendable(action, changes)
    must_stay_with_the_process(definition, action, changes)
    return [_resolved(found, "edited", reason, changes, by, at)]


def finish_incident(  # noqa: PLR0913 - what was done, and what the house knows
    run: Run,
    definition: Definition,
    incident: UUID,
    reason: str,
    values: Values | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Say that somebody did by hand what the machine could not; when that was the whole step, the step is done."""
    found = _open(run, incident, "done_by_hand")
    if found is None:
        return []
    if found.step is not None and _is_step(run, definition, found, found.step):
        told = (run, definition, found.step, reason, values)
        return complete_by_hand(*told, by=by, at=at, calendar=calendar, directory=directory)
    return _given_up(run, found, "done_by_hand", reasoned(reason), by, at)


def drop_incident(
    run: Run, definition: Definition, incident: UUID, reason: str, *, by: Actor, at: datetime
) -> list[Event]:
    """Let it be: what the machine could not do is not done. A step of its own is skipped instead."""
    found = _open(run, incident, "let_go")
    if found is None:
        return []
    if found.step is not None and _is_step(run, definition, found, found.step):
        raise Rejected(
            "skip_the_step",
            f"the step {found.step} consists of this; skip the step instead",
            step=found.step,
            accepted=["retry", "edit", "done-by-hand", "skip the step"],
        )
    return _given_up(run, found, "let_go", reasoned(reason), by, at)


def _open(run: Run, incident: UUID, how: How) -> Incident | None:
    """The incident; None when it was resolved just so already."""
    found = run.incidents.get(incident)
    if found is None:
        known = [str(one.incident) for one in run.incidents.values() if one.how is None]
        raise Rejected("unknown_incident", f"the run has no incident {incident}", accepted=known)
    if found.how == how:
        return None
    if found.how is not None:
        raise Rejected("incident_resolved", f"the incident was resolved: {found.how}", how=found.how)
    if found.problem == "guest_address":
        raise Rejected(
            "confirm_address",
            "who leads the run confirms the new address of the guest, or the old one is set again",
            accepted=["confirm-guest-address", "inputs"],
        )
    if how in ("retried", "edited") and found.step is not None and found.action in ("email", "http", "run"):
        in_running(run)
    return found


def _is_step(run: Run, definition: Definition, found: Incident, step: StepKey) -> bool:
    now = run.step(step)
    own = own_action(definition.steps.get(step), step, now.round)
    return now.is_open and own == _key(found)


def _key(found: Incident) -> str:
    return action_key(found.step, found.round, found.action)


def _given_up(run: Run, found: Incident, how: How, reason: str, by: Actor, at: datetime) -> list[Event]:
    events: list[Event] = [_resolved(found, how, reason, {}, by, at)]
    action: ActionState = run.actions[_key(found)]
    if action.is_pending:
        events.append(
            ActionWithdrawn(
                step=found.step,
                round=found.round,
                action=found.action,
                reason=reason,
                by=by,
                at=at,
            )
        )
    return events


def _resolved(
    found: Incident, how: How, reason: str | None, changes: dict[str, Any], by: Actor, at: datetime
) -> IncidentResolved:
    return IncidentResolved(
        step=found.step,
        round=found.round,
        action=found.action,
        incident=found.incident,
        how=how,
        reason=reason,
        changes=changes,
        by=by,
        at=at,
    )
