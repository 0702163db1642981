"""What the machine has to do is queued, moved and withdrawn in the same append as what causes it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from domain import events as e
from domain.document import EndsRun, Step
from domain.run.evolve_step import REPEAT
from domain.run.state import ActionKind, ActionState, action_key
from domain.run.telling import LASTING, invitation_of, mails_of
from domain.words import StepKey, Values

if TYPE_CHECKING:
    from domain.run.work import Work

OWN: dict[str, ActionKind] = {"email": "email", "http": "http", "run": "run"}
"""Kinds of automatic steps whose own action has the name of the kind; a ``wait`` has none."""


def queue(
    work: Work,
    step: StepKey | None,
    action: str,
    kind: ActionKind,
    not_before: datetime | None = None,
    facts: Values | None = None,
) -> None:
    """Have the machine do this, in the step's present round (1 for the run as a whole), unless it is known already.

    Nothing is ever done for an imported run. An action withdrawn before its first attempt may be queued anew.
    """
    round_ = 1 if step is None else work.run.step(step).round
    known = work.run.actions.get(action_key(step, round_, action))
    if work.run.imported or not _is_new(known):
        return
    work.record(
        e.ActionQueued(
            step=step,
            round=round_,
            action=action,
            kind=kind,
            not_before=not_before,
            facts=facts or {},
            by=work.by,
            at=work.at,
        )
    )


def own_action(known: Step | None, step: StepKey, round: int) -> str | None:  # noqa: A002 - the event's own word
    """The key of the action that the step itself consists of; None when people do it, or it only waits."""
    return action_key(step, round, known.kind) if known is not None and known.kind in OWN else None


def keep_in_step(work: Work, event: e.Event) -> None:
    """Queue, move or withdraw what this event entails; called for every event decided, and so forgotten by none."""
    match event:
        case e.RunCompleted() | e.RunEndedEarly() | e.RunCancelled():
            withdraw(work, None, "the run has ended")
        case e.StepBecameReady() | e.StepDueSet():
            _queue_own(work, event.step)
            _queue_invitation(work, event)
        case e.StepCompleted(reason=str(reason)):
            withdraw(work, event.step, f"done by hand: {reason}", "done_by_hand")
            _queue_webhooks(work, event)
        case e.StepCompleted() | e.StepFailed():
            withdraw(work, event.step, _ENDINGS[type(event)], "let_go")
            _queue_webhooks(work, event)
        case e.ApprovalRefused() if not _ends_run(work.definition.steps.get(event.step)):
            _queue_webhooks(work, event)
        case e.StepEvent() if type(event) in _ENDINGS:
            withdraw(work, event.step, _ENDINGS[type(event)], "let_go")
        case _:
            pass
    for step, action, facts in mails_of(work, event):
        queue(work, step, action, "email", facts=facts)


def withdraw(
    work: Work, step: StepKey | None, reason: str, how: Literal["done_by_hand", "let_go"] = "let_go"
) -> None:
    """Give up what is still to be done for the step, and close its incidents; what tells of the past stays."""
    for key in work.run.pending.get(step, ()):
        action = work.run.actions[key]
        if not action.action.startswith(LASTING):
            give_up(work, action, reason, how)


def give_up(
    work: Work, action: ActionState, reason: str, how: Literal["done_by_hand", "let_go"] = "let_go"
) -> None:
    """Do the action no more, and close its incident."""
    close_incident(work, action, how, reason)
    if action.is_pending:
        work.record(
            e.ActionWithdrawn(
                step=action.step,
                round=action.round,
                action=action.action,
                reason=reason,
                by=work.by,
                at=work.at,
            )
        )


def close_incident(
    work: Work, action: ActionState, how: Literal["done_by_hand", "let_go"], reason: str
) -> None:
    """Record that the action's open incident, if it has one, needs no decision any more."""
    if action.incident is None:
        return
    work.record(
        e.IncidentResolved(
            step=action.step,
            round=action.round,
            action=action.action,
            incident=action.incident,
            how=how,
            reason=reason,
            by=work.by,
            at=work.at,
        )
    )


_ENDINGS: dict[type[e.Event], str] = {
    e.StepCompleted: "the step is done",
    e.StepSkipped: "the step was skipped",
    e.StepBecameNotApplicable: "the step's condition is false",
    e.StepFailed: "the step failed",
    e.StepCancelled: "the step was cancelled",
    e.StepReopened: "the step was reopened",
    e.StepRelocked: "the step waits again",
    e.StepBecameApplicable: "the step is as it was",
}


def _is_new(known: ActionState | None) -> bool:
    return known is None or (known.state == "withdrawn" and known.attempt == 0)


def _queue_own(work: Work, step: StepKey) -> None:
    """An automatic step acts when it is ready or, with a due, when it is due: not before its anchor is known."""
    known, now = work.definition.steps.get(step), work.run.step(step)
    key = own_action(known, step, now.round)
    if known is None or key is None or not now.is_open:
        return
    action = work.run.actions.get(key)
    if known.due is not None and now.due_at is None:
        if action is not None and action.state == "queued" and action.attempt == 0:
            withdraw(work, step, "the step has no due yet")
    elif _is_new(action):
        queue(work, step, known.kind, OWN[known.kind], now.due_at)
    else:
        _move(work, action, now.due_at)


def _queue_invitation(work: Work, event: e.StepBecameReady | e.StepDueSet) -> None:
    """The mail that invites to a step of a person: at once, or (``at: due``) when the step is due.

    A migration invites nobody at once, or it would bring a flood; but guests, who have no other way to their step.
    """
    step = event.step
    mail, now = invitation_of(work.definition.steps.get(step)), work.run.step(step)
    if mail is None or not now.is_open:
        return
    if mail.at != "due" and event.cause == "migration" and not mail.promises_link:
        return
    at = now.due_at if mail.at == "due" else None
    action = work.run.actions.get(action_key(step, now.round, "invitation"))
    if _is_new(action):
        queue(work, step, "invitation", "email", at)
    else:
        _move(work, action, at)


def _ends_run(known: Step | None) -> bool:
    """Whether a refusal ends the run: its step fails then, and that is the outcome."""
    return known is not None and known.approval is not None and isinstance(known.approval.on_refusal, EndsRun)


def _queue_webhooks(work: Work, event: e.StepCompleted | e.StepFailed | e.ApprovalRefused) -> None:
    """Tell the services that the process names of a gate's outcome: keys and words only, no value of a person."""
    known = work.definition.steps.get(event.step)
    outcome = "refused" if isinstance(event, e.ApprovalRefused) else event.outcome
    if known is None or known.gate is None or outcome == REPEAT:
        return
    facts = {"step": event.step, "outcome": outcome, "passed": isinstance(event, e.StepCompleted)}
    for number, webhook in enumerate(work.definition.document.webhooks):
        if webhook.on == "gate_outcome":
            queue(work, event.step, f"webhook:{number}", "http", facts=facts)


def _move(work: Work, action: ActionState | None, not_before: datetime | None) -> None:
    """Give an action that was not tried yet another instant."""
    if action is None or action.state != "queued" or action.attempt or action.next_at == not_before:
        return
    work.record(
        e.ActionQueued(
            step=action.step,
            round=action.round,
            action=action.action,
            kind=action.kind,
            not_before=not_before,
            facts=action.facts,
            by=work.by,
            at=work.at,
        )
    )
