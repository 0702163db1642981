"""The people of the demonstration: who plays which role. Bo, whom forms name, leads nothing that they approve."""

from __future__ import annotations

from domain.definition import Definition
from domain.words import Actor, Assignee, RoleKey

PEOPLE = (
    "dana", "ines", "marek", "bo", "yuki", "amara", "tomas", "leila", "noah", "priya", "olga", "sam", "chen", "ruth",
)  # fmt: skip
AUTOMATION = Actor("service:automation")


def cast(definition: Definition, turn: int, owner: Assignee) -> dict[RoleKey, Assignee]:
    """Who plays each role in the run number ``turn``; the initiator is the owner of the workspace."""
    roles: dict[RoleKey, Assignee] = {}
    for number, (key, role) in enumerate(definition.roles.items()):
        if role.system:
            roles[key] = Assignee(AUTOMATION)
        elif role.guest:
            roles[key] = Assignee(f"guest:{key}_{turn}")
        elif role.initiator:
            roles[key] = owner
        else:
            roles[key] = Assignee(f"person:{PEOPLE[(number + turn % 2) % len(PEOPLE)]}")
    return roles


def stand_in(busy: set[Actor]) -> Actor:
    """Somebody who is none of these: an approver who did not do the work."""
    return next(Actor(f"person:{name}") for name in reversed(PEOPLE) if f"person:{name}" not in busy)
