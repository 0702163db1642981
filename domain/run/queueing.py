"""What a decision has the machine do, or do no more, beside what its events entail by themselves."""

from __future__ import annotations

from datetime import datetime

from domain.run.entailing import Entailed, How, Machine
from domain.run.state import ActionKind, ActionState
from domain.run.work import Work
from domain.words import StepKey, Values


def queue(
    work: Work,
    step: StepKey | None,
    action: str,
    kind: ActionKind,
    not_before: datetime | None = None,
    facts: Values | None = None,
) -> None:
    """Have the machine do this, in the step's present round; see ``Machine.queued``."""
    _record(work, _machine(work).queued(step, action, kind, not_before, facts))


def withdraw(work: Work, step: StepKey | None, reason: str, how: How = "let_go") -> None:
    """Give up what is still to be done for the step, and close its incidents; what tells of the past stays."""
    _record(work, _machine(work).withdrawn(step, reason, how))


def give_up(work: Work, action: ActionState, reason: str, how: How = "let_go") -> None:
    """Do the action no more, and close its incident."""
    _record(work, _machine(work).given_up(action, reason, how))


def close_incident(work: Work, action: ActionState, how: How, reason: str) -> None:
    """Record that the action's open incident, if it has one, needs no decision any more."""
    _record(work, _machine(work).incident_closed(action, how, reason))


def _machine(work: Work) -> Machine:
    return Machine(work.run, work.by, work.at)


def _record(work: Work, events: Entailed) -> None:
    for event in events:
        work.record(event)
