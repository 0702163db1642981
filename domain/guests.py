"""Guests: people without an account, who take part in a run through a link to the one step that is theirs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from domain.addresses import (
    AddressBook,
    Recipient,
    awaits_confirmation,
    guest_address,
    known_address,
    reach,
)
from domain.definition import Definition
from domain.guest_steps import is_guest
from domain.run.state import Run
from domain.words import Actor, Assignee, RoleKey, StepKey

HOLDER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Pass:
    """What a link to a step opens: this step, in this round, for whom the link was made.

    ``holder`` stands for the guest and the address that the link went to; see ``holder_of``.
    """

    step: StepKey
    round: int
    role: RoleKey
    holder: bytes


def pass_for(run: Run, definition: Definition, step: StepKey) -> Pass | None:
    """The pass to the step of a guest, as the run stands now; None when its role is not played by a guest."""
    known = definition.steps.get(step)
    guest = None if known is None else guest_of(run, definition, step)
    if known is None or known.role is None or guest is None or awaits_confirmation(guest, run, definition):
        return None
    if known.role in run.links_barred:
        return None
    return Pass(step, run.step(step).round, known.role, holder_of(guest, run, definition, known.role))


def holder_of(guest: Actor, run: Run, definition: Definition, role: RoleKey) -> bytes:
    """What a link holds of its guest: another one for another guest or address, or once the links were revoked.

    None of that can be read from it.
    """
    address = guest_address(Assignee(guest), run, definition) or ""
    revoked = run.links_revoked.get(role, 0)
    said = f"{guest}\0{address.strip().lower()}" + (f"\0{revoked}" if revoked else "")
    return hashlib.sha256(said.encode()).digest()[:HOLDER_BYTES]


def guest_of(run: Run, definition: Definition, step: StepKey) -> Actor | None:
    """Who acts with a link to this step: the guest whose work it is, or who plays its role; None for anybody else."""
    known = definition.steps[step]
    now = run.step(step)
    who = now.assignee or (run.roles.get(known.role) if known.role is not None else None)
    if who is None and is_guest(definition, known.role):
        return Actor(f"guest:{known.role}")
    return Actor(who) if who is not None and who.startswith("guest:") else None


def is_theirs(one: Recipient, step: StepKey, run: Run, definition: Definition, book: AddressBook) -> bool:
    """Whether a reader of a mail is the guest whom a link to this step is for, and gets it.

    A guest is known as such or by their address; an address that is written outright counts as theirs where nothing in
    the run says another.
    """
    guest = guest_of(run, definition, step)
    if guest is None:
        return False
    who = Assignee(guest)
    theirs = {each.address.lower() for each in reach([who], run, definition, book).recipients}
    unknown = one.who is None and known_address(who, run, definition) is None
    return one.who == who or one.address.lower() in theirs or unknown


def is_open_to_guests(run: Run, step: StepKey) -> bool:
    """Whether a link to this step acts: while the step is open in a run that is under way, and not a moment longer."""
    return run.state == "running" and not run.ended and run.step(step).is_open
