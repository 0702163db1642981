"""What a person decides where the machine could not go on: try again, try otherwise, done by hand, let go."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.checks import may_set_header
from domain.definition import Definition
from domain.directory import Directory
from domain.events import ActionWithdrawn, Event, IncidentResolved
from domain.mail_address import is_address
from domain.origin import origin
from domain.outline import PLACEHOLDER
from domain.run.doing import complete_by_hand
from domain.run.entailing import own_action
from domain.run.mail_action import MailAction, leads_guest_to
from domain.run.state import ActionKind, ActionState, Incident, Run, action_key
from domain.run.values import is_somebody
from domain.run.work import in_running, reasoned
from domain.schedule import Calendar
from domain.words import Actor, Rejected, StepKey, Values

How = Literal["retried", "edited", "done_by_hand", "let_go"]

_LONGEST_TEXT = 20_000


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
    """Have the machine try again with these in place of what the process says; they are sent as they stand here.

    Rejected("other_receiver"): a call to another receiver takes nothing along, headers and body are given anew; a mail
    with the link of a guest goes to that guest only.
    For a call ``url``, ``headers``, ``body``; for a mail ``to``, ``subject``, ``body``; for a child run ``inputs``.
    """
    found = _open(run, incident, "edited")
    if found is None:
        return []
    action = run.actions[_key(found)]
    _check(action.kind, changes)
    _takes_nothing_along(definition, action, changes)
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


# --- what may be changed ---


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and "\x00" not in value


def _is_line(value: Any) -> bool:
    return _is_text(value) and bool(value.strip()) and value.isprintable()


def _is_url(value: Any) -> bool:
    return _is_line(value) and value.startswith(("https://", "http://")) and " " not in value


def _is_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        may_set_header(name) and _is_line(one) for name, one in value.items()
    )


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_addresses(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= 50
        and all(isinstance(one, str) and (is_somebody(one) or is_address(one)) for one in value)
    )


_CHANGES: dict[ActionKind, dict[str, tuple[Any, str]]] = {
    "http": {
        "url": (_is_url, "an address that begins with https:// or http://"),
        "headers": (
            _is_headers,
            "an object of texts of one line, none named host, content-length, webhook-… or the like",
        ),
        "body": (_is_object, "an object"),
    },
    "email": {
        "to": (_is_addresses, "a list of one to 50 mail addresses, or people such as person:dana"),
        "subject": (_is_line, "a text of one line"),
        "body": (_is_text, "a text"),
    },
    "run": {"inputs": (_is_object, "an object of the child's inputs")},
}


def _takes_nothing_along(definition: Definition, action: ActionState, changes: dict[str, Any]) -> None:
    """What was written for one receiver, keys and values with it, is not sent to another by changing the address."""
    if "to" in changes and leads_guest_to(definition, MailAction.of(action)) is not None:
        raise Rejected(
            "other_receiver",
            "the mail brings the link of a guest, for that guest only: correct the address in the run, then retry",
            accepted=["retry", "subject: …", "body: …"],
        )
    if action.kind != "http" or "url" not in changes:
        return
    own = _asked(definition, action)
    before = {**own, **action.changes}
    if origin(changes["url"]) == origin(PLACEHOLDER.sub("x", before["url"])):
        return
    left = [name for name in ("headers", "body") if before[name] and name not in changes]
    if left:
        raise Rejected(
            "other_receiver",
            f"another receiver does not get what was meant for the first: give its {' and '.join(left)} too",
            accepted=[f"{name}: {{…}}" for name in left],
        )


def _asked(definition: Definition, action: ActionState) -> dict[str, Any]:
    """Address, headers and body of a call as the process has them."""
    known = definition.steps.get(action.step) if action.step is not None else None
    kind, _, number = action.action.partition(":")
    if kind == "webhook":
        webhooks = definition.document.webhooks
        url = webhooks[int(number)].url if int(number) < len(webhooks) else ""
        return {"url": url, "headers": {}, "body": {}}
    if known is None or known.http is None:
        return {"url": "", "headers": {}, "body": {}}
    return {"url": known.http.url, "headers": known.http.headers, "body": known.http.body}


def _check(kind: ActionKind, changes: dict[str, Any]) -> None:
    accepted = _CHANGES[kind]
    found = [
        {"field": name, "problem": "unknown_field", "accepted": ", ".join(accepted)}
        for name in changes
        if name not in accepted
    ]
    for name, (fits, wanted) in accepted.items():
        if name in changes and not fits(changes[name]):
            found.append({"field": name, "problem": "wrong_value", "accepted": wanted})
    if not changes:
        found.append({"field": "changes", "problem": "required", "accepted": ", ".join(accepted)})
    if found:
        names = ", ".join(one["field"] for one in found)
        raise Rejected("invalid_changes", f"these cannot be used as they are: {names}", problems=found)
