"""What the machine does for a run, as its events tell: folded by the very functions that the run itself uses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import events as e
from domain.run.evolve_action import evolve_action, evolve_incident
from domain.run.state import ActionState, Incident, action_key
from domain.words import StepKey


@dataclass
class Did:
    """One action, the incident that is open on it, and when anything about it changed last."""

    action: ActionState
    changed_at: datetime
    incident: Incident | None = None


@dataclass
class StartedChild:
    """A run that a step started; ``state`` is None until its end was heard of, and again once it was reopened."""

    step: StepKey
    round: int
    process: str
    state: str | None = None
    reopened: bool = False


class RunActions:
    """Actions by key, and child runs."""

    def __init__(self) -> None:
        self.actions: dict[str, Did] = {}
        self.children: dict[UUID, StartedChild] = {}


def changed(found: RunActions, event: e.OfOneAction) -> None:
    key = action_key(event.step, event.round, event.action)
    known = found.actions.get(key)
    action = evolve_action(known.action if known else None, event)
    incident = known.incident if known else None
    if isinstance(event, e.IncidentOpened):
        incident = evolve_incident(None, event)
    elif isinstance(event, e.IncidentResolved) or action.incident is None:
        incident = None
    found.actions[key] = Did(action, event.at, incident)


def child_started(found: RunActions, event: e.ChildRunStarted) -> None:
    found.children[event.child] = StartedChild(event.step, event.round, event.process)


def child_ended(found: RunActions, event: e.ChildRunEnded) -> None:
    _child(found, event).state = event.state


def child_reopened(found: RunActions, event: e.ChildRunReopened) -> None:
    child = _child(found, event)
    child.state, child.reopened = None, True


def _child(found: RunActions, event: e.ChildRunEnded | e.ChildRunReopened) -> StartedChild:
    return found.children.setdefault(event.child, StartedChild(event.step, event.round, ""))
