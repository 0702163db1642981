"""How each event of a step changes its state: total on everything ever stored, in whatever order it came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, assert_never

from domain import events as e
from domain.run.state import AskedAnew, Help, StepState, StepWord, altered
from domain.words import Actor, Assignee

NO_TIME = timedelta()
REPEAT = "repeat"
"""The outcome of an attempt that asks for another one."""


def evolve_step(step: StepState, event: e.AnyStepEvent) -> StepState:  # noqa: C901, PLR0911, PLR0912 - one closed match
    """The step after an event of its own."""
    match event:
        case e.StepBecameReady():
            return _ready(step, event)
        case e.StepCompleted():
            return _step_done(step, event)
        case e.StepStarted():
            return _step_begun(step, event)
        case e.StepValuesSaved():
            return _saved(step, event)
        case e.StepAssigned():
            return _assigned(step, event)
        case e.StepDueSet():
            return _due_set(step, event)
        case e.StepRelocked():
            return _relocked(step, event)
        case e.StepReopened():
            return _step_reopened(step, event)
        case e.StepSkipped():
            return _skipped(step, event)
        case e.StepBecameNotApplicable():
            return _not_applicable(step, event)
        case e.StepBecameApplicable():
            return _applicable(step, event)
        case e.StepFailed():
            return _failed(step, event)
        case e.StepCancelled():
            return _cancelled_step(step, event)
        case e.StepEvidenceQuestioned():
            return _questioned(step, event)
        case e.ApprovalGiven() | e.ApprovalRefused() | e.DecisionVoided():
            return _judged(step, event)
        case e.StepBecameOverdue() | e.StepReminderRaised() | e.StepEscalated() | e.StepWaitTimedOut():
            return _rung(step, event)
        case e.HelpRequested():
            return _help(step, event)
        case e.HelpCleared():
            return altered(step, help=None)
        case _:
            assert_never(event)


def _judged(step: StepState, event: e.ApprovalGiven | e.ApprovalRefused | e.DecisionVoided) -> StepState:
    match event:
        case e.ApprovalGiven():
            return _approved(step, event)
        case e.ApprovalRefused():
            return _refused(step, event)
        case e.DecisionVoided():
            return _decision_voided(step, event)
        case _:
            assert_never(event)


def _rung(
    step: StepState, event: e.StepBecameOverdue | e.StepReminderRaised | e.StepEscalated | e.StepWaitTimedOut
) -> StepState:
    """An instant came at which the timer had something to do."""
    match event:
        case e.StepBecameOverdue():
            return altered(step, overdue=event.due_at)
        case e.StepReminderRaised():
            return _without(step, event.alarm)
        case e.StepEscalated():
            return _without(step, "escalation")
        case e.StepWaitTimedOut():
            return _timed_out(step, event)
        case _:
            assert_never(event)


def with_one(known: tuple[Any, ...], one: Any) -> tuple[Any, ...]:
    """These and one more, each of them once."""
    return known if one is None or one in known else (*known, one)


def _before(step: StepState, event: Any) -> StepWord | None:
    """What the step was before migrations moved it: known while nothing else has."""
    return (step.before or step.state) if event.cause == "migration" else None


def _ready(step: StepState, event: e.StepBecameReady) -> StepState:
    manual = step.due_source == "manual"
    return altered(
        step,
        state="ready",
        round=event.round,
        assignee=event.assignee,
        assigned_by_hand=step.assigned_by_hand and event.assignee is not None,
        ready_at=event.at,
        first_ready_at=step.first_ready_at or event.at,
        due_at=event.due_at,
        due_source="manual" if manual else "rule" if event.due_at else None,
        alarms=event.alarms,
        shift=NO_TIME,
        before=_before(step, event),
    )


def _relocked(step: StepState, event: e.StepRelocked) -> StepState:
    """A new round of an approval forgets who agreed; a step that only waits again keeps everything."""
    fresh = event.round != step.round
    return altered(
        step,
        state="locked",
        round=event.round,
        approvals=() if fresh else step.approvals,
        decided=None if fresh else step.decided,
        about=() if fresh else step.about,
        doers=() if fresh else step.doers,
        contributors=_all_doers(step) if fresh else step.contributors,
        help=_over(step) if fresh else step.help,
        alarms={},
        before=_before(step, event),
        reopened=step if fresh and step.approvals and event.cause == "migration" else step.reopened,
    )


def _all_doers(step: StepState) -> tuple[Actor, ...]:
    return tuple(dict.fromkeys((*step.contributors, *step.doers)))


def _assigned(step: StepState, event: e.StepAssigned) -> StepState:
    """A step that goes back to the group it was claimed from is the role's again."""
    back = event.assignee is not None and event.assignee == step.claimed_from
    by_hand = event.cause == "user" and event.assignee is not None and not back
    claimed = _claimed_from(step, event.assignee)
    return altered(step, assignee=event.assignee, assigned_by_hand=by_hand, claimed_from=claimed)


def _claimed_from(step: StepState, assignee: Assignee | None) -> Assignee | None:
    """The group that a person has the step from; handing it on to another person does not change that."""
    if assignee is None or assignee.startswith("group:"):
        return None
    former = step.assignee
    return former if former is not None and former.startswith("group:") else step.claimed_from


_COUNTED_ON = frozenset({"calendar_changed", "run_resumed", "migration"})
"""Causes that count a due anew, or on, from where it was counted before."""


def _due_set(step: StepState, event: e.StepDueSet) -> StepState:
    moves = step.due_moves + (step.due_at is not None and event.due_at != step.due_at)
    source = event.source if event.due_at is not None or event.source == "manual" else None
    counted_on = event.cause in _COUNTED_ON or (event.cause == "user" and event.source == "rule")
    return altered(
        step,
        due_at=event.due_at,
        due_source=source,
        due_set_at=step.due_set_at if counted_on else event.at,
        due_moves=moves,
        alarms=step.alarms if event.alarms is None else event.alarms,
        shift=step.shift if event.shift_seconds is None else timedelta(seconds=event.shift_seconds),
    )


def _saved(step: StepState, event: e.StepValuesSaved) -> StepState:
    """Values of a step under way are its draft; values that arrive for a done step count at once."""
    doers = step.doers if event.cause == "migration" else with_one(step.doers, event.by)
    notes = {**step.notes, **event.replaced} if event.replaced else step.notes
    if step.state != "done":
        return altered(step, draft={**step.draft, **event.values}, doers=doers, notes=notes)
    return altered(step, doers=doers, notes=notes)


def _step_begun(step: StepState, event: e.StepStarted) -> StepState:
    return altered(step, state="in_progress", round=max(step.round, event.round), before=None)


def _step_done(step: StepState, event: e.StepCompleted) -> StepState:
    """In an imported log an earlier round may be the last to end: what is done again comes after all of them."""
    return altered(
        step,
        state="done",
        round=max(step.round, event.round),
        done_at=event.at,
        done_by=event.by,
        doers=with_one(step.doers, event.by),
        outcome=event.outcome,
        draft={},
        help=_over(step),
        evidence=True,
        alarms={},
        before=None,
        reopened=None,
        kept=False,
        asked_anew=None,
        last_end="done",
        **_decided(step, event),
    )


def _decided(step: StepState, event: e.StepCompleted | e.StepFailed) -> dict[str, Any]:
    """What was decided on; an approval was given, or refused, on what its own events say."""
    return {"decided": event.content_sha256 or step.decided, "about": event.about or step.about}


def _over(step: StepState) -> Help | None:
    """Nobody waits any more for help with a step that ended, or that begins anew."""
    return step.help if step.help is None or step.help.over else replace(step.help, over=True)


def _step_reopened(step: StepState, event: e.StepReopened) -> StepState:
    return altered(
        step,
        state="locked",
        round=event.round,
        asking=step.asking + (event.cause != "rule" or step.outcome != REPEAT),
        doers=(),
        contributors=_all_doers(step),
        approvals=(),
        decided=None,
        about=(),
        refused=None,
        evidence=False,
        help=_over(step),
        wanted=event.cause in ("user", "migration"),
        before=None,
        reopened=step if event.cause == "migration" else None,
        kept=False,
        added_later=False,
        outcome=None,
        done_by=None,
        skipped_by=None,
        questioned=(),
        doubted=(),
        overdue=None,
        alarms={},
        due_at=step.due_at if step.due_source == "manual" else None,
        due_source=step.due_source if step.due_source == "manual" else None,
    )


def _applicable(step: StepState, event: e.StepBecameApplicable) -> StepState:
    if event.restored and step.reopened is not None:
        return _as_it_was(step.reopened)
    state: StepWord = "done" if step.evidence else "locked"
    return altered(
        step,
        state=state,
        last_end=_last_end(step, event, "done") if step.evidence else step.last_end,
        before=_before(step, event),
        added_later=False,
        alarms={},
    )


def _as_it_was(step: StepState) -> StepState:
    """A step that had ended has, however it had; one on which some had agreed waits for the others again."""
    if step.is_open or step.state == "locked":
        return altered(step, state="locked", alarms={}, before=step.before or step.state)
    return altered(step, alarms={})


def _not_applicable(step: StepState, event: e.StepBecameNotApplicable) -> StepState:
    before = None if event.added_later else _before(step, event)
    asked = step.help if event.cause == "migration" else _over(step)
    return altered(
        step,
        state="not_applicable",
        last_end=_last_end(step, event, "not_applicable"),
        before=before,
        added_later=event.added_later,
        alarms={},
        help=asked,
    )


def _last_end(step: StepState, event: Any, end: StepWord) -> StepWord | None:
    """How the step ended last. What another version sets aside, or takes back, brings nothing else by that."""
    return step.last_end if event.cause == "migration" else end


def _cancelled_step(step: StepState, event: e.StepCancelled) -> StepState:
    asked = step.help if event.cause == "migration" else _over(step)
    return altered(step, state="cancelled", before=_before(step, event), alarms={}, help=asked)


def _failed(step: StepState, event: e.StepFailed) -> StepState:
    doers = with_one(step.doers, event.by)
    return altered(
        step,
        state="failed",
        outcome=event.outcome,
        done_at=event.at,
        doers=doers,
        alarms={},
        before=None,
        help=_over(step),
        **_decided(step, event),
    )


def _questioned(step: StepState, event: e.StepEvidenceQuestioned) -> StepState:
    if event.cause == "migration":
        return altered(step, doubted=with_one(step.doubted, event.reopened))
    return altered(step, questioned=with_one(step.questioned, event.reopened))


def _help(step: StepState, event: e.HelpRequested) -> StepState:
    return altered(step, help=Help(event.reason, event.waiting_on, event.until, event.cause))


def _refused(step: StepState, event: e.ApprovalRefused) -> StepState:
    return altered(
        step,
        refused=(event.by, event.reason),
        approvals=(),
        decided=event.content_sha256,
        about=event.about,
    )


def _approved(step: StepState, event: e.ApprovalGiven) -> StepState:
    about = tuple(dict.fromkeys((*step.about, *event.about)))
    agreed = with_one(step.approvals, event.by)
    return altered(step, approvals=agreed, decided=event.content_sha256 or step.decided, about=about)


def _decision_voided(step: StepState, event: e.DecisionVoided) -> StepState:
    why = AskedAnew(event.changed, event.decided_sha256, event.present_sha256)
    return altered(step, approvals=(), decided=None, about=(), asked_anew=why)


def _skipped(step: StepState, event: e.StepSkipped) -> StepState:
    return altered(
        step,
        state="skipped",
        last_end="skipped",
        skipped_by=event.by,
        asked_anew=None,
        alarms={},
        before=None,
        help=_over(step),
    )


def _timed_out(step: StepState, event: e.StepWaitTimedOut) -> StepState:
    """A wait that was flagged at its instant, because it cannot end by itself, is not flagged again for it."""
    return _without(step, "until") if step.alarms.get("until") == event.due_at else step


def _without(step: StepState, alarm: str) -> StepState:
    return altered(step, alarms={name: at for name, at in step.alarms.items() if name != alarm})
