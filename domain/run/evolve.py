"""How each event changes the state of a run: total on everything ever stored, in whatever order it came."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from domain import events as e
from domain.run.evolve_action import ACTION_EVENTS, evolve_actions, evolve_children, evolve_received
from domain.run.evolve_migrated import evolve_migrated
from domain.run.evolve_step import evolve_step, with_one
from domain.run.state import Attachment, Run, StepState, altered
from domain.words import StepKey

_BLANK = Run()


def evolve(run: Run | None, event: e.AnyRunEvent | e.AnyStepEvent | e.AnyActionEvent) -> Run:
    """The run after the event. It never raises: imported facts need not obey any rule."""
    run = run or _BLANK
    if not isinstance(event, e.StepEvent):
        return _RUN[type(event)](run, event)
    values = completed_values(run, event)
    steps = dict(run.steps)
    steps[event.step] = evolve_step(run.step(event.step), event)
    return altered(run, steps=steps, values={**run.values, **values} if values else run.values)


def evolve_all(
    run: Run | None, events: Iterable[e.AnyRunEvent | e.AnyStepEvent | e.AnyActionEvent]
) -> Run | None:
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

    def take(self, run: Run, event: e.Event) -> Run:
        if not isinstance(event, e.StepEvent):
            return _RUN[type(event)](run, event)
        changed = completed_values(run, event)
        if run.steps is not self.steps or (changed and run.values is not self.values):
            run = self._copied(run)
        self.values.update(changed)
        self.steps[event.step] = evolve_step(run.step(event.step), event)
        return run

    def _copied(self, run: Run) -> Run:
        self.steps, self.values = dict(run.steps), dict(run.values)
        return altered(run, steps=self.steps, values=self.values)


def completed_values(run: Run, event: e.StepEvent) -> dict[str, Any]:
    """The fields, by path, that count from this event on: a draft does when its step is completed."""
    if isinstance(event, e.StepCompleted):
        return _paths(event.step, {**run.step(event.step).draft, **event.values})
    if isinstance(event, e.StepValuesSaved) and run.step(event.step).state == "done":
        return _paths(event.step, event.values)
    return {}


# --- the run as a whole ---


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


def _role_assigned(run: Run, event: e.RoleAssigned) -> Run:
    roles = {role: who for role, who in run.roles.items() if role != event.role}
    if event.assignee is not None:
        roles[event.role] = event.assignee
    return altered(run, roles=roles)


def _completed(run: Run, event: e.RunCompleted) -> Run:
    return altered(run, state="completed", outcome=event.outcome, ended_at=event.at, paused_at=None)


def _ended_early(run: Run, event: e.RunEndedEarly) -> Run:
    return altered(run, state="ended_early", outcome=event.outcome, ended_at=event.at, paused_at=None)


def _cancelled(run: Run, event: e.RunCancelled) -> Run:
    return altered(run, state="cancelled", ended_at=event.at, paused_at=None)


def _reopened(run: Run, _event: e.RunReopened) -> Run:
    return altered(run, state="running", outcome=None, ended_at=None, reopenings=run.reopenings + 1)


def _paused(run: Run, event: e.RunPaused) -> Run:
    return run if run.ended else altered(run, state="paused", paused_at=event.at)


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


_RUN: dict[type[e.Event], Callable[[Run, Any], Run]] = {
    e.RunStarted: _started,
    e.RunInputsChanged: _inputs_changed,
    e.RunTargetSet: lambda run, event: altered(run, target_at=event.target_at),
    e.RunPrioritySet: lambda run, event: altered(
        run,
        priority=event.priority,
        priority_set="rule" if event.cause == "rule" else run.priority_set and "user",
    ),
    e.RunLinked: lambda run, event: altered(run, project=event.project),
    e.RunRanked: lambda run, event: altered(run, rank=event.rank),
    e.RunPaused: _paused,
    e.RunResumed: _resumed,
    e.RunCompleted: _completed,
    e.RunEndedEarly: _ended_early,
    e.RunCancelled: _cancelled,
    e.RunReopened: _reopened,
    e.RoleAssigned: _role_assigned,
    e.RunCommented: lambda run, event: altered(run, comments=run.comments | {event.comment}),
    e.RunMigrated: evolve_migrated,
    **dict.fromkeys(ACTION_EVENTS, evolve_actions),
    e.ExternalEventReceived: evolve_received,
    e.ChildRunStarted: evolve_children,
    e.ChildRunEnded: evolve_children,
    e.ChildRunReopened: evolve_children,
    e.AttachmentAdded: _attached,
    e.AttachmentRemoved: _detached,
    e.StageOverridden: lambda run, event: altered(
        run, stage_override=event.stage, override_from=event.from_stage
    ),
    e.StageOverrideCleared: lambda run, _event: altered(run, stage_override=None, override_from=None),
}


def _paths(owner: str, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{owner}.{key}": value for key, value in values.items()}
