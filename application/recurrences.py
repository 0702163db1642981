"""What can be asked of recurring work: set it up, change it, pause it, end it; and what a schedule makes when it comes.

Each raises Refused where there is no such recurring work, and Rejected, with what would be accepted, where a rule
says no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from application.asked import Asked
from application.blocking import wait_for
from application.found import (
    PROCESSES,
    PROJECTS,
    RECURRENCES,
    known_process,
    known_recurrence,
    project_taking_work,
)
from application.milepost import Milepost, Outcome
from application.refused import Refused
from application.rights.subjects import InProject
from domain import recurrence as recurring
from domain.events import AnyRecurrenceEvent
from domain.project import column
from domain.recurrence import CatchUp, Occasion, Recurrence
from domain.words import Rejected, StageKey, process_stream

Done = Outcome[AnyRecurrenceEvent]
Template = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When, and what: a cron expression of five fields in a time zone, and a template for the task or the run."""

    name: str
    cron: str
    time_zone: str
    template: Template
    catch_up: CatchUp = "last"


async def set_up(
    app: Milepost,
    recurrence: UUID,
    schedule: Schedule,
    asked: Asked,
    *,
    makes: Literal["task", "run"],
    project: UUID | None = None,
    process: str | None = None,
) -> Done:
    """Make tasks in a project, or runs of a process, from now on.

    Refused: no such project or process. Rejected: the project is closed or lacks the column, the process is retired.
    """
    check = app.gate.on("recurrences.set_up", asked, InProject(project, process, word="recurrence"))
    await check(None, True)
    await wait_for(lambda: _has_a_place(app, schedule, makes, project, process))
    house = await app.directories.now()
    return await app.act(RECURRENCES, recurrence, lambda known: recurring.set_up(
        known, schedule.name, schedule.cron, schedule.time_zone, makes, schedule.template,
        catch_up=schedule.catch_up, project=project, process=process,
        by=asked.by, at=asked.at, directory=house,
    ), asked, check=check)  # fmt: skip


async def change(
    app: Milepost,
    recurrence: UUID,
    schedule: Schedule,
    asked: Asked,
    *,
    check: Callable[[str, Template], None],
) -> Done:
    """Change what follows of it; ``check`` refuses a template that is none for what it makes (``task``, ``run``)."""
    house = await app.directories.now()

    def decide(now: Recurrence) -> Sequence[AnyRecurrenceEvent]:
        check(now.makes, schedule.template)
        return recurring.change(
            now,
            schedule.name,
            schedule.cron,
            schedule.time_zone,
            schedule.template,
            catch_up=schedule.catch_up,
            by=asked.by,
            at=asked.at,
            directory=house,
        )

    return await _on_recurrence(app, recurrence, asked, "recurrences.change", decide)


async def pause(app: Milepost, recurrence: UUID, asked: Asked, *, reason: str) -> Done:
    """Make nothing until it is resumed."""
    return await _on_recurrence(app, recurrence, asked, "recurrences.pause", lambda now: recurring.pause(
        now, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def resume(app: Milepost, recurrence: UUID, asked: Asked) -> Done:
    """Make work again, from now on."""
    return await _on_recurrence(app, recurrence, asked, "recurrences.resume", lambda now: recurring.resume(
        now, by=asked.by, at=asked.at
    ))  # fmt: skip


async def end(app: Milepost, recurrence: UUID, asked: Asked, *, reason: str) -> Done:
    """Make nothing any more."""
    return await _on_recurrence(app, recurrence, asked, "recurrences.end", lambda now: recurring.end(
        now, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def deal_with(app: Milepost, recurrence: UUID, asked: Asked, *, occasion: Occasion, made: UUID) -> Done:
    """Record what became of an instant: its work was ``made``, or passed over for a reason."""
    return await _on_recurrence(app, recurrence, asked, "recurrences.deal_with", lambda now: recurring.deal_with(
        now, occasion, made, by=asked.by, at=asked.at
    ))  # fmt: skip


async def _on_recurrence(
    app: Milepost,
    recurrence: UUID,
    asked: Asked,
    function: str,
    decide: Callable[[Recurrence], Sequence[AnyRecurrenceEvent]],
) -> Done:
    async def check(state: Any, fresh: bool) -> Mapping[UUID, int]:
        if not isinstance(state, Recurrence):
            return {}
        about = InProject(state.project, state.process, word="recurrence")
        return await app.gate.must(function, asked, about, fresh=fresh)

    return await app.act(
        RECURRENCES, recurrence, lambda state: decide(known_recurrence(state, recurrence)), asked, check=check
    )


def _has_a_place(
    app: Milepost, schedule: Schedule, makes: str, project: UUID | None, process: str | None
) -> None:
    """The project takes work and has the column; the process is published, and takes new runs."""
    if project is not None:
        known = project_taking_work(app.load(PROJECTS, project), project)
        if makes == "task":
            column(known, StageKey(schedule.template["stage"]))
    if process is not None:
        followed = known_process(app.load(PROCESSES, process_stream(process)), process)
        if followed.version == 0:
            raise Refused("unknown_process", f"no version of {process} is published")
        if followed.retired:
            raise Rejected("process_retired", f"the process {process} takes no new runs")
