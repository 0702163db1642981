"""What a refusal of an approval does, in the titles that people know."""

from __future__ import annotations

from collections.abc import Iterable

from domain.definition import Definition
from domain.document import Approval, EndsRun, Reopens, Requires, Step
from domain.words import StepKey
from projections.answers import RefusalView


def refusal_of(definition: Definition, step: Step) -> RefusalView | None:
    """What is done again, how the run ends, or what is asked for; None of a step that is no approval."""
    if step.kind != "approval":
        return None
    approval = step.approval or Approval()
    match approval.on_refusal:
        case EndsRun(ends_run=outcome):
            return RefusalView(ends_run=outcome)
        case Reopens(reopens=steps):
            return RefusalView(reopens=_titles(definition, steps))
        case Requires():
            asked = definition.asked_with_refusal(step.key)
            fields = (field.model_dump(mode="json") | {"path": path} for path, field in asked.items())
            return RefusalView(fields=tuple(fields))
        case None:
            return RefusalView(reopens=_titles(definition, approval.covers))


def _titles(definition: Definition, steps: Iterable[StepKey]) -> tuple[str, ...]:
    return tuple(definition.steps[key].title for key in steps)
