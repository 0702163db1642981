"""The alarms of a step: at which instants the timer has to do something about it, by the name of what it does.

Computed once, in the decision that makes the step ready or sets its due anew, and recorded there: a replay never
moves them. ``reminder:1`` … are the step's own reminders, else (for a person's step) the document's, in their order;
``escalation``, ``skip`` and ``until`` are what the process says of being overdue and of waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from domain.comparing import moment
from domain.definition import Definition
from domain.document import (
    AUTOMATIC,
    Anchor,
    AnchorField,
    AnchorStageEntered,
    AnchorStepDone,
    AnchorStepReady,
    Due,
    Offset,
    Reminder,
    Step,
)
from domain.run.state import Run, StepState
from domain.schedule import Calendar, after, due_at, is_event
from domain.words import RoleKey, StageKey, StepKey

Alarms = dict[str, datetime]

OVERDUE, ESCALATION, SKIP, UNTIL = "overdue", "escalation", "skip", "until"
REMINDER = "reminder:"
LASTING = frozenset({SKIP, UNTIL})
"""Alarms that change the step itself: one whose instant is past when it is set is not dropped but comes at once."""
ACTS_WHEN_DUE = frozenset({"email", "http", "run"})
"""Kinds of steps whose due says when the machine acts, which is no limit that anybody could miss."""


def instants(
    run: Run,
    definition: Definition,
    step: StepKey,
    due: datetime | None,
    shift: timedelta,
    calendar: Calendar,
) -> Alarms:
    """Every alarm that the process gives the step for this due, past ones too; ``shift``: see ``StepState``.

    The step's readiness has to be in ``run``. An imported run reminds nobody and calls for nobody. No approval and no
    gate is set aside by time, whatever a version published before said.
    """
    known = definition.steps[step]
    put_back = _put_back(calendar, shift)
    found = {} if run.imported else _calls(run, definition, step, due, put_back, calendar)
    decides = known.kind == "approval" or known.gate is not None
    if due is not None and known.overdue is not None and known.overdue.skip_after is not None and not decides:
        found[SKIP] = after(due, known.overdue.skip_after, calendar)
    if known.wait is not None and known.wait.until is not None:
        until = rule_instant(run, definition, known.wait.until, calendar, run.step(step).ready_at)
        found[UNTIL] = put_back(until)
    return {name: instant for name, instant in found.items() if instant is not None}


def ahead(found: Alarms, at: datetime) -> Alarms:
    """What of these alarms is set at this instant: those still to come, and those that change the step."""
    return {name: instant for name, instant in found.items() if instant > at or name in LASTING}


def from_due(definition: Definition, known: Step) -> frozenset[str]:
    """The names of the step's alarms that are counted from its due."""
    ladder = enumerate(reminders_of(definition, known), 1)
    named = {f"{REMINDER}{number}" for number, reminder in ladder if reminder.counted_from == "due"}
    return frozenset({*named, ESCALATION, SKIP})


def can_be_overdue(kind: str) -> bool:
    """Whether the due of a step of this kind is a limit, and not the instant at which the machine acts."""
    return kind not in ACTS_WHEN_DUE


def ends_at_due(now: StepState) -> bool:
    """Whether time itself ends the open wait at its due or before, which is therefore no limit to miss."""
    return now.due_at is not None and UNTIL in now.alarms and now.alarms[UNTIL] <= now.due_at


def reminders_of(definition: Definition, known: Step) -> tuple[Reminder, ...]:
    """The step's own reminders, else those that the document has for every step of a person."""
    if known.reminders or known.kind in AUTOMATIC:
        return known.reminders
    return definition.document.reminders


def lead_of(definition: Definition, known: Step) -> RoleKey | None:
    """The role that hears of what is overdue for too long: the lead of the step's role."""
    role = None if known.role is None else definition.roles.get(known.role)
    return None if role is None else role.lead


def rule_instant(
    run: Run, definition: Definition, rule: Due, calendar: Calendar, ready_at: datetime | None = None
) -> datetime | None:
    """The instant that a rule gives in this run; None while its anchor is not set.

    The clock stood still in every pause between the anchor and ``ready_at`` (None: not ready yet) that began before
    what is due had passed. A date that somebody gave stays that date.
    """
    anchor = anchor_value(run, definition, rule.anchor)
    found = due_at(rule, lambda _: anchor, calendar)
    if found is None or not isinstance(anchor, datetime) or not is_event(rule.anchor):
        return found
    for begun_at, over_at in run.pauses:
        if anchor < over_at and begun_at < found and (ready_at is None or over_at <= ready_at):
            found = calendar.later(found, calendar.working_time(max(begun_at, anchor), over_at))
    return found


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


_PutBack = Callable[["datetime | None"], "datetime | None"]


def _put_back(calendar: Calendar, shift: timedelta) -> _PutBack:
    """Moves an instant by the working time that the run was paused."""
    return lambda instant: instant if instant is None or not shift else calendar.later(instant, shift)


def _calls(
    run: Run,
    definition: Definition,
    step: StepKey,
    due: datetime | None,
    put_back: _PutBack,
    calendar: Calendar,
) -> dict[str, datetime | None]:
    """The alarms that only speak to people: reminders, and at last the lead of the step's role."""
    known, ready_at = definition.steps[step], run.step(step).ready_at
    found: dict[str, datetime | None] = {}
    for number, reminder in enumerate(reminders_of(definition, known), 1):
        if reminder.counted_from == "due":
            found[f"{REMINDER}{number}"] = _from(due, reminder, calendar)
        else:
            found[f"{REMINDER}{number}"] = put_back(_from(ready_at, reminder, calendar))
    wanted = definition.document.escalate_after
    if wanted is not None and known.kind not in AUTOMATIC and lead_of(definition, known) is not None:
        found[ESCALATION] = _from(due, wanted, calendar)
    return found


def _from(instant: datetime | None, offset: Offset, calendar: Calendar) -> datetime | None:
    return None if instant is None else after(instant, offset, calendar)


def _stage_entered(run: Run, definition: Definition, stage: StageKey) -> datetime | None:
    entered = (run.step(step).first_ready_at for step in definition.steps_of.get(stage, ()))
    return min((instant for instant in entered if instant is not None), default=None)
