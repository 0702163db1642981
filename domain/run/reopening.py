"""Doing ended steps again: what waits for them waits again, what is done is kept and marked, or done again too."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Literal

from domain.condition import holds
from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event, RunReopened, StepEvidenceQuestioned, StepReopened
from domain.run.finishing import follow
from domain.run.readiness import settle
from domain.run.state import ENDED, Run, StepState
from domain.run.work import Work, reasoned, step_of
from domain.schedule import Calendar
from domain.words import Actor, Cause, Rejected, StepKey


def reopen_step(  # noqa: PLR0913 - what is said, and what the house knows
    run: Run,
    definition: Definition,
    step: StepKey,
    reason: str,
    dependents: Literal["keep", "reopen"] = "keep",
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Have an ended step done again in a new round, with its evidence kept; a run that has ended takes work again.

    Steps done on its basis are kept and marked, or with ``dependents="reopen"`` done again too.
    """
    step_of(definition, step)
    state = run.step(step).state
    aside = run.step(step).added_later
    if (state == "not_applicable" and not aside and not run.step(step).wanted) or _against(
        run, definition, step, calendar.zone
    ):
        raise Rejected("not_applicable", f"the condition of {step} is false; it cannot be done", step=step)
    if state not in ENDED and not aside:
        return []
    said = reasoned(reason)
    work = Work(run, definition, by, at, calendar, directory)
    revived = _revive(work, step, said) if run.ended else []
    reopen_one(work, step, said, "user")
    touched = question_or_reopen(work, step, dependents)
    return settle(work, [step, *touched, *revived], "user")


def _against(run: Run, definition: Definition, step: StepKey, zone: tzinfo) -> bool:
    """Whether a migration left the step done against its condition: done again it would be set aside at once."""
    return run.step(step).kept and not holds(definition.steps[step].when, run.values, zone)


def reopen_one(work: Work, step: StepKey, reason: str, cause: Cause) -> None:
    """Record that the step is to be done again, in its next round."""
    work.on(StepReopened, step, round=work.run.step(step).round + 1, reason=reason, cause=cause)


def question_or_reopen(
    work: Work, step: StepKey, dependents: Literal["keep", "reopen"], but: StepKey | None = None
) -> list[StepKey]:
    """Mark, or reopen, every done step that builds on this one; the steps that have to be settled.

    One that is done against its condition, since a migration, can only be marked.
    """
    steps = work.run.steps
    built = [
        key
        for key in work.definition.behind(step)
        if key != but and key in steps and steps[key].state == "done"
    ]
    if dependents == "keep":
        _question(work, step, built)
        return list(follow(work, step))
    against = [key for key in built if _against(work.run, work.definition, key, work.calendar.zone)]
    _question(work, step, against)
    built = [key for key in built if key not in against] if against else built
    for key in built:
        reopen_one(work, key, f"{step} was reopened", "user")
    return [*follow(work, step), *built, *(other for key in built for other in follow(work, key))]


def _question(work: Work, reopened: StepKey, built: list[StepKey]) -> None:
    """Nothing that a decision asks for depends on a mark, and there can be a thousand: they are not folded here."""
    steps = work.run.steps
    for key in built:
        now = steps[key]
        if reopened not in now.questioned:
            work.mark(
                StepEvidenceQuestioned(step=key, round=now.round, reopened=reopened, by=work.by, at=work.at)
            )


def _revive(work: Work, wanted: StepKey, reason: str) -> list[StepKey]:
    """Let an ended run take work again: what was open at its end is open again."""
    work.record(RunReopened(reason=reason, by=work.by, at=work.at))
    steps = work.run.steps
    cancelled = [key for key in work.definition.steps if key != wanted and _is_cancelled(steps.get(key))]
    for key in cancelled:
        reopen_one(work, key, reason, "rule")
    return [key for key in work.definition.steps if work.run.step(key).state == "locked"]


def _is_cancelled(step: StepState | None) -> bool:
    return step is not None and step.state == "cancelled"
