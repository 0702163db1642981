"""What who leads a run decides about its guests: that a new address is theirs."""

from __future__ import annotations

from datetime import datetime

from domain.addresses import is_confirmed, role_address, same_address
from domain.definition import Definition
from domain.events import Event, GuestAddressConfirmed
from domain.run.state import Run
from domain.run.work import Work, in_running
from domain.schedule import Calendar
from domain.words import Actor, Rejected, RoleKey

_NO_DUES = Calendar()


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
