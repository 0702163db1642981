"""What attention and inbox need to know of a definition, worked out once."""

from __future__ import annotations

from dataclasses import dataclass

from domain.definition import Definition
from domain.document import AUTOMATIC
from domain.run.claiming import shared


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of a definition. ``manual``: somebody has to do it; ``shared``: several have to agree.

    ``outside``: whoever has to do it is not one of us.
    """

    key: str
    title: str
    stage: str
    stage_key: str
    kind: str
    manual: bool
    required: bool
    shared: bool
    outside: bool


Deciding = tuple[tuple[str, tuple[str, ...]], ...]
_Plan = tuple[Definition, dict[str, PlannedStep], Deciding]
_PLANS: dict[int, _Plan] = {}
_MOST_PLANS = 1_000


def _plan(definition: Definition) -> _Plan:
    """By identity: a definition is large and comparing it would cost more than the plan."""
    known = _PLANS.get(id(definition))
    if known is not None and known[0] is definition:
        return known
    if len(_PLANS) >= _MOST_PLANS:
        _PLANS.clear()
    known = _PLANS[id(definition)] = (definition, _steps(definition), _deciding(definition))
    return known


def _steps(definition: Definition) -> dict[str, PlannedStep]:
    guests = {key for key, role in definition.roles.items() if role.guest}
    return {
        step.key: PlannedStep(
            step.key,
            step.title,
            stage.title,
            stage.key,
            step.kind,
            step.kind not in AUTOMATIC,
            step.required,
            shared(step),
            step.kind == "wait" or step.role in guests,
        )
        for stage in definition.document.stages
        for step in stage.steps
    }


def _deciding(definition: Definition) -> Deciding:
    return tuple(
        (
            stage.key,
            tuple(step.key for step in stage.steps if step.required)
            or tuple(step.key for step in stage.steps),
        )
        for stage in definition.document.stages
    )


def planned_steps(definition: Definition) -> dict[str, PlannedStep]:
    """Every step by key, in document order."""
    return _plan(definition)[1]


def deciding_steps(definition: Definition) -> Deciding:
    """For each stage the steps that decide whether it was reached: its required ones, or all when it has none."""
    return _plan(definition)[2]
