"""Commands on tasks."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.handling import bodies
from api.handling.carrying import making, on_id
from api.handling.orders import Order
from api.handling.placed import place_of
from api.handling.registering import add_command
from api.handling.verbs import On, Verb, verb
from application import tasks
from application.tasks import NewTask

_PROJECT = "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"

ADD: Verb[On, Any] = verb(
    "add",
    "Add a task to a project's board",
    bodies.AddTask,
    lambda on, body: tasks.add_task(on.app, on.id, new_task(body), on.asked),
    {
        "project": _PROJECT,
        "title": "Order the laptop",
        "stage": "signed",
        "assignee": "person:bo",
        "due_on": "2026-12-01",
    },
)
VERBS: tuple[Verb[On, Any], ...] = (
    verb(
        "edit",
        "Change a task's texts",
        bodies.EditTask,
        lambda on, body: tasks.edit(on.app, on.id, on.asked, title=body.title, description=body.description),
        {"title": "Order two laptops"},
    ),
    verb(
        "move",
        "Move a task's card",
        bodies.MoveTask,
        lambda on, body: tasks.move_task(on.app, on.id, on.asked, stage=body.stage, where=place_of(body)),
        {"stage": "live", "after": "a0", "before": None},
    ),
    verb(
        "assign",
        "Assign a task",
        bodies.Assign,
        lambda on, body: tasks.assign(on.app, on.id, on.asked, assignee=body.assignee, reason=body.reason),
        {"assignee": "person:bo", "reason": None},
    ),
    verb(
        "priority",
        "Set a task's priority",
        bodies.SetPriority,
        lambda on, body: tasks.set_priority(on.app, on.id, on.asked, priority=body.priority),
        {"priority": "urgent"},
    ),
    verb(
        "due",
        "Set the day a task is due",
        bodies.SetDueOn,
        lambda on, body: tasks.set_due(on.app, on.id, on.asked, due_on=body.due_on, reason=body.reason),
        {"due_on": "2026-12-04", "reason": "Supplier is late"},
    ),
    verb(
        "labels",
        "Set a task's labels",
        bodies.Label,
        lambda on, body: tasks.label(on.app, on.id, on.asked, labels=body.labels),
        {"labels": ["hardware"]},
    ),
    verb(
        "checklist",
        "Add a line to a task's checklist",
        bodies.AddChecklistEntry,
        lambda on, body: tasks.add_checklist_entry(on.app, on.id, on.asked, text=body.text),
        {"text": "Ask for an offer"},
    ),
    verb(
        "tick",
        "Tick a line of a task's checklist",
        bodies.Tick,
        lambda on, body: tasks.tick(on.app, on.id, on.asked, entry=body.entry, done=body.done),
        {"entry": _PROJECT, "done": True},
    ),
    verb(
        "depend",
        "Let a task wait for another task or a run",
        bodies.Depend,
        lambda on, body: tasks.add_dependency(on.app, on.id, on.asked, on=body.on, kind=body.kind),
        {"on": _PROJECT, "kind": "run"},
    ),
    verb(
        "undepend",
        "Let a task wait no longer",
        bodies.Depend,
        lambda on, body: tasks.remove_dependency(on.app, on.id, on.asked, on=body.on, kind=body.kind),
        {"on": _PROJECT, "kind": "run"},
    ),
    verb(
        "block",
        "Say that nobody can go on with a task",
        bodies.Reason,
        lambda on, body: tasks.block(on.app, on.id, on.asked, reason=body.reason),
        {"reason": "Budget is not approved"},
    ),
    verb("unblock", "A task can go on", bodies.Nothing, lambda on, _: tasks.unblock(on.app, on.id, on.asked)),
    verb(
        "request-help",
        "Ask for help on a task",
        bodies.RequestHelp,
        lambda on, body: tasks.request_help(
            on.app, on.id, on.asked, reason=body.reason, waiting_on=body.waiting_on, until=body.until
        ),
        {"reason": "Which model?", "waiting_on": "IT"},
    ),
    verb(
        "clear-help",
        "Help is no longer needed",
        bodies.ClearHelp,
        lambda on, body: tasks.clear_help(on.app, on.id, on.asked, note=body.note),
        {"note": "The usual model"},
    ),
    verb(
        "comment",
        "Write about a task",
        bodies.CommentTask,
        lambda on, body: tasks.comment(on.app, on.id, on.asked, text=body.text, mentions=body.mentions),
        {"text": "Arrives on Monday"},
    ),
    verb(
        "complete",
        "Complete a task",
        bodies.Nothing,
        lambda on, _: tasks.complete(on.app, on.id, on.asked),
    ),
    verb(
        "reopen",
        "Reopen a task that has ended",
        bodies.Reason,
        lambda on, body: tasks.reopen(on.app, on.id, on.asked, reason=body.reason),
        {"reason": "It was the wrong model"},
    ),
    verb(
        "cancel",
        "Call a task off",
        bodies.Reason,
        lambda on, body: tasks.cancel(on.app, on.id, on.asked, reason=body.reason),
        {"reason": "No longer needed"},
    ),
)


def add_task_commands(router: APIRouter) -> None:
    """Register every verb of tasks."""
    add_command(router, ADDING, ADD, tag="Tasks")
    for each in VERBS:
        add_command(router, ON_TASK[each.name], each, tag="Tasks")


def new_task(body: bodies.AddTask) -> NewTask:
    """What a task is to be."""
    return NewTask(
        project=body.project,
        title=body.title,
        stage=body.stage,
        description=body.description,
        assignee=body.assignee,
        priority=body.priority,
        due_on=body.due_on,
        labels=body.labels,
        where=place_of(body),
    )


ADDING = Order("POST /v1/tasks", making(ADD, lambda _, body: f"/v1/projects/{body.project}/board"))
ON_TASK = {each.name: Order(f"POST /v1/tasks/{{id}}/{each.name}", on_id(each)) for each in VERBS}
