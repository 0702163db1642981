"""Which steps of a process are those of guests, and to which of them a mail leads."""

from __future__ import annotations

from domain.definition import Definition
from domain.guest_walk import next_of
from domain.words import RoleKey, StepKey


def guest_step(definition: Definition, step: StepKey) -> StepKey | None:
    """The step of a guest that a mail of ``step`` leads to: itself, else the next one behind automatic steps only."""
    guests = {key for key, role in definition.roles.items() if role.guest}
    return next_of(guests, step, definition.steps, definition.dependents)


def is_guest(definition: Definition, role: RoleKey | None) -> bool:
    """Whether the role is played by somebody without an account."""
    known = definition.roles.get(role) if role is not None else None
    return known is not None and known.guest
