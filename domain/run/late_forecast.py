"""What a process wants done when a run will probably miss its target, once for each time that it turns out."""

from __future__ import annotations

from datetime import datetime

from domain.definition import Definition
from domain.events import Event, HelpRequested, RunPrioritySet
from domain.run.queueing import queue
from domain.run.state import Run
from domain.run.work import Work
from domain.schedule import Calendar
from domain.words import Actor, StepKey


def act_on_late_forecast(
    run: Run,
    definition: Definition,
    crossing: int,
    step: StepKey | None = None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
) -> list[Event]:
    """Carry out ``on_forecast_late``: set the priority, ask for help on the step that costs most, tell the roles.

    ``crossing`` counts how often the forecast of this run has passed its target: each is told once. A priority that
    somebody set after a rule had set one stays.
    """
    effects = definition.document.on_forecast_late
    if effects is None or run.ended or run.state == "paused" or run.imported:
        return []
    work = Work(run, definition, by, at, calendar)
    wanted = effects.set_priority
    if wanted is not None and wanted != run.priority and run.priority_set != "user":
        work.record(RunPrioritySet(priority=wanted, cause="rule", by=by, at=at))
    if effects.request_help is not None:
        _ask_for_help(work, step, effects.request_help)
    if effects.notify:
        queue(work, None, f"notice:forecast:{crossing}", "email", facts={"roles": list(effects.notify)})
    return work.events


def _ask_for_help(work: Work, step: StepKey | None, reason: str) -> None:
    """On the step named, when it can be worked on, else on the first that can; not where help was asked for already."""
    open_steps = [key for key in work.definition.steps if work.run.step(key).is_open]
    asked = step if step in open_steps else next(iter(open_steps), None)
    if asked is not None and work.run.step(asked).help_wanted is None:
        work.on(HelpRequested, asked, reason=reason, cause="rule")
