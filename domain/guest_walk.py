"""The walk from a mail to the step of a guest, and the field that says where the guest of a role is written to."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence, Set
from typing import TypeVar

from domain.document import AUTOMATIC, Role, Step
from domain.outline import PLACEHOLDER
from domain.words import RoleKey, StepKey, full_path

_Key = TypeVar("_Key", bound=str)


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


def address_fields(
    roles: Sequence[Role], steps: Mapping[StepKey, Step], behind: Mapping[StepKey, Sequence[StepKey]]
) -> dict[RoleKey, str]:
    """For each role the path of the field that holds its guest's address.

    It is the ``email_from`` of the role, else the first field that a mail with the link to its steps is written to:
    whoever changes that field changes where the link goes.
    """
    found = {RoleKey(role.key): full_path(role.email_from) for role in roles if role.email_from}
    guests = {RoleKey(role.key) for role in roles if role.guest}
    for key, step in steps.items():
        if step.email is None or not step.email.promises_link or guests <= found.keys():
            continue
        target = next_of(guests, key, steps, behind)
        role = steps[target].role if target is not None else None
        for line in step.email.to:
            whole = PLACEHOLDER.fullmatch(line.strip())
            if role is not None and whole is not None and not whole[1].startswith("role."):
                found.setdefault(role, full_path(whole[1]))
    return found
