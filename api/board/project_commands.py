"""Commands on projects."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.handling import bodies
from api.handling.carrying import making, on_id
from api.handling.orders import Order
from api.handling.registering import add_command
from api.handling.verbs import On, Verb, verb
from application import projects

_STAGES = [{"key": "signed", "title": "Signed"}, {"key": "live", "title": "Live", "wip_limit": 5}]

OPEN: Verb[On, Any] = verb(
    "open",
    "Open a project",
    bodies.OpenProject,
    lambda on, body: projects.open_project(
        on.app, on.id, on.asked, name=body.name, owner=body.owner, stages=body.stages, process=body.process
    ),
    {"name": "Spring customers", "owner": "person:dana", "stages": _STAGES, "process": "customer_onboarding"},
)
VERBS: tuple[Verb[On, Any], ...] = (
    verb(
        "rename",
        "Rename a project",
        bodies.Rename,
        lambda on, body: projects.rename(on.app, on.id, on.asked, name=body.name),
        {"name": "Summer customers"},
    ),
    verb(
        "stages",
        "Change the columns of a project's board",
        bodies.ChangeStages,
        lambda on, body: projects.change_stages(on.app, on.id, on.asked, stages=body.stages),
        {"stages": _STAGES},
    ),
    verb(
        "members",
        "Let somebody see, work in or steer a project",
        bodies.AddMember,
        lambda on, body: projects.add_member(on.app, on.id, on.asked, member=body.member, access=body.access),
        {"member": "person:bo", "access": "member"},
    ),
    verb(
        "remove-member",
        "Take somebody out of a project",
        bodies.RemoveMember,
        lambda on, body: projects.remove_member(on.app, on.id, on.asked, member=body.member),
        {"member": "person:bo"},
    ),
    verb(
        "close",
        "Close a project",
        bodies.Reason,
        lambda on, body: projects.close(on.app, on.id, on.asked, reason=body.reason),
        {"reason": "All customers are live"},
    ),
    verb(
        "reopen",
        "Let a closed project take work again",
        bodies.Reason,
        lambda on, body: projects.reopen(on.app, on.id, on.asked, reason=body.reason),
        {"reason": "One came back"},
    ),
)


def add_project_commands(router: APIRouter) -> None:
    """Register every verb of projects."""
    add_command(
        router,
        Order("POST /v1/projects", making(OPEN, lambda project, _: f"/v1/projects/{project}/board")),
        OPEN,
        tag="Projects",
    )
    for each in VERBS:
        order = Order(f"POST /v1/projects/{{id}}/{each.name}", on_id(each))
        add_command(router, order, each, tag="Projects")
