"""Whose eyes the values of a step are for: everybody's whom the run concerns, or those of some roles only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.definition import Definition
from domain.document import FormField, Step
from domain.words import RoleKey, StepKey

Versions = Sequence[Definition]
"""The version that a run follows, then those that it followed before: what was for some under one of them stays so."""


def is_for_roles(step: Step) -> bool:
    """Whether the values of the step are for some roles only."""
    return step.visibility != "everyone"


def roles_that_see(step: Step, judges: Iterable[Step]) -> frozenset[RoleKey]:
    """The roles for which its values are where they are not for everybody: its own, those it names, who approves it."""
    named: Iterable[str] = step.visibility if isinstance(step.visibility, tuple) else ()
    given = (step.role, *named, *(judge.role for judge in judges))
    return frozenset(RoleKey(role) for role in given if role is not None)


def seals(field: FormField | None, step: Step | None) -> bool:
    """Whether a value is for some only, by the flag of its field or by its step (None: an input)."""
    return (field is not None and field.sensitive) or (step is not None and is_for_roles(step))


def is_sealed(path: str, versions: Versions) -> bool:
    """Whether the value at a path such as ``report_review.finding`` is for some only, under any of the versions."""
    owner = StepKey(path.partition(".")[0])
    return any(seals(version.fields.get(path), version.steps.get(owner)) for version in versions)


def is_sensitive(path: str, versions: Versions) -> bool:
    """Whether the field at this path is sensitive under any of the versions."""
    fields = (version.fields.get(path) for version in versions)
    return any(field is not None and field.sensitive for field in fields)


def is_open_to(versions: Versions, owner: str, role: str | None) -> bool:
    """Whether the values of a step (or the inputs) are for this role too, as far as their step goes."""
    known = [version for version in versions if owner in version.steps]
    key = StepKey(owner)
    if not any(is_for_roles(version.steps[key]) for version in known):
        return True
    now = known[0]
    judges = (now.steps[judge] for judge in now.judges.get(key, ()))
    return role in roles_that_see(now.steps[key], judges)
