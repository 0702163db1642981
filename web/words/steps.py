"""What pages say of a step: how it stands, what a refusal does, what the machine does at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projections.answers import RefusalView, RunView, StepAction, StepView
from web.words.texts import quoted

_OPEN = ("ready", "in_progress")
_ACTIONS = {
    "email": "The mail",
    "http": "The call",
    "run": "The other process",
    "invitation": "The invitation",
}
_DID = {
    "signed": "Signed",
    "declined": "Not signed",
    "approved": "Agreed",
    "refused": "Not agreed",
    "sent": "Sent",
}
_CONTENT = {"approval": "What you decide about", "sign": "What you sign"}


def step_face(step: StepView) -> str:
    """The state by which a step is shown in a list of steps: what is late or needs help comes first."""
    if step.overdue and step.state in _OPEN:
        return "late"
    return "needs_help" if step.help else step.state


def refusal_words(refusal: RefusalView) -> str:
    """What a refusal does, said beside the button that refuses."""
    if refusal.ends_run:
        return f"A refusal ends the run as “{refusal.ends_run}”."
    if refusal.reopens and not refusal.fields:
        return f"A refusal has {', '.join(map(quoted, refusal.reopens))} done again."
    return "After a refusal the decision is asked for again."


def due_waits_words(step: StepView) -> str:
    """What has to be known before a step has a due."""
    assert step.due_waits_for is not None
    if step.due_waits_for.anchor == f"step_ready:{step.key}":
        return "counted once the step is ready"
    return f"waits for {step.due_waits_for.title}"


def not_sent(step: StepView, typed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields in which somebody had typed something that was not taken."""
    return [one for one in step.fields if typed.get(one["key"]) not in (None, "")]


def content_title(kind: str, state: str) -> str:
    """The heading of what is to be seen before somebody decides, or was."""
    if state in ("done", "failed"):
        return "What this was about"
    return _CONTENT.get(kind, "To look at")


def shows_content(kind: str, content: Mapping[str, Any] | None) -> bool:
    """Whether there is something to be seen before a guest answers; who decides or signs always sees what about."""
    if not content:
        return False
    return kind in _CONTENT or any(content[part] for part in ("texts", "groups", "asked_anew"))


def did_words(what: str) -> str:
    """What a guest did, told to the guest."""
    return _DID[what]


def titles_of_steps(run: RunView) -> dict[str, str]:
    """What the steps of a run are called, by their keys."""
    return {step.key: step.title for stage in run.stages for step in stage.steps}


def under_way(step: StepView) -> list[StepAction]:
    """What the machine has tried at a step or will, without what succeeded and what people are asked to decide."""
    return [
        one
        for one in step.actions
        if one.incident is None and one.state != "succeeded" and (one.attempt or one.next_at)
    ]


def action_failed(action: StepAction) -> bool:
    """Whether what the machine tried came to nothing so far."""
    return action.state in ("failed", "uncertain", "unsent")


def action_words(action: StepAction) -> str:
    """What the machine does, and how that goes: The mail (reminder 1) waits for its next try."""
    plain = action.action.replace("_", " ")
    what = _ACTIONS.get(action.action, "The mail" if action.kind == "email" else plain.capitalize())
    which = (
        f" ({plain.replace(':', ' ')})" if action.kind == "email" and action.action not in _ACTIONS else ""
    )
    return f"{what}{which} {_how_it_goes(action)}"


def _how_it_goes(action: StepAction) -> str:
    if action.state == "unsent":
        return "was not sent"
    if action.state == "started":
        return "is being tried"
    if action_failed(action):
        return "has not succeeded yet"
    return "waits for its next try" if action.attempt else "waits"


def tried_words(attempts: int) -> str:
    """How often something was tried."""
    return f"Tried {attempts} {'time' if attempts == 1 else 'times'}"


_BY_HAND = ("done-by-hand", "Done by hand", "What was done?", "It is done")
_LET_GO = ("let-go", "Let it be", "Why is it not needed?", "Let it be")


def needs_files(step: StepView) -> bool:
    """Whether the form of a step takes files, with what its refusal asks for."""
    asked = (*step.fields, *(step.refusal.fields if step.refusal else ()))
    return any(one["kind"] == "files" for one in asked)


def is_somebodys(step: StepView) -> bool:
    """Whether one person has the step, whom it is taken from when it is given to another."""
    return bool(step.assignee) and not str(step.assignee).startswith("group:")


def ways_out(incident: Any, step: StepView) -> list[tuple[str, str, str, str]]:
    """What people may do about an incident beside trying again: verb, name, what is asked, and the button.

    What the step consists of is not let go; it is done by hand only where no field has to be filled then.
    """
    if incident.action not in ("email", "http", "run"):
        return [_BY_HAND, _LET_GO]
    return [] if any(one.get("required") for one in step.fields) else [_BY_HAND]
