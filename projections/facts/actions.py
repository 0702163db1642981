"""What the machine does for a run, as its events tell: folded by the very functions that the run itself uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from uuid import UUID

from domain.events import (
    ChildRunEnded,
    ChildRunReopened,
    ChildRunStarted,
    IncidentOpened,
    IncidentResolved,
    OfOneAction,
)
from domain.run.evolve_action import evolve_action, evolve_incident
from domain.run.state import ActionState, Incident, action_key
from projections.engine.fold import Data, Fold


@dataclass
class Did:
    """One action, the incident that is open on it, and when anything about it changed last."""

    action: ActionState
    changed_at: datetime
    incident: Incident | None = None


@dataclass
class StartedChild:
    """A run that a step started; ``state`` is None until its end was heard of, and again once it was reopened."""

    step: str
    round: int
    process: str
    state: str | None = None
    reopened: bool = False


class RunActions:
    """Actions by key, and child runs."""

    def __init__(self) -> None:
        self.actions: dict[str, Did] = {}
        self.children: dict[UUID, StartedChild] = {}


def _of(kind: type[OfOneAction]) -> Callable[[RunActions, Data, datetime, str | None], None]:
    def changed(found: RunActions, data: Data, at: datetime, by: str | None) -> None:
        event = kind.model_validate({**data, "at": at, "by": by})
        key = action_key(event.step, event.round, event.action)
        known = found.actions.get(key)
        action = evolve_action(known.action if known else None, event)
        incident = known.incident if known else None
        if isinstance(event, IncidentOpened):
            incident = evolve_incident(None, event)
        elif isinstance(event, IncidentResolved) or action.incident is None:
            incident = None
        found.actions[key] = Did(action, at, incident)

    return changed


def _child_started(found: RunActions, data: Data, at: datetime, _by: str | None) -> None:
    event = ChildRunStarted.model_validate({**data, "at": at})
    found.children[event.child] = StartedChild(event.step, event.round, event.process)


def _child_ended(found: RunActions, data: Data, at: datetime, _by: str | None) -> None:
    event = ChildRunEnded.model_validate({**data, "at": at})
    child = found.children.setdefault(event.child, StartedChild(event.step, event.round, ""))
    child.state = event.state


def _child_reopened(found: RunActions, data: Data, at: datetime, _by: str | None) -> None:
    event = ChildRunReopened.model_validate({**data, "at": at})
    child = found.children.setdefault(event.child, StartedChild(event.step, event.round, ""))
    child.state, child.reopened = None, True


RUN_ACTIONS = Fold(
    "run_actions",
    RunActions,
    {
        **{kind.type: _of(kind) for kind in get_args(OfOneAction)},
        "child_run_started": _child_started,
        "child_run_ended": _child_ended,
        "child_run_reopened": _child_reopened,
    },
)
