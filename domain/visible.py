"""Whose eyes the values of a step are for: everybody's whom the run concerns, or those of some roles only."""

from __future__ import annotations

from collections.abc import Iterable

from domain.definition import Definition
from domain.document import FormField, Step
from domain.words import RoleKey, StepKey


def is_for_roles(step: Step) -> bool:
    """Whether the values of the step are for some roles only."""
    return step.visibility != "everyone"


def roles_that_see(step: Step, judges: Iterable[Step]) -> frozenset[RoleKey]:
    """The roles for which its values are where they are not for everybody: its own, those it names, who approves it."""
    named: Iterable[str] = step.visibility if isinstance(step.visibility, tuple) else ()
    given = (step.role, *named, *(judge.role for judge in judges))
    return frozenset(RoleKey(role) for role in given if role is not None)


def is_sealed_in(fields: Iterable[FormField], key: str, step: Step | None = None) -> bool:
    """Whether the value of one of these fields is for some only, by its own flag or by its step."""
    known = [field for field in fields if field.key == key]
    return any(field.sensitive for field in known) or (step is not None and is_for_roles(step))


def is_sealed(definition: Definition, path: str) -> bool:
    """Whether the value at a path such as ``report_review.finding`` is for some only."""
    owner, _, key = path.partition(".")
    if owner == "inputs":
        return is_sealed_in(definition.document.inputs, key)
    step = definition.steps.get(StepKey(owner))
    return step is not None and is_sealed_in(step.fields, key, step)


def is_open_to(definition: Definition, owner: str, role: str | None) -> bool:
    """Whether the values of a step (or the inputs) are for this role too, as far as their step goes."""
    step = definition.steps.get(StepKey(owner))
    if step is None or not is_for_roles(step):
        return True
    judges = (definition.steps[judge] for judge in definition.judges.get(StepKey(owner), ()))
    return role in roles_that_see(step, judges)
