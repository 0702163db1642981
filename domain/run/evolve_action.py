"""How events change the actions and incidents of a run: one function that the run and the read models fold with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from domain import events as e
from domain.canonical import sha256_of
from domain.run.state import ActionState, Child, Incident, KeptEvent, Run, StepState, action_key, altered
from domain.words import StepKey


def evolve_actions(run: Run, event: e.OfOneAction) -> Run:
    """The run after an event about one of its actions."""
    key = action_key(event.step, event.round, event.action)
    new = evolve_action(run.actions.get(key), event)
    return altered(
        run,
        steps=_edited(run, event),
        actions={**run.actions, key: new},
        pending=_pending(run.pending, event.step, key, new.is_pending or new.incident is not None),
        incidents=_incidents(run, event),
    )


def evolve_action(action: ActionState | None, event: e.OfOneAction) -> ActionState:  # noqa: PLR0911 - one closed match
    """The action after an event of its own; it never raises, whatever came before."""
    now = action or ActionState(event.step, event.round, event.action)
    match event:
        case e.ActionQueued():
            return _queued(now, event)
        case e.ActionStarted():
            return _started(now, event)
        case e.ActionSucceeded():
            return _succeeded(now, event)
        case e.ActionReachedNobody():
            return _unsent(now, event)
        case e.ActionFailed():
            return _failed(now, event)
        case e.ActionBecameUncertain():
            return _uncertain(now, event)
        case e.ActionWithdrawn():
            return altered(now, state="withdrawn", reason=event.reason, next_at=None)
        case e.IncidentOpened():
            return altered(now, incident=event.incident, reason=event.reason, next_at=None)
        case e.IncidentResolved():
            return _resolved(now, event)
        case _:
            assert_never(event)


def evolve_incident(incident: Incident | None, event: e.IncidentOpened | e.IncidentResolved) -> Incident:
    """The incident after an event of its own."""
    if isinstance(event, e.IncidentResolved):
        return altered(incident or _forgotten(event), how=event.how)
    return Incident(
        incident=event.incident,
        step=event.step,
        round=event.round,
        action=event.action,
        problem=event.problem,
        reason=event.reason,
        assignee=event.assignee,
        opened_at=event.at,
    )


def _forgotten(event: e.IncidentResolved) -> Incident:
    """An incident of which only the end is known: imported facts need not begin at the beginning."""
    return Incident(
        event.incident, event.step, event.round, event.action, "failed", event.reason or "", None, event.at
    )


def evolve_received(run: Run, event: e.ExternalEventReceived) -> Run:
    """The run after it heard of something: kept while no step takes it, forgotten when one does."""
    left = [kept for kept in run.kept if (kept.event, kept.source_id) != (event.event, event.source_id)]
    if event.step is None:
        askings = {key: step.asking for key, step in run.steps.items() if step.asking != 1}
        left.append(KeptEvent(event.event, event.source_id, event.steps, event.values, event.by, askings))
    if event.source_id is None:
        return altered(run, kept=tuple(left))
    told = {**run.told, event.source_id: told_sha256(event.event, event.values)}
    return altered(run, kept=tuple(left), sources=run.sources | {event.source_id}, told=told)


def told_sha256(event: str, values: Mapping[str, Any]) -> str:
    """The hash of what another service told: the event by name with its values."""
    return sha256_of([event, values])


def evolve_children(run: Run, event: e.OfChildRun) -> Run:
    """The run after a child of one of its steps started, ended or went on; who worked in it worked on the step.

    The child that a step began to wait for last is the last one.
    """
    child = run.children.get(event.child) or Child(event.child, event.step, event.round, "")
    if isinstance(event, e.ChildRunStarted):
        begun = altered(
            child, step=event.step, round=event.round, process=event.process, state=None, reopened=False
        )
        others = {key: other for key, other in run.children.items() if key != event.child}
        return altered(run, children={**others, event.child: begun})
    if isinstance(event, e.ChildRunReopened):
        again = altered(child, state=None, reopened=True)
        return altered(run, children={**run.children, event.child: again})
    ended = altered(child, state=event.state, ended=True, reopenings=event.reopenings)
    step = run.step(event.step)
    doers = tuple(dict.fromkeys((*step.doers, *event.doers)))
    return altered(
        run,
        children={**run.children, event.child: ended},
        steps={**run.steps, event.step: altered(step, doers=doers)},
    )


def _edited(run: Run, event: e.OfOneAction) -> Mapping[StepKey, StepState]:
    """Who said what the machine sends has a part in what the step brings."""
    if not isinstance(event, e.IncidentResolved) or event.how != "edited" or event.step is None:
        return run.steps
    step = run.step(event.step)
    said = (*step.contributors, *((event.by,) if event.by else ()))
    return {**run.steps, event.step: altered(step, contributors=tuple(dict.fromkeys(said)))}


def _incidents(run: Run, event: e.OfOneAction) -> Mapping[Any, Incident]:
    if not isinstance(event, (e.IncidentOpened, e.IncidentResolved)):
        return run.incidents
    return {**run.incidents, event.incident: evolve_incident(run.incidents.get(event.incident), event)}


def _pending(
    known: Mapping[StepKey | None, tuple[str, ...]], step: StepKey | None, key: str, pending: bool
) -> Mapping[StepKey | None, tuple[str, ...]]:
    keys = known.get(step, ())
    if pending == (key in keys):
        return known
    if pending:
        return {**known, step: (*keys, key)}
    left = tuple(other for other in keys if other != key)
    others = {other: found for other, found in known.items() if other != step}
    return {**others, step: left} if left else others


def _queued(action: ActionState, event: e.ActionQueued) -> ActionState:
    return altered(
        action,
        kind=event.kind,
        state="queued",
        tries=0,
        next_at=event.not_before,
        queued_at=event.at,
        facts=event.facts,
        incident=None,
    )


def _started(action: ActionState, event: e.ActionStarted) -> ActionState:
    return altered(
        action,
        state="started",
        attempt=event.attempt,
        tries=action.tries + 1,
        key=event.key,
        next_at=None,
    )


def _succeeded(action: ActionState, event: e.ActionSucceeded) -> ActionState:
    return altered(
        action,
        state="succeeded",
        result=event.result,
        receipt=event.receipt,
        reason=event.reason,
        whom=event.whom,
        next_at=None,
    )


def _unsent(action: ActionState, event: e.ActionReachedNobody) -> ActionState:
    return altered(action, state="unsent", reason=event.reason, whom=event.whom, next_at=None)


def _failed(action: ActionState, event: e.ActionFailed) -> ActionState:
    receipt = event.receipt or action.receipt
    return altered(action, state="failed", reason=event.reason, next_at=event.retry_at, receipt=receipt)


def _uncertain(action: ActionState, event: e.ActionBecameUncertain) -> ActionState:
    receipt = event.receipt or action.receipt
    return altered(
        action, state="uncertain", reason=event.reason or None, next_at=event.retry_at, receipt=receipt
    )


def _resolved(action: ActionState, event: e.IncidentResolved) -> ActionState:
    """Tried again means: queued once more, at once, with a schedule of tries of its own."""
    if event.how not in ("retried", "edited"):
        return altered(action, incident=None)
    return altered(
        action,
        incident=None,
        state="queued",
        tries=0,
        next_at=None,
        edits=action.edits + (event.how == "edited"),
        changes={**action.changes, **event.changes},
    )
