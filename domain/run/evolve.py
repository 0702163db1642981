"""How each event changes the state of a run: total on everything ever stored, in whatever order it came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, assert_never

from domain import events as e
from domain.run.evolve_action import evolve_actions, evolve_children, evolve_received
from domain.run.evolve_migrated import evolve_migrated
from domain.run.evolve_step import evolve_step, with_one
from domain.run.state import Attachment, Run, StepState, altered
from domain.words import StepKey

_BLANK = Run()


def evolve(run: Run | None, event: e.AnyRunStreamEvent) -> Run:
    """The run after the event. It never raises: imported facts need not obey any rule."""
    run = run or _BLANK
    if not isinstance(event, e.StepEvent):
        return _of_run(run, event)
    values = completed_values(run, event)
    steps = dict(run.steps)
    steps[event.step] = evolve_step(run.step(event.step), event)
    return altered(run, steps=steps, values={**run.values, **values} if values else run.values)


def evolve_all(run: Run | None, events: Iterable[e.AnyRunStreamEvent]) -> Run | None:
    """The run after these events, as ``evolve`` gives it one by one; steps and values are copied once only."""
    own = _Own({}, {})
    for event in events:
        run = evolve(run, event) if run is None else own.take(run, event)
    return run


@dataclass(slots=True)
class _Own:
    """The steps and values that this fold made, which nobody else has seen: they are changed in place."""

    steps: dict[StepKey, StepState]
    values: dict[str, Any]

    def take(self, run: Run, event: e.AnyRunStreamEvent) -> Run:
        if not isinstance(event, e.StepEvent):
            return _of_run(run, event)
        changed = completed_values(run, event)
        if run.steps is not self.steps or (changed and run.values is not self.values):
            run = self._copied(run)
        self.values.update(changed)
        self.steps[event.step] = evolve_step(run.step(event.step), event)
        return run

    def _copied(self, run: Run) -> Run:
        self.steps, self.values = dict(run.steps), dict(run.values)
        return altered(run, steps=self.steps, values=self.values)


def completed_values(run: Run, event: e.AnyStepEvent) -> dict[str, Any]:
    """The fields, by path, that count from this event on: a draft does when its step is completed."""
    if isinstance(event, e.StepCompleted):
        return _paths(event.step, {**run.step(event.step).draft, **event.values})
    if isinstance(event, e.StepValuesSaved) and run.step(event.step).state == "done":
        return _paths(event.step, event.values)
    return {}


# --- the run as a whole ---


def _of_run(run: Run, event: e.AnyRunEvent | e.AnyActionEvent) -> Run:  # noqa: C901, PLR0911, PLR0912 - one closed match
    match event:
        case e.RunStarted():
            return _started(run, event)
        case e.RunInputsChanged():
            return _inputs_changed(run, event)
        case e.RunTargetSet():
            return altered(run, target_at=event.target_at)
        case e.RunPrioritySet():
            return _priority_set(run, event)
        case e.RunLinked():
            return altered(run, project=event.project)
        case e.RunRanked():
            return altered(run, rank=event.rank)
        case (
            e.RunPaused()
            | e.RunResumed()
            | e.RunReopened()
            | e.RunCompleted()
            | e.RunEndedEarly()
            | e.RunCancelled()
        ):
            return _becomes(run, event)
        case e.RoleAssigned():
            return _role_assigned(run, event)
        case e.GuestAddressChanged():
            known = {event.role: event.before, **run.guest_addresses}
            return altered(run, guest_addresses=known)
        case e.GuestAddressConfirmed():
            return altered(run, guest_addresses={**run.guest_addresses, event.role: event.address})
        case e.GuestLinksRevoked():
            revoked = {**run.links_revoked, event.role: run.links_revoked.get(event.role, 0) + 1}
            return altered(run, links_revoked=revoked, links_barred=run.links_barred | {event.role})
        case e.GuestLinksAllowed():
            return altered(run, links_barred=run.links_barred - {event.role})
        case e.RunCommented():
            return altered(run, comments=run.comments | {event.comment})
        case e.RunMigrated():
            return evolve_migrated(run, event)
        case e.AttachmentAdded():
            return _attached(run, event)
        case e.AttachmentRemoved():
            return _detached(run, event)
        case e.StageOverridden():
            return altered(run, stage_override=event.stage, override_from=event.from_stage)
        case e.StageOverrideCleared():
            return altered(run, stage_override=None, override_from=None)
        case e.ExternalEventReceived():
            return evolve_received(run, event)
        case e.ChildRunStarted() | e.ChildRunEnded() | e.ChildRunReopened():
            return evolve_children(run, event)
        case _:
            return evolve_actions(run, event)


def _becomes(
    run: Run,
    event: e.RunPaused | e.RunResumed | e.RunReopened | e.RunCompleted | e.RunEndedEarly | e.RunCancelled,
) -> Run:
    match event:
        case e.RunPaused():
            return run if run.ended else altered(run, state="paused", paused_at=event.at)
        case e.RunResumed():
            return _resumed(run, event)
        case e.RunReopened():
            return altered(run, state="running", outcome=None, ended_at=None, reopenings=run.reopenings + 1)
        case e.RunCompleted():
            return altered(run, state="completed", outcome=event.outcome, ended_at=event.at, paused_at=None)
        case e.RunEndedEarly():
            return altered(run, state="ended_early", outcome=event.outcome, ended_at=event.at, paused_at=None)
        case e.RunCancelled():
            return altered(run, state="cancelled", ended_at=event.at, paused_at=None)
        case _:
            assert_never(event)


def _started(run: Run, event: e.RunStarted) -> Run:
    return altered(
        run,
        process=event.process,
        process_version=event.process_version,
        name=event.name,
        subject=event.subject,
        project=event.project,
        priority=event.priority,
        target_at=event.target_at,
        test=event.test,
        parent_run=event.parent_run,
        parent_step=event.parent_step,
        started_at=event.at,
        started_by=event.by,
        givers=event.given_by or with_one((), event.by),
        imported=event.imported,
        content_salt=event.content_salt,
        roles={**run.roles, **event.roles},
        inputs=event.inputs,
        values={**run.values, **_paths("inputs", event.inputs)},
    )


def _inputs_changed(run: Run, event: e.RunInputsChanged) -> Run:
    values = {**run.values, **_paths("inputs", event.inputs)}
    givers = with_one(run.givers, event.by) if event.cause == "user" else run.givers
    return altered(run, inputs={**run.inputs, **event.inputs}, values=values, givers=givers)


def _priority_set(run: Run, event: e.RunPrioritySet) -> Run:
    who = "rule" if event.cause == "rule" else run.priority_set and "user"
    return altered(run, priority=event.priority, priority_set=who)


def _role_assigned(run: Run, event: e.RoleAssigned) -> Run:
    roles = {role: who for role, who in run.roles.items() if role != event.role}
    if event.assignee is not None:
        roles[event.role] = event.assignee
    return altered(run, roles=roles)


def _resumed(run: Run, event: e.RunResumed) -> Run:
    if run.ended:
        return run
    over = () if run.paused_at is None else ((run.paused_at, event.at),)
    return altered(run, state="running", paused_at=None, pauses=(*run.pauses, *over))


def _attached(run: Run, event: e.AttachmentAdded) -> Run:
    file = Attachment(event.name, event.media_type, event.size_bytes, event.sha256, event.step)
    return altered(run, attachments={**run.attachments, event.attachment: file})


def _detached(run: Run, event: e.AttachmentRemoved) -> Run:
    known = run.attachments.get(event.attachment)
    if known is None:
        return run
    return altered(run, attachments={**run.attachments, event.attachment: replace(known, removed=True)})


def _paths(owner: str, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{owner}.{key}": value for key, value in values.items()}
