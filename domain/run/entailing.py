"""What an event of a run entails for the machine: what is queued, moved and withdrawn in the same append. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain import events as e
from domain.definition import Definition
from domain.document import EndsRun, Step
from domain.run.evolve_step import REPEAT
from domain.run.state import ActionKind, ActionState, Run, action_key
from domain.run.telling import LASTING, invitation_of, mails_of
from domain.words import Actor, StepKey, Values

OWN: dict[str, ActionKind] = {"email": "email", "http": "http", "run": "run"}
"""Kinds of automatic steps whose own action has the name of the kind; a ``wait`` has none."""

Entailed = list[e.OfOneAction]
How = Literal["done_by_hand", "let_go"]


def entailed(
    run: Run, definition: Definition, event: e.AnyRunStreamEvent, by: Actor | None, at: datetime
) -> Entailed:
    """What this event entails in a run that has taken it in; asked for every event decided, and so forgotten by none.

    What comes of it entails nothing more.
    """
    machine = Machine(run, by, at)
    mails = (
        machine.queued(step, action, "email", facts=facts)
        for step, action, facts in mails_of(run, definition, event)
    )
    return [*_of_steps(machine, definition, event), *(queued for mail in mails for queued in mail)]


def own_action(known: Step | None, step: StepKey, round: int) -> str | None:  # noqa: A002 - the event's own word
    """The key of the action that the step itself consists of; None when people do it, or it only waits."""
    return action_key(step, round, known.kind) if known is not None and known.kind in OWN else None


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine does for a run as it stands, and who has something of it queued or given up, and when."""

    run: Run
    by: Actor | None
    at: datetime

    def queued(
        self,
        step: StepKey | None,
        action: str,
        kind: ActionKind,
        not_before: datetime | None = None,
        facts: Values | None = None,
    ) -> Entailed:
        """The machine is to do this, in the step's present round (1 for the run), unless it is known already.

        Nothing is ever done for an imported run. An action withdrawn before its first attempt may be queued anew.
        """
        round_ = 1 if step is None else self.run.step(step).round
        known = self.run.actions.get(action_key(step, round_, action))
        if self.run.imported or not _is_new(known):
            return []
        return [
            e.ActionQueued(
                step=step,
                round=round_,
                action=action,
                kind=kind,
                not_before=not_before,
                facts=facts or {},
                by=self.by,
                at=self.at,
            )
        ]

    def moved(self, action: ActionState | None, not_before: datetime | None) -> Entailed:
        """An action that was not tried yet gets another instant."""
        if action is None or action.state != "queued" or action.attempt or action.next_at == not_before:
            return []
        return [
            e.ActionQueued(
                step=action.step,
                round=action.round,
                action=action.action,
                kind=action.kind,
                not_before=not_before,
                facts=action.facts,
                by=self.by,
                at=self.at,
            )
        ]

    def withdrawn(self, step: StepKey | None, reason: str, how: How = "let_go") -> Entailed:
        """What is still to be done for the step is given up, its incidents closed; what tells of the past stays."""
        actions = (self.run.actions[key] for key in self.run.pending.get(step, ()))
        return [
            event
            for action in actions
            if not action.action.startswith(LASTING)
            for event in self.given_up(action, reason, how)
        ]

    def given_up(self, action: ActionState, reason: str, how: How = "let_go") -> Entailed:
        """The action is done no more, and its incident closed."""
        closed = self.incident_closed(action, how, reason)
        if not action.is_pending:
            return closed
        name = {"step": action.step, "round": action.round, "action": action.action}
        return [*closed, e.ActionWithdrawn(**name, reason=reason, by=self.by, at=self.at)]

    def incident_closed(self, action: ActionState, how: How, reason: str) -> Entailed:
        """The action's open incident, if it has one, needs no decision any more."""
        if action.incident is None:
            return []
        return [
            e.IncidentResolved(
                step=action.step,
                round=action.round,
                action=action.action,
                incident=action.incident,
                how=how,
                reason=reason,
                by=self.by,
                at=self.at,
            )
        ]


def _of_steps(machine: Machine, definition: Definition, event: e.AnyRunStreamEvent) -> Entailed:
    """What the machine still has to do for the step, or the run, after this event; mails that tell of it aside."""
    match event:
        case e.RunCompleted() | e.RunEndedEarly() | e.RunCancelled():
            return machine.withdrawn(None, "the run has ended")
        case e.StepBecameReady() | e.StepDueSet():
            known = definition.steps.get(event.step)
            return [*_own(machine, known, event.step), *_invitation(machine, known, event)]
        case e.StepCompleted() | e.StepFailed():
            return [*_of_done(machine, event), *_webhooks(machine, definition, event)]
        case e.ApprovalRefused() if not _ends_run(definition.steps.get(event.step)):
            return _webhooks(machine, definition, event)
        case e.StepEvent() if type(event) in _ENDINGS:
            return machine.withdrawn(event.step, _ENDINGS[type(event)])
        case _:
            return []


def _of_done(machine: Machine, event: e.StepCompleted | e.StepFailed) -> Entailed:
    """A reason is that of a person who did by hand what the machine was to do."""
    if isinstance(event, e.StepCompleted) and event.reason is not None:
        return machine.withdrawn(event.step, f"done by hand: {event.reason}", "done_by_hand")
    return machine.withdrawn(event.step, _ENDINGS[type(event)])


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


def _own(machine: Machine, known: Step | None, step: StepKey) -> Entailed:
    """An automatic step acts when it is ready or, with a due, when it is due: not before its anchor is known."""
    now = machine.run.step(step)
    key = own_action(known, step, now.round)
    if known is None or key is None or not now.is_open:
        return []
    action = machine.run.actions.get(key)
    if known.due is not None and now.due_at is None:
        waits = action is not None and action.state == "queued" and action.attempt == 0
        return machine.withdrawn(step, "the step has no due yet") if waits else []
    if _is_new(action):
        return machine.queued(step, known.kind, OWN[known.kind], now.due_at)
    return machine.moved(action, now.due_at)


def _invitation(machine: Machine, known: Step | None, event: e.StepBecameReady | e.StepDueSet) -> Entailed:
    """The mail that invites to a step of a person: at once, or (``at: due``) when the step is due.

    A migration invites nobody at once, or it would bring a flood; but guests, who have no other way to their step.
    """
    step = event.step
    mail, now = invitation_of(known), machine.run.step(step)
    if mail is None or not now.is_open:
        return []
    if mail.at != "due" and event.cause == "migration" and not mail.promises_link:
        return []
    at = now.due_at if mail.at == "due" else None
    action = machine.run.actions.get(action_key(step, now.round, "invitation"))
    if _is_new(action):
        return machine.queued(step, "invitation", "email", at)
    return machine.moved(action, at)


def _ends_run(known: Step | None) -> bool:
    """Whether a refusal ends the run: its step fails then, and that is the outcome."""
    return known is not None and known.approval is not None and isinstance(known.approval.on_refusal, EndsRun)


def _webhooks(
    machine: Machine, definition: Definition, event: e.StepCompleted | e.StepFailed | e.ApprovalRefused
) -> Entailed:
    """Tell the services that the process names of a gate's outcome: keys and words only, no value of a person."""
    known = definition.steps.get(event.step)
    outcome = "refused" if isinstance(event, e.ApprovalRefused) else event.outcome
    if known is None or known.gate is None or outcome == REPEAT:
        return []
    facts = {"step": event.step, "outcome": outcome, "passed": isinstance(event, e.StepCompleted)}
    found: Entailed = []
    for number, webhook in enumerate(definition.document.webhooks):
        if webhook.on == "gate_outcome":
            found += machine.queued(event.step, f"webhook:{number}", "http", facts=facts)
    return found
