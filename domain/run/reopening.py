"""Doing ended steps again: what waits for them waits again, what is done is kept and marked, or done again too."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Literal

from domain.definition import Definition
from domain.events import Event, RunReopened, StepEvidenceQuestioned, StepReopened
from domain.run.finishing import follow
from domain.run.readiness import settle
from domain.run.state import ENDED, Run
from domain.run.work import Work, reasoned, step_of
from domain.schedule import Calendar
from domain.words import Actor, Cause, Rejected, StepKey


def reopen_step(
    run: Run,
    definition: Definition,
    step: StepKey,
    reason: str,
    dependents: Literal["keep", "reopen"] = "keep",
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
) -> list[Event]:
    """Have an ended step done again in a new round, with its evidence kept; a run that has ended takes work again.

    Steps done on its basis are kept and marked, or with ``dependents="reopen"`` done again too.
    """
    step_of(definition, step)
    state = run.step(step).state
    if state == "not_applicable":
        raise Rejected("not_applicable", f"the condition of {step} is false; it cannot be done", step=step)
    if state not in ENDED:
        return []
    said = reasoned(reason)
    work = Work(run, definition, by, at, calendar)
    revived = _revive(work, step, said) if run.ended else []
    reopen_one(work, step, said, "user")
    touched = question_or_reopen(work, step, dependents)
    return settle(work, [step, *touched, *revived], "user")


def reopen_one(work: Work, step: StepKey, reason: str, cause: Cause) -> None:
    """Record that the step is to be done again, in its next round."""
    work.on(StepReopened, step, round=work.run.step(step).round + 1, reason=reason, cause=cause)


def question_or_reopen(
    work: Work, step: StepKey, dependents: Literal["keep", "reopen"], but: StepKey | None = None
) -> list[StepKey]:
    """Mark, or reopen, every done step that builds on this one; the steps that have to be settled."""
    touched = list(follow(work, step))
    queue, seen = deque(touched), {step, but}
    while queue:
        key = queue.popleft()
        if key in seen:
            continue
        seen.add(key)
        if work.run.step(key).state == "done":
            touched += _doubt(work, key, step, dependents)
        queue.extend(follow(work, key))
    return touched


def _doubt(
    work: Work, key: StepKey, reopened: StepKey, dependents: Literal["keep", "reopen"]
) -> list[StepKey]:
    if dependents == "reopen":
        reopen_one(work, key, f"{reopened} was reopened", "user")
        return [key, *follow(work, key)]
    if reopened not in work.run.step(key).questioned:
        work.on(StepEvidenceQuestioned, key, reopened=reopened)
    return []


def _revive(work: Work, wanted: StepKey, reason: str) -> list[StepKey]:
    """Let an ended run take work again: what was open at its end is open again."""
    work.record(RunReopened(reason=reason, by=work.by, at=work.at))
    cancelled = [key for key, step in work.run.steps.items() if step.state == "cancelled" and key != wanted]
    for key in cancelled:
        reopen_one(work, key, reason, "rule")
    return list(work.definition.steps)
