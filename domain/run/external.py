"""Events that other services tell of: they complete the step that waits for them, or are kept until one does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event
from domain.run.doing import finish_step
from domain.run.evolve_action import told_sha256
from domain.run.finishing import lacking
from domain.run.kept import is_for, own_values, received
from domain.run.state import Run
from domain.run.values import refuse
from domain.run.work import Work, in_running
from domain.schedule import Calendar
from domain.words import Actor, Rejected, StepKey, Values

MOST_KEPT = 100
"""Events kept for steps that do not wait yet; a run that is told more has a process that does not fit."""


def receive_event(  # noqa: PLR0913 - all that a sender tells
    run: Run,
    definition: Definition,
    event: str,
    source_id: str,
    values: Values | None = None,
    steps: Sequence[StepKey] | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Complete the step that waits for this event, or keep it for the one that will; each ``source_id`` counts once.

    What is kept is for the rounds that the steps are in by then: a step that is opened again waits for another event.
    The same id for another event, or with other values, is Rejected("other_event").

    ``steps`` (None: all) are those that the sender's key names. Values go into the step's fields of the same key.
    """
    given = values or {}
    if _is_heard(run, event, source_id, given):
        return []
    waiting = _waiting(definition, event, steps)
    in_running(run)
    step = next((key for key in waiting if run.step(key).is_open), None)
    later = [key for key in waiting if run.step(key).state in ("locked", "not_applicable")]
    if step is None and not later:
        states = {key: run.step(key).state for key in waiting}
        raise Rejected("not_awaited", f"no step waits for {event} any more", steps=states)
    work = Work(run, definition, by, at, calendar, directory)
    _fits(work, step or later[0], given)
    if step is None and _kept(run, definition) >= MOST_KEPT:
        raise Rejected("too_many_events", f"the run keeps {MOST_KEPT} events already", accepted=0)
    work.record(received(work, event, source_id, step, () if steps is None else tuple(later), given))
    if step is None:
        return work.events
    return finish_step(work, step, own_values(definition.steps[step], given), None)


def _is_heard(run: Run, event: str, source_id: str, values: Values) -> bool:
    """Whether this very event was told before; Rejected where the id stands for another one."""
    before = run.told.get(source_id)
    if before is not None and before != told_sha256(event, values):
        raise Rejected(
            "other_event",
            f"{source_id} is the id of another event, or of this one with other values: give each its own",
            id=source_id,
        )
    return before is not None


def _kept(run: Run, definition: Definition) -> int:
    """How many of the events that are kept a step can still take."""
    return sum(any(is_for(run, kept, known) for known in definition.steps.values()) for kept in run.kept)


def _waiting(definition: Definition, event: str, steps: Sequence[StepKey] | None) -> list[StepKey]:
    awaited = {
        key: step.wait.event
        for key, step in definition.steps.items()
        if step.wait is not None and step.wait.event
    }
    found = [key for key, name in awaited.items() if name == event and (steps is None or key in steps)]
    if not found:
        raise Rejected(
            "unknown_event", f"no step waits for {event!r}", accepted=sorted(set(awaited.values()))
        )
    return found


def _fits(work: Work, step: StepKey, values: Values) -> None:
    refuse(step, lacking(work, step, own_values(work.definition.steps[step], values)))
