"""Guests: people without an account, who take part in a run through a link to the one step that is theirs."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass

from domain.addresses import guest_address
from domain.definition import Definition
from domain.document import AUTOMATIC
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


def guest_step(definition: Definition, step: StepKey) -> StepKey | None:
    """The step of a guest that a mail of ``step`` leads to: itself, else the next one behind automatic steps only."""
    queue, seen = deque([step]), {step}
    while queue:
        key = queue.popleft()
        known = definition.steps.get(key)
        if known is not None and is_guest(definition, known.role):
            return key
        if known is None or known.kind not in AUTOMATIC:
            continue
        for later in definition.dependents.get(key, ()):
            if later not in seen:
                seen.add(later)
                queue.append(later)
    return None


def is_guest(definition: Definition, role: RoleKey | None) -> bool:
    """Whether the role is played by somebody without an account."""
    known = definition.roles.get(role) if role is not None else None
    return known is not None and known.guest


def pass_for(run: Run, definition: Definition, step: StepKey) -> Pass | None:
    """The pass to the step of a guest, as the run stands now; None when its role is not played by a guest."""
    known = definition.steps.get(step)
    guest = None if known is None else guest_of(run, definition, step)
    if known is None or known.role is None or guest is None:
        return None
    return Pass(step, run.step(step).round, known.role, holder_of(guest, run, definition))


def holder_of(guest: Actor, run: Run, definition: Definition) -> bytes:
    """What a link holds of its guest: another one for another guest or another address, and neither can be read."""
    address = guest_address(Assignee(guest), run, definition) or ""
    return hashlib.sha256(f"{guest}\0{address.strip().lower()}".encode()).digest()[:HOLDER_BYTES]


def guest_of(run: Run, definition: Definition, step: StepKey) -> Actor | None:
    """Who acts with a link to this step: the guest whose work it is, or who plays its role; None for anybody else."""
    known = definition.steps[step]
    now = run.step(step)
    who = now.assignee or (run.roles.get(known.role) if known.role is not None else None)
    if who is None and is_guest(definition, known.role):
        return Actor(f"guest:{known.role}")
    return Actor(who) if who is not None and who.startswith("guest:") else None


def is_open_to_guests(run: Run, step: StepKey) -> bool:
    """Whether a link to this step acts: while the step is open in a run that is under way, and not a moment longer."""
    return run.state == "running" and not run.ended and run.step(step).is_open
