"""Doing a step: start it, keep values, complete it, sign or decline, set it aside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.definition import Definition
from domain.directory import Directory
from domain.document import AUTOMATIC, Step
from domain.events import (
    Event,
    RunEndedEarly,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepValuesSaved,
)
from domain.run.content import DECISIONS, STATEMENT, decided_on, must_be_in_view
from domain.run.finishing import follow, mark_done, missing_in, present
from domain.run.impartial import impartial, not_judged_by
from domain.run.readiness import cancel_open, settle
from domain.run.state import Run, StepState
from domain.run.values import House, amiss, check, refuse, settled
from domain.run.work import Work, in_hand, in_running, reasoned, step_of
from domain.schedule import Calendar
from domain.words import MACHINE, Actor, Cause, Rejected, StepKey, Values


def start_step(run: Run, definition: Definition, step: StepKey, *, by: Actor, at: datetime) -> list[Event]:
    """Begin to work on a ready step."""
    step_of(definition, step)
    if run.step(step).state == "in_progress":
        return []
    now = in_hand(run, definition, step)
    return [StepStarted(step=step, round=now.round, by=by, at=at)]


def save_values(
    run: Run,
    definition: Definition,
    step: StepKey,
    values: Values,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Keep values before the step is completed; those that are saved already are not saved again.

    Of an approval they are part of what it is about: who has agreed already is asked anew.
    """
    known = step_of(definition, step)
    before = present(run, known, step)
    check(known.fields, values, step, before, House(directory, calendar, at))
    new = settled(values, before)
    if not new:
        return []
    in_hand(run, definition, step)
    impartial(run, definition, known, by)
    work = Work(run, definition, by, at, calendar, directory)
    work.on(StepValuesSaved, step, values=new)
    return settle(work, ()) if run.step(step).approvals else work.events


def complete_step(  # noqa: PLR0913 - what is given, and what the house knows
    run: Run,
    definition: Definition,
    step: StepKey,
    values: Values | None = None,
    outcome: str | None = None,
    content_sha256: str | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Mark a step done; dependents that become ready are announced. Repeating it changes nothing.

    Values saved before count; an approval is given or refused instead, an automatic step is done by a service.
    ``content_sha256``: the hash of what they had in view (None: what it is now); "content_changed" where it is no more.
    """
    known = step_of(definition, step)
    if known.kind in AUTOMATIC and is_person(by):
        raise Rejected(
            "automatic_step", f"{step} is done by the system; do it by hand with a reason", step=step
        )
    if not by.startswith("system:"):
        _not_fixed(known)
    work = Work(run, definition, by, at, calendar, directory)
    return _complete(work, step, values or {}, outcome, None, content_sha256)


def complete_by_hand(  # noqa: PLR0913 - what is given, and what the house knows
    run: Run,
    definition: Definition,
    step: StepKey,
    reason: str,
    values: Values | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Mark an automatic step done because a person did it, for this reason."""
    known = step_of(definition, step)
    if known.kind not in AUTOMATIC:
        raise Rejected(
            "not_automatic", f"{step} is a {known.kind} step; complete it", step=step, kind=known.kind
        )
    _not_fixed(known)
    work = Work(run, definition, by, at, calendar, directory)
    return _complete(work, step, values or {}, None, reasoned(reason))


def decline_signature(  # noqa: PLR0913 - what is said, and what the house knows
    run: Run,
    definition: Definition,
    step: StepKey,
    reason: str,
    content_sha256: str | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Refuse to sign: the step fails, and the run ends where the process says so.

    ``content_sha256`` is as of ``complete_step``.
    """
    known = step_of(definition, step)
    if known.kind != "sign":
        raise Rejected("not_a_signature", f"{step} is a {known.kind} step", step=step, kind=known.kind)
    if run.step(step).state == "failed":
        return []
    said = reasoned(reason)
    in_hand(run, definition, step)
    impartial(run, definition, known, by)
    must_be_in_view(run, definition, step, content_sha256)
    work = Work(run, definition, by, at, calendar, directory)
    ends = known.signature and known.signature.on_decline
    content = decided_on(run, definition, step)
    fail(work, step, ends.ends_run if ends else "declined", said, ends_run=bool(ends), content=content)
    return work.events


def skip_step(
    run: Run,
    definition: Definition,
    step: StepKey,
    reason: str,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Decide that a step will not be done in this run; steps that wait for it go on. Who approved it does not."""
    not_judged_by(run, definition, step_of(definition, step), by)
    return set_aside(Work(run, definition, by, at, calendar, directory), step, reason, "user")


def fail(
    work: Work,
    step: StepKey,
    outcome: str,
    reason: str,
    *,
    ends_run: bool,
    content: Mapping[str, Any] | None = None,
) -> None:
    """End a step badly; with ``ends_run`` the run ends too, and its open steps are closed.

    ``content``: what the event says of what was not signed.
    """
    work.on(StepFailed, step, outcome=outcome, reason=reason, **(content or {}))
    if ends_run:
        cancel_open(work, "rule")
        work.record(RunEndedEarly(outcome=outcome, step=step, reason=reason, by=work.by, at=work.at))


def finish_step(
    work: Work,
    step: StepKey,
    given: Values,
    outcome: str | None,
    reason: str | None = None,
    cause: Cause = "rule",
    content: Mapping[str, Any] | None = None,
) -> list[Event]:
    """Record the step as done, and all that follows from it; ``cause`` is told by the steps that become ready.

    ``content``: what the event says of what was signed.
    """
    return settle(work, mark_done(work, step, given, outcome, reason, content), cause)


def is_person(by: Actor) -> bool:
    """Whether somebody, rather than a service or the system, acts."""
    return by.startswith(("person:", "guest:"))


def _complete(
    work: Work,
    step: StepKey,
    values: Values,
    outcome: str | None,
    reason: str | None,
    content_sha256: str | None = None,
) -> list[Event]:
    run, known = work.run, work.definition.steps[step]
    if known.kind == "approval":
        raise Rejected(
            "approval_step",
            f"{step} is an approval: give it or refuse it",
            step=step,
            accepted=["approve", "refuse"],
        )
    before = present(run, known, step)
    refuse(step, amiss(known.fields, values, before, work.house))
    now = run.step(step)
    if now.state == "done":
        return already_done(run, known, now, values, outcome)
    in_hand(run, work.definition, step)
    impartial(run, work.definition, known, work.by or MACHINE)
    must_be_in_view(run, work.definition, step, content_sha256)
    refuse(step, missing_in(work, step, values))
    return finish_step(work, step, values, outcome, reason, content=_in_view(work, known, values))


def _in_view(work: Work, known: Step, values: Values) -> Mapping[str, Any]:
    """What the event says of the content: of a signature, and of whatever a guest does."""
    step, by = StepKey(known.key), work.by or ""
    if known.kind not in DECISIONS and not by.startswith("guest:"):
        return {}
    content = decided_on(work.run, work.definition, step, values)
    if known.kind == "sign":
        return {**content, "statement": STATEMENT}
    return content if known.kind in DECISIONS else {"content_sha256": content["content_sha256"]}


def already_done(run: Run, known: Step, now: StepState, values: Values, outcome: str | None) -> list[Event]:
    """Nothing when the step was done just so; other values than those that were given are not dropped silently."""
    new = settled(values, present(run, known, StepKey(known.key)))
    if new or outcome not in (None, now.outcome):
        raise Rejected(
            "already_done",
            f"{known.key} is done; reopen it to change it",
            step=known.key,
            differing=sorted(new),
        )
    return []


def _not_fixed(known: Step) -> None:
    """Rejected("fixed_wait") when the process forbids that anybody shortens this wait."""
    if known.wait is not None and known.wait.fixed:
        raise Rejected(
            "fixed_wait", f"{known.key} ends with its event or its instant, never by hand", step=known.key
        )


def set_aside(work: Work, step: StepKey, reason: str, cause: Cause) -> list[Event]:
    """Record the step as skipped, and all that follows from it; nothing when it is."""
    known = step_of(work.definition, step)
    now = work.run.step(step)
    if now.state == "skipped":
        return []
    if work.by is None or not work.by.startswith("system:"):
        _not_fixed(known)
    said = reasoned(reason)
    in_running(work.run)
    if not now.is_open and now.state != "locked":
        raise Rejected(
            "step_ended", f"the step {step} is {now.state}; reopen it first", step=step, state=now.state
        )
    work.on(StepSkipped, step, reason=said, cause=cause)
    return settle(work, follow(work, step), "timer" if cause == "timer" else "rule")
