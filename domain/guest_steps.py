"""Which steps of a process are those of guests, and to which of them a mail leads."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence, Set
from typing import TypeVar

from domain.definition import Definition
from domain.document import AUTOMATIC, Step
from domain.words import RoleKey, StepKey

_Key = TypeVar("_Key", bound=str)


def guest_step(definition: Definition, step: StepKey) -> StepKey | None:
    """The step of a guest that a mail of ``step`` leads to: itself, else the next one behind automatic steps only."""
    guests = {key for key, role in definition.roles.items() if role.guest}
    return next_of(guests, step, definition.steps, definition.dependents)


def next_of(
    guests: Set[str], step: _Key, steps: Mapping[_Key, Step], behind: Mapping[_Key, Sequence[_Key]]
) -> _Key | None:
    """The walk to the step of a guest, over the steps and those that wait for each directly."""
    queue, seen = deque([step]), {step}
    while queue:
        key = queue.popleft()
        known = steps.get(key)
        if known is not None and known.role in guests:
            return key
        if known is None or known.kind not in AUTOMATIC:
            continue
        later = [each for each in behind.get(key, ()) if each not in seen]
        seen.update(later)
        queue += later
    return None


def is_guest(definition: Definition, role: RoleKey | None) -> bool:
    """Whether the role is played by somebody without an account."""
    known = definition.roles.get(role) if role is not None else None
    return known is not None and known.guest
