"""What each event of a run means to the read models: one closed list, in which the type checker misses a new event.

Every view of a run is folded from the same typed events, by the functions that stand beside an event here. They are
looked up by the class of the event when something is folded; the list is gone through once, when this module is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar, assert_never, get_args

from domain import events as e
from projections.engine.fold import Fold, Handler
from projections.facts import actions, path, reopenings, run, times, trail, values
from projections.facts.actions import RunActions
from projections.facts.path import RunPath
from projections.facts.reopenings import Reopenings
from projections.facts.run import RunFacts
from projections.facts.times import RunTimes
from projections.facts.trail import RunTrail
from projections.facts.values import RunValues

E = TypeVar("E", bound=e.Event)


class Meaning(NamedTuple):
    """What an event changes in each view of its run (None: nothing), and its word in the trails of forecasts."""

    facts: Handler | None
    times: Handler | None
    values: Handler | None
    path: Handler | None
    trail: Handler | None
    actions: Handler | None
    reopenings: Handler | None
    mark: str | None


def means(
    _event: E,
    *,
    facts: Callable[[RunFacts, E], None] | None = None,
    times: Callable[[RunTimes, E], None] | None = None,
    values: Callable[[RunValues, E], None] | None = None,
    path: Callable[[RunPath, E], None] | None = None,
    trail: Callable[[RunTrail, E], None] | None = None,
    actions: Callable[[RunActions, E], None] | None = None,
    reopenings: Callable[[Reopenings, E], None] | None = None,
    mark: str | None = None,
) -> Meaning:
    """The meaning of an event: functions that take this very class of events, or it is an error of types."""
    return Meaning(facts, times, values, path, trail, actions, reopenings, mark)


def meaning(event: e.AnyRunStreamEvent) -> Meaning:  # noqa: PLR0911 - one closed match
    """What an event of a run means, by its class alone: how runs begin, go on and end."""
    match event:
        case e.RunStarted():
            return means(
                event, facts=run.run_started, times=times.run_started, values=values.inputs, path=path.started,
                trail=trail.started, reopenings=reopenings.started,
            )  # fmt: skip
        case e.RunPaused():
            return means(event, facts=run.run_paused, times=times.run_paused, path=path.paused)
        case e.RunResumed():
            return means(event, facts=run.run_resumed, times=times.run_resumed, path=path.resumed)
        case e.RunCompleted():
            return means(
                event, facts=run.run_completed, times=times.run_ended, path=path.completed, trail=trail.completed
            )  # fmt: skip
        case e.RunEndedEarly():
            return means(
                event, facts=run.run_ended_early, times=times.run_ended, path=path.ended_early, trail=trail.ended_early
            )  # fmt: skip
        case e.RunCancelled():
            return means(
                event, facts=run.run_cancelled, times=times.run_ended, path=path.cancelled, trail=trail.cancelled
            )  # fmt: skip
        case e.RunReopened():
            return means(
                event, facts=run.run_reopened, times=times.run_reopened, path=path.reopened, trail=trail.reopened,
                reopenings=reopenings.reopened,
            )  # fmt: skip
        case e.RunMigrated():
            return means(
                event, facts=run.run_migrated, times=times.run_migrated, values=values.migrated, path=path.migrated,
                trail=trail.migrated,
            )  # fmt: skip
        case _:
            return _of_card(event)


def _of_card(event: e.RunDetail | e.AnyStepEvent | e.AnyActionEvent) -> Meaning:  # noqa: C901, PLR0911, PLR0912 - one closed match
    """What is set of a run as a whole, and what stands beside it."""
    match event:
        case e.RunInputsChanged():
            return means(event, values=values.inputs)
        case e.RunTargetSet():
            return means(event, facts=run.run_target_set, path=path.target)
        case e.RunPrioritySet():
            return means(event, facts=run.run_priority_set)
        case e.RunLinked():
            return means(event, facts=run.run_linked)
        case e.RunRanked():
            return means(event, facts=run.run_ranked)
        case e.RoleAssigned():
            return means(event, facts=run.role_assigned)
        case (
            e.GuestAddressChanged()
            | e.GuestAddressConfirmed()
            | e.GuestLinksRevoked()
            | e.GuestLinksAllowed()
        ):
            return means(event)
        case e.RunCommented():
            return means(event, facts=run.run_commented)
        case e.AttachmentAdded():
            return means(event, values=values.attached)
        case e.AttachmentRemoved():
            return means(event, values=values.detached)
        case e.StageOverridden():
            return means(event, facts=run.stage_overridden, path=path.overridden)
        case e.StageOverrideCleared():
            return means(event, facts=run.override_cleared)
        case _:
            return _of_step(event)


def _of_step(event: e.AnyStepEvent | e.AnyActionEvent) -> Meaning:  # noqa: C901, PLR0911 - one closed match
    """What brings a step into another state."""
    match event:
        case e.StepBecameReady():
            return means(
                event, facts=run.step_became_ready, times=times.step_became_ready, path=path.ready,
                trail=trail.step_ready, mark="ready",
            )  # fmt: skip
        case e.StepStarted():
            return means(
                event, facts=run.step_started, times=times.step_started, path=path.begun, trail=trail.step_started,
                mark="started",
            )  # fmt: skip
        case e.StepCompleted():
            return means(
                event, facts=run.step_completed, times=times.step_completed, values=values.completed, path=path.done,
                trail=trail.step_completed, mark="completed",
            )  # fmt: skip
        case e.StepSkipped():
            return means(
                event, facts=run.step_skipped, times=times.step_closed, path=path.skipped, trail=trail.skipped,
                mark="skipped",
            )  # fmt: skip
        case e.StepCancelled():
            return means(
                event, facts=run.step_cancelled, times=times.step_closed, path=path.step_cancelled,
                trail=trail.step_cancelled, mark="cancelled",
            )  # fmt: skip
        case e.StepFailed():
            return means(
                event, facts=run.step_failed, times=times.step_closed, path=path.failed, mark="failed"
            )
        case e.StepRelocked():
            return means(
                event, facts=run.step_relocked, times=times.step_relocked, path=path.relocked, mark="relocked"
            )  # fmt: skip
        case e.StepReopened():
            return means(
                event, facts=run.step_reopened, times=times.step_reopened, path=path.again, mark="reopened"
            )  # fmt: skip
        case e.StepBecameNotApplicable():
            return means(
                event, facts=run.step_not_applicable, times=times.step_closed, path=path.not_applicable,
                mark="not_applicable",
            )  # fmt: skip
        case e.StepBecameApplicable():
            return means(
                event, facts=run.step_applicable, times=times.step_applicable, path=path.applies_again,
                mark="applicable",
            )  # fmt: skip
        case _:
            return _beside_step(event)


def _beside_step(event: e.StepDetail | e.AnyActionEvent) -> Meaning:  # noqa: C901, PLR0911, PLR0912 - one closed match
    """What else is said of a step: whose it is, its times, what was judged, who helps."""
    match event:
        case e.StepAssigned():
            return means(event, facts=run.step_assigned, times=times.step_assigned, trail=trail.assigned)
        case e.StepDueSet():
            return means(event, facts=run.step_due_set, times=times.step_due_set, path=path.due_set)
        case e.StepBecameOverdue():
            return means(event, facts=run.step_overdue, times=times.step_became_overdue)
        case e.StepReminderRaised():
            return means(event, facts=run.step_reminded, times=times.step_reminder_raised)
        case e.StepEscalated():
            return means(event, times=times.step_escalated)
        case e.StepWaitTimedOut():
            return means(event, times=times.step_wait_timed_out)
        case e.StepValuesSaved():
            return means(event, facts=run.step_values_saved, values=values.saved)
        case e.ApprovalGiven():
            return means(event, facts=run.approval_given)
        case e.ApprovalRefused():
            return means(event, path=path.refused, mark="refused")
        case e.DecisionVoided():
            return means(event, facts=run.decision_voided)
        case e.StepEvidenceQuestioned():
            return means(event, facts=run.step_questioned)
        case e.HelpRequested():
            return means(event, facts=run.help_requested)
        case e.HelpCleared():
            return means(event, facts=run.help_cleared)
        case _:
            return _of_machine(event)


def _of_machine(event: e.AnyActionEvent) -> Meaning:  # noqa: PLR0911 - one closed match
    """What the machine does for a run. Who waits for an event from outside is told by the definition."""
    match event:
        case e.ActionStarted():
            return means(event, facts=run.action_started, actions=actions.changed)
        case e.IncidentOpened():
            return means(event, facts=run.incident_opened, actions=actions.changed)
        case e.IncidentResolved():
            return means(event, facts=run.incident_resolved, actions=actions.changed)
        case (
            e.ActionQueued()
            | e.ActionSucceeded()
            | e.ActionReachedNobody()
            | e.ActionFailed()
            | e.ActionBecameUncertain()
            | e.ActionWithdrawn()
        ):
            return means(event, actions=actions.changed)
        case e.ExternalEventReceived():
            return means(event)
        case e.ChildRunStarted():
            return means(event, actions=actions.child_started)
        case e.ChildRunEnded():
            return means(event, actions=actions.child_ended, reopenings=reopenings.child_ended)
        case e.ChildRunReopened():
            return means(event, actions=actions.child_reopened)
        case _:
            assert_never(event)


MEANINGS: Mapping[type[e.Event], Meaning] = {
    kind: meaning(kind.model_construct()) for kind in get_args(e.AnyRunStreamEvent)
}
"""Asked with an empty event of each class, since the class is all that counts."""


def _fold(view: str, make: Callable[[], Any]) -> Fold:
    handlers = {kind: getattr(found, view) for kind, found in MEANINGS.items()}
    return Fold(f"run_{view}", make, {kind: handler for kind, handler in handlers.items() if handler})


RUN_FACTS = _fold("facts", RunFacts)
RUN_TIMES = _fold("times", RunTimes)
RUN_VALUES = _fold("values", RunValues)
RUN_PATH = _fold("path", RunPath)
RUN_TRAIL = _fold("trail", RunTrail)
RUN_ACTIONS = _fold("actions", RunActions)
RUN_REOPENINGS = _fold("reopenings", Reopenings)
