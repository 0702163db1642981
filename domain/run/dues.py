"""When the steps of a run are due, and how that moves while the run goes on."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from domain.definition import Definition, anchor_name
from domain.document import Anchor, AnchorField, AnchorStageEntered, AnchorStepDone, AnchorStepReady
from domain.events import StepDueSet
from domain.run.state import Run
from domain.run.work import Work
from domain.schedule import Calendar, due_at
from domain.words import StageKey, StepKey


def rule_due(run: Run, definition: Definition, step: StepKey, calendar: Calendar) -> datetime | None:
    """When the step is due by its rule; None without a rule or while the rule's anchor is not set."""
    due = definition.steps[step].due
    return (
        None if due is None else due_at(due, lambda anchor: anchor_value(run, definition, anchor), calendar)
    )


def anchor_value(run: Run, definition: Definition, anchor: Anchor) -> datetime | date | None:
    """The instant or day that an anchor stands for in this run; None while it is not set."""
    match anchor:
        case "run_start":
            return run.started_at
        case "run_target":
            return run.target_at
        case AnchorField(field=path):
            return moment(run.values.get(path))
        case AnchorStepReady(step_ready=step):
            return run.step(step).ready_at
        case AnchorStepDone(step_done=step):
            return run.step(step).done_at
        case AnchorStageEntered(stage_entered=stage):
            return _stage_entered(run, definition, stage)


def moment(value: object) -> datetime | date | None:
    """The date or instant that a field's text stands for; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        pass
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else instant.date()


def redue(work: Work) -> None:
    """Set the dues of open steps anew where an anchor of theirs changed; a manual due stays."""
    if work.run.ended:
        return
    for name in sorted(work.anchors & work.definition.anchored.keys()):
        for step in work.definition.anchored[name]:
            _set_anew(work, step, name)
    work.anchors.clear()


def set_by_rule(work: Work, step: StepKey, cause: str) -> None:
    """Let the rule say when the step is due, if that changes anything."""
    due = rule_due(work.run, work.definition, step, work.calendar)
    now = work.run.step(step)
    if due != now.due_at or now.due_source == "manual":
        work.on(StepDueSet, step, due_at=due, source="rule", cause=cause, calendar=work.calendar.name)


def shift_open(work: Work, paused: timedelta) -> None:
    """Move every open due by the working time that the run was paused."""
    for key, step in list(work.run.steps.items()):
        if step.is_open and step.due_at is not None and paused:
            due = work.calendar.later(step.due_at, paused)
            source = step.due_source or "rule"
            work.on(
                StepDueSet, key, due_at=due, source=source, cause="run_resumed", calendar=work.calendar.name
            )


def depends_on(work: Work, step: StepKey) -> str:
    """The name of the anchor that the step's due is counted from, or why it has none."""
    due = work.definition.steps[step].due
    return "no_rule" if due is None else anchor_name(due.anchor)


def _set_anew(work: Work, step: StepKey, cause: str) -> None:
    now = work.run.step(step)
    if now.is_open and now.due_source != "manual":
        set_by_rule(work, step, cause)


def _stage_entered(run: Run, definition: Definition, stage: StageKey) -> datetime | None:
    entered = (run.step(step).first_ready_at for step in definition.steps_of.get(stage, ()))
    return min((instant for instant in entered if instant is not None), default=None)
