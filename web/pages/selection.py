"""Which steps and roles a page is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from api.run.sight import MASK
from domain.document import Document, Role
from projections import answers


def chosen_step(seen: answers.RunView, wanted: str | None, me: str) -> answers.StepView:
    """The step to show: the one asked for, else my ready one, else any ready one, else the first unfinished one.

    Of a run that has ended, the step that ended last.
    """
    steps = [step for stage in seen.stages for step in stage.steps]
    if seen.ended_at is not None and wanted not in {step.key for step in steps}:
        return max(steps, key=lambda step: (step.ended_at is not None, step.ended_at or seen.started_at))
    choices: tuple[Callable[[answers.StepView], bool], ...] = (
        lambda step: step.key == wanted,
        lambda step: step.state in ("ready", "in_progress") and step.assignee == me,
        lambda step: step.state in ("in_progress", "ready") and step.assignee is not None,
        lambda step: step.state in ("in_progress", "ready", "locked"),
    )
    for fits in choices:
        for step in steps:
            if fits(step):
                return step
    return steps[-1]


def unmasked(step: answers.StepView) -> answers.StepView:
    """The step without values that its reader may not see, when it is a form: the mask must not be sent back."""
    if step.values is None or step.state not in ("ready", "in_progress"):
        return step
    return replace(step, values={key: value for key, value in step.values.items() if value != MASK})


def asked_roles(document: Document) -> list[Role]:
    """The roles that somebody fills by hand: not the system's, the initiator's, or those that an input names."""
    return [role for role in document.roles if not (role.system or role.initiator or role.from_input)]
