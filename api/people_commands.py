"""Commands on people and groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from api import bodies, people_bodies
from api.commands import Call, carry_out
from api.handing_over import HAND_OVER, HandedOver, hand_over
from api.reading import validate
from api.registering import Handle, add_command
from api.streams import GROUPS, PEOPLE, group_key, known_group, known_person, person_key
from api.verbs import Given, Verb
from domain import group as groups
from domain import person as people
from domain.aggregate import Aggregate
from domain.events import Event
from domain.words import group_stream, person_stream

ADD = Verb(
    "add",
    "Add somebody who works here",
    people_bodies.AddPerson,
    lambda person, body, *, directory, by, at: people.add_person(
        person,
        body.person,
        body.name,
        body.email,
        body.manager,
        body.weekly_hours,
        directory=directory,
        by=by,
        at=at,
    ),
    {
        "person": "bo",
        "name": "Bo Ek",
        "email": "bo@example.com",
        "manager": "person:dana",
        "weekly_hours": 40.0,
    },
    whole="body",
)


def _change(person: people.Person, body: people_bodies.ChangePerson, **told: Any) -> Sequence[Event]:
    """What the body does not name stays as it is; a name is not taken away."""
    known = {
        "name": person.name,
        "email": person.email,
        "manager": person.manager,
        "weekly_hours": person.weekly_hours,
    }
    given = {name: getattr(body, name) for name in body.model_fields_set}
    name = given.pop("name", None) or person.name
    return people.change_person(person, **{**known, **given, "name": name}, **told)


PERSON_VERBS = (
    Verb(
        "change",
        "Change what is known of somebody",
        people_bodies.ChangePerson,
        lambda person, body, *, directory, by, at: _change(person, body, directory=directory, by=by, at=at),
        {"manager": "person:dana", "weekly_hours": 32.0},
        whole="body",
    ),
    Verb(
        "deactivate",
        "Give somebody no more work",
        bodies.Reason,
        people.deactivate,
        {"reason": "Left at the end of May"},
    ),
    Verb("reactivate", "Give somebody work again", bodies.Nothing, people.reactivate),
)
CREATE = Verb(
    "create",
    "Create a group of people who share work",
    people_bodies.CreateGroup,
    lambda group, body, *, by, at: groups.create_group(group, body.group, body.title, by=by, at=at),
    {"group": "legal", "title": "Legal"},
    whole="body",
)
GROUP_VERBS = (
    Verb(
        "rename",
        "Rename a group",
        people_bodies.RenameGroup,
        groups.rename_group,
        {"title": "Legal and privacy"},
    ),
    Verb(
        "add-member",
        "Let somebody take work of a group",
        people_bodies.MemberOfGroup,
        groups.add_group_member,
        {"member": "person:bo"},
    ),
    Verb(
        "remove-member",
        "Let somebody take no more work of a group",
        people_bodies.MemberOfGroup,
        groups.remove_group_member,
        {"member": "person:bo"},
    ),
    Verb("close", "Close a group for good", bodies.Reason, groups.close_group, {"reason": "Merged with IT"}),
)


def add_people_commands(router: APIRouter) -> None:
    """Register every verb of people and groups."""
    add_command(router, "POST", "/v1/people", ADD, _add, tag="People")
    for verb in PERSON_VERBS:
        add_command(router, "POST", f"/v1/people/{{key}}/{verb.name}", verb, _on_person(verb), tag="People")
    address = "/v1/people/{key}/hand-over"
    add_command(router, "POST", address, HAND_OVER, hand_over, tag="People", answer=HandedOver)
    add_command(router, "POST", "/v1/groups", CREATE, _create, tag="People")
    for verb in GROUP_VERBS:
        add_command(router, "POST", f"/v1/groups/{{key}}/{verb.name}", verb, _on_group(verb), tag="People")


async def _add(call: Call) -> Response:
    body = validate(people_bodies.AddPerson, call.body)
    stream, address = person_stream(body.person), f"/v1/people/{body.person}"
    return await _carry_out(call, ADD, body, PEOPLE, stream, body.person, lambda person: person, address)


async def _create(call: Call) -> Response:
    body = validate(people_bodies.CreateGroup, call.body)
    stream, address = group_stream(body.group), f"/v1/groups/{body.group}"
    return await _carry_out(call, CREATE, body, GROUPS, stream, body.group, lambda group: group, address)


def _on_person(verb: Verb) -> Handle:
    async def handle(call: Call) -> Response:
        key = person_key(call.request.path_params["key"])
        body = validate(verb.body, call.body)
        return await _carry_out(
            call, verb, body, PEOPLE, person_stream(key), key, lambda person: known_person(person, key)
        )

    return handle


def _on_group(verb: Verb) -> Handle:
    async def handle(call: Call) -> Response:
        key = group_key(call.request.path_params["key"])
        body = validate(verb.body, call.body)
        return await _carry_out(
            call, verb, body, GROUPS, group_stream(key), key, lambda group: known_group(group, key)
        )

    return handle


async def _carry_out(
    call: Call,
    verb: Verb,
    body: BaseModel,
    aggregate: Aggregate[Any],
    stream: UUID,
    key: str,
    known: Callable[[Any], Any],
    created: str | None = None,
) -> Response:
    services = call.services
    directory = await services.directories.now()
    given = Given(call.caller.actor, services.clock(), services.calendar, stream, directory=directory)

    def decide(state: Any) -> Sequence[Event]:
        return verb.decide(known(state), body, given)

    return await carry_out(call, aggregate, stream, decide, name=key, meta=call.caller.meta, created=created)
