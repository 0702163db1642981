"""What the machine does for a run: the intent before each attempt, its result, and when a person has to decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5

from domain import events as e
from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event
from domain.run.doing import finish_step
from domain.run.entailing import own_action
from domain.run.finishing import lacking
from domain.run.queueing import close_incident, queue, withdraw
from domain.run.state import ActionState, Run, action_key
from domain.run.telling import MIGRATION
from domain.run.values import House
from domain.run.work import Work
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Rejected, RoleKey, StepKey, Values

__all__ = [
    "action_of",
    "action_uncertain",
    "effect_key",
    "fail_action",
    "is_repeatable",
    "may_start",
    "queue",
    "reach_nobody",
    "start_action",
    "succeed_action",
    "withdraw",
]

RETRY_SECONDS: tuple[float, ...] = (1, 5, 30, 120, 600)
"""How long to wait before each further attempt; after the last one somebody has to look."""
JITTER = 0.2
"""The most by which a wait is made longer, as a share of it, so that many failures do not come back as one."""
LONGEST_WAIT = timedelta(hours=1)
"""The longest that a receiver can ask to be left alone before the next attempt."""

Problem = Literal["failed", "uncertain", "not_allowed", "bad_document", "child_cancelled", "no_address"]
_INCIDENTS = UUID("5e1d9a32-3f0b-5c9e-8d0a-7a6f2f1c9b44")
_NO_DUES = Calendar()


def action_of(run: Run, step: StepKey | None, round: int, action: str) -> ActionState:  # noqa: A002 - the event's own word
    """The action; Rejected("unknown_action") when the run has none of this name."""
    found = run.actions.get(action_key(step, round, action))
    if found is None:
        raise Rejected("unknown_action", f"the run has no action {action!r} of {step} in round {round}")
    return found


def may_start(run: Run, action: ActionState, at: datetime) -> bool:
    """Whether an attempt is made by itself now: its instant has come, nobody has to decide, the run is not paused."""
    if run.imported or not action.waits or stands_still(run.state, action.action):
        return False
    return action.next_at is None or action.next_at <= at


def stands_still(state: str, action: str) -> bool:
    """Whether the action waits until its run goes on."""
    return state == "paused" and not action.startswith(MIGRATION)


def start_action(
    run: Run,
    step: StepKey | None,
    round: int,  # noqa: A002 - the event's own word
    action: str,
    *,
    key: str,
    by: Actor,
    at: datetime,
) -> list[Event]:
    """Store the intent to make the next attempt under the idempotency key; nothing when it is not to be made now.

    Only who gets an event back makes the call: nobody else does at the same time.
    """
    now = action_of(run, step, round, action)
    if not may_start(run, now, at):
        return []
    return [
        e.ActionStarted(
            step=step,
            round=round,
            action=action,
            attempt=now.attempt + 1,
            key=key,
            by=by,
            at=at,
        )
    ]


def succeed_action(  # noqa: PLR0913, PLR0917 - the action's name and all that came back
    run: Run,
    definition: Definition,
    step: StepKey | None,
    round: int,  # noqa: A002 - the event's own word
    action: str,
    result: str,
    receipt: str | None = None,
    values: Values | None = None,
    outcome: str | None = None,
    *,
    reason: str | None = None,
    whom: Sequence[str] = (),
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """The other side took it. When it was what the step consists of, the step is done, with these values.

    Values that the step's fields do not take, or that are missing, make the attempt a failure that somebody decides.
    ``whom``, for this ``reason``, did not get a mail that others got.
    """
    now = action_of(run, step, round, action)
    if now.attempt == 0 or now.state in ("succeeded", "unsent", "failed"):
        return []
    work = Work(run, definition, by, at, calendar, directory)
    close_incident(work, now, "let_go", "the answer came after all")
    finishes = step is not None and _is_under_way(work, now)
    wrong = wrong_values(work, step, values or {}) if finishes and step is not None else None
    if wrong is not None:
        _fail(work, now, wrong, None, "failed", receipt)
        return work.events
    work.record(
        e.ActionSucceeded(
            step=step,
            round=round,
            action=action,
            attempt=now.attempt,
            result=result,
            receipt=receipt,
            reason=reason,
            whom=tuple(whom),
            by=by,
            at=at,
        )
    )
    if finishes and step is not None:
        finish_step(work, step, values or {}, outcome)
    return work.events


def fail_action(  # noqa: PLR0913 - the action's name and all that is known of the failure
    run: Run,
    definition: Definition,
    step: StepKey | None,
    round: int,  # noqa: A002 - the event's own word
    action: str,
    reason: str,
    *,
    problem: Problem = "failed",
    permanent: bool = False,
    retry_after: timedelta | None = None,
    receipt: str | None = None,
    jitter: float = 0.0,
    by: Actor,
    at: datetime,
) -> list[Event]:
    """The attempt came to nothing: it is made again by schedule, or somebody has to decide (one incident).

    ``jitter`` is between 0 and 1; ``retry_after`` is what the receiver asked for; ``permanent``: trying is no use.
    """
    now = action_of(run, step, round, action)
    if now.state != "started":
        return []
    work = Work(run, definition, by, at, _NO_DUES)
    retry_at = None if permanent else _retry_at(now, at, jitter, retry_after)
    _fail(work, now, reason, retry_at, problem, receipt)
    return work.events


def reach_nobody(
    run: Run,
    step: StepKey | None,
    round: int,  # noqa: A002 - the event's own word
    action: str,
    reason: str,
    whom: Sequence[str] = (),
    *,
    by: Actor,
    at: datetime,
) -> list[Event]:
    """Nobody whom the mail is for has an address, and all of them find in their inbox what it would have told."""
    now = action_of(run, step, round, action)
    if now.state != "started":
        return []
    return [
        e.ActionReachedNobody(
            step=step,
            round=round,
            action=action,
            attempt=now.attempt,
            reason=reason,
            whom=tuple(whom),
            by=by,
            at=at,
        )
    ]


def action_uncertain(  # noqa: PLR0913 - the action's name and all that is known of the attempt
    run: Run,
    definition: Definition,
    step: StepKey | None,
    round: int,  # noqa: A002 - the event's own word
    action: str,
    reason: str = "the machine stopped between the call and its result",
    *,
    receipt: str | None = None,
    jitter: float = 0.0,
    by: Actor,
    at: datetime,
) -> list[Event]:
    """It is not known whether the attempt had its effect: made again under its key where safe, else an incident."""
    now = action_of(run, step, round, action)
    if now.state != "started":
        return []
    work = Work(run, definition, by, at, _NO_DUES)
    retry_at = _retry_at(now, at, jitter, None) if is_repeatable(definition, now) else None
    work.record(
        e.ActionBecameUncertain(
            step=step,
            round=round,
            action=action,
            attempt=now.attempt,
            reason=reason,
            retry_at=retry_at,
            receipt=receipt,
            by=by,
            at=at,
        )
    )
    if retry_at is None:
        open_incident(work, now, "uncertain", reason)
    return work.events


def effect_key(run_id: UUID, run: Run, action: ActionState) -> str:
    """The idempotency key of the action's next attempt: the same for every attempt at the same thing.

    It names run, step, round and action. What a person changed is another thing, and so is the child run that is
    started in place of one that ended.
    """
    ended = [child for child in run.children.values() if child.ended]
    before = sum((child.step, child.round) == (action.step, action.round) for child in ended)
    again = before if action.kind == "run" else 0
    name = action_key(action.step, action.round, action.action)
    return str(uuid5(run_id, f"{name}/{action.edits}/{again}"))


def is_repeatable(definition: Definition, action: ActionState) -> bool:
    """Whether an attempt with an unknown end can be made again without doubling its effect.

    A child run has an id that follows from the action, a webhook one by which its receiver knows it again
    (Standard Webhooks); a call does by its method (RFC 9110, 9.2.2) or when the process says so; a mail cannot.
    """
    if action.kind != "http" or action.action.startswith("webhook:"):
        return action.kind != "email"
    known = definition.steps.get(action.step) if action.step is not None else None
    if known is None or known.http is None:
        return False
    return known.http.repeatable or known.http.method in ("GET", "PUT", "DELETE")


def open_incident(work: Work, action: ActionState, problem: Problem, reason: str) -> None:
    """Ask somebody to decide; the incident's id follows from the attempt, so that one attempt opens one."""
    key = f"{action.key}:{action.attempt}:{problem}"
    work.record(
        e.IncidentOpened(
            step=action.step,
            round=action.round,
            action=action.action,
            incident=uuid5(_INCIDENTS, key),
            problem=problem,
            reason=reason,
            assignee=decider(work, action.step),
            by=work.by,
            at=work.at,
        )
    )


def _is_under_way(work: Work, action: ActionState) -> bool:
    """Whether the action is what its step consists of, and the step still waits for it."""
    assert action.step is not None
    now, known = work.run.step(action.step), work.definition.steps.get(action.step)
    own = own_action(known, action.step, now.round)
    return now.is_open and own == action_key(action.step, action.round, action.action) and not work.run.ended


def wrong_values(work: Work, step: StepKey, values: Values, house: House | None = None) -> str | None:
    """Why the step cannot be done with these values; None when it can.

    Values of the fields that the step has already count too.
    """
    found = lacking(work, step, values, house)
    if not found:
        return None
    named = [f"{one['field']} ({one['problem']}; accepted: {one['accepted']})" for one in found]
    return f"the answer does not fill the step's fields: {', '.join(named)}"


def _retry_at(
    action: ActionState, at: datetime, jitter: float, retry_after: timedelta | None
) -> datetime | None:
    if action.tries > len(RETRY_SECONDS):
        return None
    wait = timedelta(seconds=RETRY_SECONDS[max(action.tries, 1) - 1] * (1 + JITTER * jitter))
    return at + max(wait, min(retry_after or wait, LONGEST_WAIT))


def _fail(
    work: Work,
    action: ActionState,
    reason: str,
    retry_at: datetime | None,
    problem: Problem,
    receipt: str | None,
) -> None:
    work.record(
        e.ActionFailed(
            step=action.step,
            round=action.round,
            action=action.action,
            attempt=action.attempt,
            reason=reason,
            retry_at=retry_at,
            receipt=receipt,
            by=work.by,
            at=work.at,
        )
    )
    if retry_at is None:
        open_incident(work, action, problem, reason)


def decider(work: Work, step: StepKey | None) -> Assignee | None:
    """Who is asked: whom the process names for it, else whose work the step is, else who started the run."""
    run = work.run
    known = work.definition.steps.get(step) if step is not None else None
    details = None if known is None else known.http or known.run
    named = None if details is None else details.incident_to
    own = None if step is None else run.step(step).assignee
    for who in (run.roles.get(RoleKey(named)) if named else None, own, run.started_by):
        if who is not None and who.startswith(("person:", "group:")):
            return Assignee(who)
    return None
