"""Commands on people and groups."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.handling import bodies
from api.handling.carrying import making_key, on_key
from api.handling.orders import Order
from api.handling.registering import add_command
from api.handling.verbs import OnKey, Verb, verb
from api.people import bodies as people_bodies
from api.people.handing_over import HAND_OVER, HandedOver, hand_over
from application import people
from application.found import group_key, person_key
from domain.words import group_stream, person_stream

ADD: Verb[OnKey, Any] = verb(
    "add",
    "Add somebody who works here",
    people_bodies.AddPerson,
    lambda on, body: people.add_person(
        on.app, on.key, on.asked,
        name=body.name, email=body.email, manager=body.manager, weekly_hours=body.weekly_hours,
    ),
    {
        "person": "bo",
        "name": "Bo Ek",
        "email": "bo@example.com",
        "manager": "person:dana",
        "weekly_hours": 40.0,
    },
)  # fmt: skip
PERSON_VERBS: tuple[Verb[OnKey, Any], ...] = (
    verb(
        "change",
        "Change what is known of somebody",
        people_bodies.ChangePerson,
        lambda on, body: people.change_person(
            on.app, on.key, on.asked, changes=body.model_dump(exclude_unset=True)
        ),
        {"manager": "person:dana", "weekly_hours": 32.0},
    ),
    verb(
        "deactivate",
        "Give somebody no more work",
        bodies.Reason,
        lambda on, body: people.deactivate(on.app, on.key, on.asked, reason=body.reason),
        {"reason": "Left at the end of May"},
    ),
    verb(
        "reactivate",
        "Give somebody work again",
        bodies.Nothing,
        lambda on, _: people.reactivate(on.app, on.key, on.asked),
    ),
)
CREATE: Verb[OnKey, Any] = verb(
    "create",
    "Create a group of people who share work",
    people_bodies.CreateGroup,
    lambda on, body: people.create_group(on.app, on.key, on.asked, title=body.title),
    {"group": "legal", "title": "Legal"},
)
GROUP_VERBS: tuple[Verb[OnKey, Any], ...] = (
    verb(
        "rename",
        "Rename a group",
        people_bodies.RenameGroup,
        lambda on, body: people.rename_group(on.app, on.key, on.asked, title=body.title),
        {"title": "Legal and privacy"},
    ),
    verb(
        "add-member",
        "Let somebody take work of a group",
        people_bodies.MemberOfGroup,
        lambda on, body: people.add_group_member(on.app, on.key, on.asked, member=body.member),
        {"member": "person:bo"},
    ),
    verb(
        "remove-member",
        "Let somebody take no more work of a group",
        people_bodies.MemberOfGroup,
        lambda on, body: people.remove_group_member(on.app, on.key, on.asked, member=body.member),
        {"member": "person:bo"},
    ),
    verb(
        "close",
        "Close a group for good",
        bodies.Reason,
        lambda on, body: people.close_group(on.app, on.key, on.asked, reason=body.reason),
        {"reason": "Merged with IT"},
    ),
)


def add_people_commands(router: APIRouter) -> None:
    """Register every verb of people and groups."""
    add_command(
        router,
        Order(
            "POST /v1/people",
            making_key(ADD, lambda body: body.person, person_stream, lambda key: f"/v1/people/{key}"),
        ),
        ADD,
        tag="People",
    )
    for each in PERSON_VERBS:
        order = Order(f"POST /v1/people/{{key}}/{each.name}", on_key(each, person_key, person_stream))
        add_command(router, order, each, tag="People")
    handing_over = Order("POST /v1/people/{key}/hand-over", hand_over)
    add_command(router, handing_over, HAND_OVER, tag="People", answer=HandedOver)
    add_command(
        router,
        Order(
            "POST /v1/groups",
            making_key(CREATE, lambda body: body.group, group_stream, lambda key: f"/v1/groups/{key}"),
        ),
        CREATE,
        tag="People",
    )
    for each in GROUP_VERBS:
        order = Order(f"POST /v1/groups/{{key}}/{each.name}", on_key(each, group_key, group_stream))
        add_command(router, order, each, tag="People")
