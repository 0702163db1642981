"""What is decided about the links of guests: a new address is theirs, links are revoked, a new one is sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.addresses import is_confirmed, role_address, same_address
from domain.definition import Definition
from domain.events import Event, GuestAddressConfirmed, GuestLinksAllowed, GuestLinksRevoked
from domain.run.guest_addresses import LINK, links_due
from domain.run.guest_codes import CODE, MOST_MAILS, asks_for_code, newest_code
from domain.run.queueing import give_up, queue
from domain.run.state import Run
from domain.run.work import Work, in_hand, in_running, reasoned, step_of
from domain.schedule import Calendar
from domain.words import Actor, Rejected, RoleKey, StepKey

_NO_DUES = Calendar()
_BETWEEN_CODES = timedelta(minutes=1)


def confirm_guest_address(
    run: Run,
    definition: Definition,
    role: RoleKey,
    address: str,
    *,
    by: Actor,
    at: datetime,
) -> list[Event]:
    """Say that the guest in a role is to be written to at this address; new links go there. Again, it changes nothing.

    Rejected("other_address") when the guest has another by now.
    """
    now = role_address(role, run, definition)
    if now is None or not same_address(address, now):
        raise Rejected(
            "other_address", f"the guest in the role {role} has another address, or none", role=role
        )
    if is_confirmed(role, run, definition):
        return []
    in_running(run)
    work = Work(run, definition, by, at, _NO_DUES)
    work.record(GuestAddressConfirmed(role=role, address=now, by=by, at=at))
    return work.events


def revoke_guest_links(
    run: Run, definition: Definition, role: RoleKey, reason: str, *, by: Actor, at: datetime
) -> list[Event]:
    """Every link of the guest in a role is dead at once, and none is made before a new one is sent by somebody."""
    _guest_in(run, definition, role)
    if role in run.links_barred:
        return []
    said = reasoned(reason)
    work = Work(run, definition, by, at, _NO_DUES)
    work.record(GuestLinksRevoked(role=role, reason=said, by=by, at=at))
    for action in [run.actions[key] for keys in run.pending.values() for key in keys]:
        if action.action.startswith(LINK) and action.facts.get("roles") == [role]:
            give_up(work, action, "the links of the guest were revoked")
    return work.events


def send_guest_link(
    run: Run, definition: Definition, role: RoleKey, *, by: Actor, at: datetime
) -> list[Event]:
    """Send the guest in a role a new link to each step that is open for them, also after theirs were revoked.

    A link whose mail is on its way is not sent once more. Rejected("nothing_open") when no step of theirs is open,
    Rejected("confirm_address") while a new address of theirs waits to be confirmed.
    """
    _guest_in(run, definition, role)
    in_running(run)
    if not is_confirmed(role, run, definition):
        raise Rejected(
            "confirm_address",
            "the guest has a new address, which who leads the run confirms first",
            role=role,
            accepted=["confirm-guest-address"],
        )
    due = list(links_due(run, definition, role))
    if not due:
        raise Rejected(
            "nothing_open", "no step of this guest is open; a link comes with the mail of the next", role=role
        )
    work = Work(run, definition, by, at, _NO_DUES)
    if role in run.links_barred:
        work.record(GuestLinksAllowed(role=role, by=by, at=at))
    for step, action in due:
        waiting = (run.actions[key] for key in run.pending.get(step, ()))
        if not any(one.action.startswith(LINK) and one.waits for one in waiting):
            queue(work, step, action, "email", facts={"roles": [role], "by": by})
    return work.events


def request_guest_code(
    run: Run, definition: Definition, step: StepKey, *, by: Actor, at: datetime
) -> list[Event]:
    """Send the guest of a step a code by mail; one that was asked for a minute ago is not sent once more.

    Rejected("no_code_needed") where the process wants none, Rejected("too_many_codes") when there were too many.
    """
    role = step_of(definition, step).role
    if role is None or not asks_for_code(definition, role):
        raise Rejected("no_code_needed", f"the process wants no code at {step}", step=step)
    in_hand(run, definition, step)
    last = newest_code(run, step)
    if last is not None and last.queued_at is not None and at - last.queued_at < _BETWEEN_CODES:
        return []
    number = int(last.action.removeprefix(CODE)) + 1 if last is not None else 0
    if number >= MOST_MAILS:
        raise Rejected(
            "too_many_codes", "no more codes are sent for this; ask whoever sent the link", step=step
        )
    work = Work(run, definition, by, at, _NO_DUES)
    queue(work, step, f"{CODE}{number}", "email", facts={"roles": [role]})
    return work.events


def _guest_in(run: Run, definition: Definition, role: RoleKey) -> None:
    """Rejected("unknown_role", "not_a_guest") unless a guest plays the role."""
    known = definition.roles.get(role)
    if known is None:
        guests = sorted(key for key, one in definition.roles.items() if one.guest)
        raise Rejected("unknown_role", f"no role is called {role}", role=role, accepted=guests)
    who = run.roles.get(role)
    if not (known.guest if who is None else who.startswith("guest:")):
        raise Rejected("not_a_guest", f"the role {role} is not played by a guest", role=role)
