"""Commands on tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import bodies
from api.commands import Call, carry_out
from api.ids import uuid7
from api.limits import room_in
from api.reading import validate
from api.registering import Handle, add_command, stream_id
from api.services import Services
from api.streams import PROJECTS, RUNS, TASKS, known_project, known_run, known_task
from api.verbs import Given, Verb
from api.waited_for import WaitedFor
from domain import task as tasks
from domain.directory import EMPTY
from domain.events import Event
from domain.project import column
from domain.task import Task
from projections.board.queries import last_rank

_PROJECT = "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"

ADD = Verb(
    "add",
    "Add a task to a project's board",
    bodies.AddTask,
    tasks.add_task,
    {
        "project": _PROJECT,
        "title": "Order the laptop",
        "stage": "signed",
        "assignee": "person:bo",
        "due_on": "2026-12-01",
    },
)
VERBS = (
    Verb("edit", "Change a task's texts", bodies.EditTask, tasks.edit, {"title": "Order two laptops"}),
    Verb(
        "move",
        "Move a task's card",
        bodies.MoveTask,
        tasks.move_task,
        {"stage": "live", "after": "a0", "before": None},
    ),
    Verb("assign", "Assign a task", bodies.Assign, tasks.assign, {"assignee": "person:bo", "reason": None}),
    Verb("priority", "Set a task's priority", bodies.SetPriority, tasks.set_priority, {"priority": "urgent"}),
    Verb(
        "due",
        "Set the day a task is due",
        bodies.SetDueOn,
        tasks.set_due,
        {"due_on": "2026-12-04", "reason": "Supplier is late"},
    ),
    Verb("labels", "Set a task's labels", bodies.Label, tasks.label, {"labels": ["hardware"]}),
    Verb(
        "checklist",
        "Add a line to a task's checklist",
        bodies.AddChecklistEntry,
        tasks.add_checklist_entry,
        {"text": "Ask for an offer"},
    ),
    Verb(
        "tick",
        "Tick a line of a task's checklist",
        bodies.Tick,
        tasks.tick,
        {"entry": _PROJECT, "done": True},
    ),
    Verb(
        "depend",
        "Let a task wait for another task or a run",
        bodies.Depend,
        tasks.add_dependency,
        {"on": _PROJECT, "kind": "run"},
    ),
    Verb(
        "undepend",
        "Let a task wait no longer",
        bodies.Depend,
        tasks.remove_dependency,
        {"on": _PROJECT, "kind": "run"},
    ),
    Verb(
        "block",
        "Say that nobody can go on with a task",
        bodies.Reason,
        tasks.block,
        {"reason": "Budget is not approved"},
    ),
    Verb("unblock", "A task can go on", bodies.Nothing, tasks.unblock),
    Verb(
        "request-help",
        "Ask for help on a task",
        bodies.RequestHelp,
        tasks.request_help,
        {"reason": "Which model?", "waiting_on": "IT"},
    ),
    Verb(
        "clear-help",
        "Help is no longer needed",
        bodies.ClearHelp,
        tasks.clear_help,
        {"note": "The usual model"},
    ),
    Verb("comment", "Write about a task", bodies.CommentTask, tasks.comment, {"text": "Arrives on Monday"}),
    Verb("complete", "Complete a task", bodies.Nothing, tasks.complete),
    Verb(
        "reopen",
        "Reopen a task that has ended",
        bodies.Reason,
        tasks.reopen,
        {"reason": "It was the wrong model"},
    ),
    Verb("cancel", "Call a task off", bodies.Reason, tasks.cancel, {"reason": "No longer needed"}),
)


def add_task_commands(router: APIRouter) -> None:
    """Register every verb of tasks."""
    add_command(router, "POST", "/v1/tasks", ADD, _add, tag="Tasks")
    for verb in VERBS:
        add_command(router, "POST", f"/v1/tasks/{{id}}/{verb.name}", verb, _on_task(verb), tag="Tasks")


async def _add(call: Call) -> Response:
    body = validate(bodies.AddTask, call.body)
    await run_in_threadpool(_column_exists, call.services, body.project, body.stage)
    stream = uuid7()
    given = await _given(call, stream, ADD)
    if body.after is None and body.before is None:
        given = replace(given, last_rank=await run_in_threadpool(_last_rank, call.services, body))

    def decide(task: Task | None) -> Sequence[Event]:
        return ADD.decide(task, body, given)

    created = f"/v1/projects/{body.project}/board"
    async with room_in(call.services, body.project, body.stage):
        return await carry_out(
            call, TASKS, stream, decide, name=str(stream), meta=call.caller.meta, created=created
        )


async def _given(call: Call, stream: UUID, verb: Verb, beside: WaitedFor | None = None) -> Given:
    """What the decision may ask for beside the body."""
    services = call.services
    directory = await services.directories.now() if verb.wants_directory else EMPTY
    others = beside.others if beside is not None else {}
    actor, now = call.caller.actor, services.clock()
    return Given(actor, now, services.calendar, stream, directory=directory, others=others)


def _last_rank(services: Services, body: bodies.AddTask) -> str | None:
    """The rank of the last card in the column, as far as the board knows it."""
    with services.pool.connection() as connection:
        return last_rank(connection, body.project, body.stage)


def _column_exists(services: Services, project: UUID | None, stage: str) -> None:
    state = None if project is None else services.app.load(PROJECTS, project)
    column(known_project(state, project), stage)


def _on_task(verb: Verb) -> Handle:
    async def handle(call: Call) -> Response:
        stream = stream_id(call.request.path_params["id"])
        body = validate(verb.body, call.body)
        await _check(call.services, stream, body)
        project, stage = await _column_wanted(call.services, stream, body)
        beside = _beside(call.services, stream, body) if verb.wants_others else None
        given = await _given(call, stream, verb, beside)

        def decide(task: Task | None) -> Sequence[Event]:
            return verb.decide(known_task(task, stream), body, given)

        async with room_in(call.services, project, stage, stream):
            return await carry_out(
                call, TASKS, stream, decide, name=str(stream), meta=call.caller.meta, beside=beside
            )

    return handle


def _beside(services: Services, stream: UUID, body: BaseModel) -> WaitedFor:
    if isinstance(body, bodies.Depend):
        return WaitedFor(services.app, stream, body.on, body.kind)
    return WaitedFor(services.app, stream, None)


async def _check(services: Services, stream: UUID, body: BaseModel) -> None:
    """What a task cannot know of itself: the columns of its project, and whether what it waits for is there."""
    if isinstance(body, bodies.MoveTask):
        await run_in_threadpool(_may_stand_in, services, stream, body.stage)
    elif isinstance(body, bodies.Depend):
        await run_in_threadpool(_other_exists, services, body)


async def _column_wanted(services: Services, stream: UUID, body: BaseModel) -> tuple[UUID | None, str]:
    """The project and the column that a task is to be moved into; no project when it stays where it is."""
    if not isinstance(body, bodies.MoveTask):
        return None, ""
    task = known_task(await run_in_threadpool(services.app.load, TASKS, stream), stream)
    return task.project, body.stage


def _may_stand_in(services: Services, stream: UUID, stage: str) -> None:
    task = known_task(services.app.load(TASKS, stream), stream)
    _column_exists(services, task.project, stage)


def _other_exists(services: Services, body: bodies.Depend) -> None:
    if body.kind == "run":
        known_run(services.app.load(RUNS, body.on), body.on)
    else:
        known_task(services.app.load(TASKS, body.on), body.on)
