"""What can be asked of a task.

Each raises Refused where there is no such task, and Rejected, with what would be accepted, where a rule says no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from application.asked import Asked
from application.blocking import wait_for
from application.found import PROJECTS, RUNS, TASKS, known_project, known_run, known_task
from application.ids import uuid7
from application.limits import room_in
from application.milepost import Beside, Milepost, Outcome
from application.placing import LAST, Place, rank_of
from application.rights.subjects import InProject, OfTask
from application.waited_for import WaitedFor
from domain import task as tasks
from domain.directory import Directory
from domain.events import AnyTaskEvent
from domain.project import column
from domain.task import TASK, Task
from domain.waiting import DependencyKind
from domain.words import Assignee, Priority, StageKey
from projections.board.queries import last_rank

Done = Outcome[AnyTaskEvent]


@dataclass(frozen=True, slots=True)
class NewTask:
    """A card for a project's board, in a column, last unless ``where`` says otherwise."""

    project: UUID
    title: str
    stage: StageKey
    description: str = ""
    assignee: Assignee | None = None
    priority: Priority = "none"
    due_on: date | None = None
    labels: tuple[str, ...] = ()
    checklist: tuple[str, ...] = ()
    comment: str | None = None
    """What is to be said about it at once."""
    where: Place = LAST


async def add_task(app: Milepost, task: UUID, new: NewTask, asked: Asked) -> Done:
    """Add a task to a project's board. Adding it again changes nothing.

    Refused: no such project. Rejected: it is closed, has no such column, or the column takes no more.
    """
    return await app.unless_made(TASKS, task, _add(app, task, new, asked))


async def _add(app: Milepost, task: UUID, new: NewTask, asked: Asked) -> Done:
    async def check(state: Any, fresh: bool) -> Mapping[UUID, int]:  # noqa: ARG001 - its project says it
        return await app.gate.must("tasks.add_task", asked, InProject(new.project), fresh=fresh)

    await check(None, True)
    behind = await _last_rank(app, new.project, new.stage, new.where)
    await wait_for(lambda: _column_exists(app, new.project, new.stage))
    house = await app.directories.now()
    rank = rank_of(task, new.where, None, behind)
    async with room_in(app, new.project, new.stage, asked.at):
        return await app.act(
            TASKS,
            task,
            lambda known: [] if known else _added(task, new, rank, asked, house),
            asked,
            check=check,
        )


def _added(task: UUID, new: NewTask, rank: str, asked: Asked, house: Directory) -> list[AnyTaskEvent]:
    by, at = asked.by, asked.at
    events = tasks.add_task(
        None,
        new.project,
        new.title,
        new.stage,
        rank,
        description=new.description,
        assignee=new.assignee,
        priority=new.priority,
        due_on=new.due_on,
        labels=new.labels,
        by=by,
        at=at,
        directory=house,
    )
    card = TASK.fold(events)
    assert card is not None
    for number, text in enumerate(new.checklist):
        events += tasks.add_checklist_entry(card, uuid5(task, str(number)), text, by=by, at=at)
    if new.comment is not None:
        events += tasks.comment(card, uuid5(task, "comment"), new.comment, by=by, at=at, directory=house)
    return events


async def edit(
    app: Milepost, task: UUID, asked: Asked, *, title: str | None = None, description: str | None = None
) -> Done:
    """Change a task's texts; None leaves a text as it was."""
    return await _on_task(app, task, asked, "tasks.edit", lambda now: tasks.edit(
        now, title, description, by=asked.by, at=asked.at
    ))  # fmt: skip


async def move_task(app: Milepost, task: UUID, asked: Asked, *, stage: StageKey, where: Place) -> Done:
    """Move a task's card: last in another column, unless ``where`` says otherwise, where that column has room."""
    known = known_task(await wait_for(lambda: app.load(TASKS, task)), task)
    await wait_for(lambda: _column_exists(app, known.project, stage))
    behind = await _last_rank(app, known.project, stage, where)

    def decide(now: Task) -> Sequence[AnyTaskEvent]:
        rank = rank_of(task, where, now.rank if now.stage == stage else None, behind)
        return tasks.move_task(now, stage, rank, by=asked.by, at=asked.at)

    async with room_in(app, known.project, stage, asked.at, task):
        return await _on_task(app, task, asked, "tasks.move_task", decide)


async def assign(
    app: Milepost, task: UUID, asked: Asked, *, assignee: Assignee | None, reason: str | None = None
) -> Done:
    """Say whose a task is (None: nobody's)."""
    house = await app.directories.now()
    return await _on_task(app, task, asked, "tasks.assign", lambda now: tasks.assign(
        now, assignee, reason, by=asked.by, at=asked.at, directory=house
    ))  # fmt: skip


async def set_priority(app: Milepost, task: UUID, asked: Asked, *, priority: Priority) -> Done:
    """Say how urgent a task is."""
    return await _on_task(app, task, asked, "tasks.set_priority", lambda now: tasks.set_priority(
        now, priority, by=asked.by, at=asked.at
    ))  # fmt: skip


async def set_due(
    app: Milepost, task: UUID, asked: Asked, *, due_on: date | None, reason: str | None = None
) -> Done:
    """Set the day on which a task is due (None: no due)."""
    return await _on_task(app, task, asked, "tasks.set_due", lambda now: tasks.set_due(
        now, due_on, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def label(app: Milepost, task: UUID, asked: Asked, *, labels: tuple[str, ...]) -> Done:
    """Set all labels of a task."""
    return await _on_task(app, task, asked, "tasks.label", lambda now: tasks.label(
        now, labels, by=asked.by, at=asked.at
    ))  # fmt: skip


async def add_checklist_entry(app: Milepost, task: UUID, asked: Asked, *, text: str) -> Done:
    """Add a line to a task's checklist."""
    new = uuid7()
    return await _on_task(app, task, asked, "tasks.add_checklist_entry", lambda now: tasks.add_checklist_entry(
        now, new, text, by=asked.by, at=asked.at
    ))  # fmt: skip


async def tick(app: Milepost, task: UUID, asked: Asked, *, entry: UUID, done: bool) -> Done:
    """Say whether a line of the checklist is done."""
    return await _on_task(app, task, asked, "tasks.tick", lambda now: tasks.tick(
        now, entry, done, by=asked.by, at=asked.at
    ))  # fmt: skip


async def add_dependency(app: Milepost, task: UUID, asked: Asked, *, on: UUID, kind: DependencyKind) -> Done:
    """Let a task wait for another task or a run; Rejected where they would wait for each other."""
    await wait_for(lambda: _other_exists(app, on, kind))
    around = WaitedFor(app, task, on, kind)
    return await _on_task(app, task, asked, "tasks.add_dependency", lambda now: tasks.add_dependency(
        now, on, kind, own=task, others=around.others, by=asked.by, at=asked.at
    ), beside=around)  # fmt: skip


async def remove_dependency(
    app: Milepost, task: UUID, asked: Asked, *, on: UUID, kind: DependencyKind
) -> Done:
    """Let a task wait for this no longer."""
    await wait_for(lambda: _other_exists(app, on, kind))
    return await _on_task(app, task, asked, "tasks.remove_dependency", lambda now: tasks.remove_dependency(
        now, on, kind, by=asked.by, at=asked.at
    ))  # fmt: skip


async def block(app: Milepost, task: UUID, asked: Asked, *, reason: str) -> Done:
    """Say that nobody can go on with a task."""
    return await _on_task(app, task, asked, "tasks.block", lambda now: tasks.block(
        now, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def unblock(app: Milepost, task: UUID, asked: Asked) -> Done:
    """A task can go on."""
    return await _on_task(
        app, task, asked, "tasks.unblock", lambda now: tasks.unblock(now, by=asked.by, at=asked.at)
    )


async def request_help(
    app: Milepost,
    task: UUID,
    asked: Asked,
    *,
    reason: str,
    waiting_on: str | None = None,
    until: datetime | None = None,
) -> Done:
    """Ask for help on a task: what is needed, of whom, until when at the latest."""
    return await _on_task(app, task, asked, "tasks.request_help", lambda now: tasks.request_help(
        now, reason, waiting_on, until, by=asked.by, at=asked.at
    ))  # fmt: skip


async def clear_help(app: Milepost, task: UUID, asked: Asked, *, note: str | None = None) -> Done:
    """Help is no longer needed."""
    return await _on_task(app, task, asked, "tasks.clear_help", lambda now: tasks.clear_help(
        now, note, by=asked.by, at=asked.at
    ))  # fmt: skip


async def comment(
    app: Milepost, task: UUID, asked: Asked, *, text: str, mentions: tuple[Assignee, ...] = ()
) -> Done:
    """Write about a task."""
    house, new = await app.directories.naming(mentions), uuid7()
    return await _on_task(app, task, asked, "tasks.comment", lambda now: tasks.comment(
        now, new, text, mentions, by=asked.by, at=asked.at, directory=house
    ))  # fmt: skip


async def complete(app: Milepost, task: UUID, asked: Asked) -> Done:
    """Complete a task; Rejected while it waits for another."""
    around = WaitedFor(app, task, None)
    return await _on_task(app, task, asked, "tasks.complete", lambda now: tasks.complete(
        now, others=around.others, by=asked.by, at=asked.at
    ), beside=around)  # fmt: skip


async def reopen(app: Milepost, task: UUID, asked: Asked, *, reason: str) -> Done:
    """Reopen a task that has ended."""
    return await _on_task(app, task, asked, "tasks.reopen", lambda now: tasks.reopen(
        now, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def cancel(app: Milepost, task: UUID, asked: Asked, *, reason: str) -> Done:
    """End a task that is not to be done."""
    return await _on_task(app, task, asked, "tasks.cancel", lambda now: tasks.cancel(
        now, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def _on_task(
    app: Milepost,
    task: UUID,
    asked: Asked,
    function: str,
    decide: Callable[[Task], Sequence[AnyTaskEvent]],
    *,
    beside: Beside | None = None,
) -> Done:
    async def check(state: Any, fresh: bool) -> Mapping[UUID, int]:
        if not isinstance(state, Task):
            return {}
        return await app.gate.must(function, asked, OfTask(task, state), fresh=fresh)

    return await app.act(
        TASKS, task, lambda state: decide(known_task(state, task)), asked, check=check, beside=beside
    )


async def _last_rank(app: Milepost, project: UUID | None, stage: str, where: Place) -> str | None:
    """The rank of the last card in the column, as far as the board knows it, where the card is to go behind it."""
    if project is None or where.is_said:
        return None
    return await app.ask(lambda connection: last_rank(connection, project, stage))


def _column_exists(app: Milepost, project: UUID | None, stage: str) -> None:
    state = None if project is None else app.load(PROJECTS, project)
    column(known_project(state, project), stage)


def _other_exists(app: Milepost, on: UUID, kind: DependencyKind) -> None:
    if kind == "run":
        known_run(app.load(RUNS, on), on)
    else:
        known_task(app.load(TASKS, on), on)
