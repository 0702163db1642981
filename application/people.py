"""What can be asked of people and groups.

Each raises Refused where there is no such person or group, and Rejected, with what would be accepted, where a rule says
no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from application.asked import Asked
from application.found import GROUPS, PEOPLE, known_group, known_person
from application.granting import OtherAdministrators
from application.milepost import Beside, Milepost, Outcome
from application.rights.subjects import OfHouse, OfPerson
from domain import group as groups
from domain import person as people
from domain.events import AnyGroupEvent, AnyPersonEvent
from domain.group import Group
from domain.person import Person
from domain.rights import must_be_left
from domain.words import Assignee, group_stream, person_stream

_CHANGEABLE = ("name", "email", "manager", "weekly_hours")


async def add_person(
    app: Milepost,
    key: str,
    asked: Asked,
    *,
    name: str,
    email: str | None = None,
    manager: Assignee | None = None,
    weekly_hours: float | None = None,
) -> Outcome[AnyPersonEvent]:
    """Add somebody who works here."""
    house = await app.directories.now()
    return await app.act(PEOPLE, person_stream(key), lambda known: people.add_person(
        known, key, name, email, manager, weekly_hours, directory=house, by=asked.by, at=asked.at
    ), asked, check=app.gate.on("people.add_person", asked, OfPerson(f"person:{key}")))  # fmt: skip


async def change_person(
    app: Milepost, key: str, asked: Asked, *, changes: Mapping[str, Any]
) -> Outcome[AnyPersonEvent]:
    """Change ``name``, ``email``, ``manager`` or ``weekly_hours``; what is not named stays. No name is taken away."""
    house = await app.directories.now()

    def decide(now: Person) -> Sequence[AnyPersonEvent]:
        to_be = {each: getattr(now, each) for each in _CHANGEABLE} | dict(changes)
        to_be["name"] = to_be["name"] or now.name
        return people.change_person(now, **to_be, directory=house, by=asked.by, at=asked.at)

    return await _on_person(app, key, asked, "people.change_person", decide)


async def deactivate(app: Milepost, key: str, asked: Asked, *, reason: str) -> Outcome[AnyPersonEvent]:
    """Give somebody no more work; whatever lets them in ends. Rejected for the last who is administrator for good."""
    holder = Assignee(f"person:{key}")
    others = OtherAdministrators(app, holder, asked.at)

    def decide(now: Person) -> Sequence[AnyPersonEvent]:
        events = people.deactivate(now, reason, by=asked.by, at=asked.at)
        if events and others.is_one:
            must_be_left(others.left)
        return events

    return await _on_person(app, key, asked, "people.deactivate", decide, beside=others)


async def reactivate(app: Milepost, key: str, asked: Asked) -> Outcome[AnyPersonEvent]:
    """Give somebody work again."""
    return await _on_person(
        app, key, asked, "people.reactivate", lambda now: people.reactivate(now, by=asked.by, at=asked.at)
    )


async def create_group(app: Milepost, key: str, asked: Asked, *, title: str) -> Outcome[AnyGroupEvent]:
    """Create a group of people who share work."""
    return await app.act(GROUPS, group_stream(key), lambda known: groups.create_group(
        known, key, title, by=asked.by, at=asked.at
    ), asked, check=app.gate.on("people.create_group", asked, OfHouse("group", key)))  # fmt: skip


async def rename_group(app: Milepost, key: str, asked: Asked, *, title: str) -> Outcome[AnyGroupEvent]:
    """Give a group another title."""
    return await _on_group(app, key, asked, "people.rename_group", lambda now: groups.rename_group(
        now, title, by=asked.by, at=asked.at
    ))  # fmt: skip


async def add_group_member(
    app: Milepost, key: str, asked: Asked, *, member: Assignee
) -> Outcome[AnyGroupEvent]:
    """Let somebody take work of a group."""
    house = await app.directories.now()
    return await _on_group(app, key, asked, "people.add_group_member", lambda now: groups.add_group_member(
        now, member, directory=house, by=asked.by, at=asked.at
    ))  # fmt: skip


async def remove_group_member(
    app: Milepost, key: str, asked: Asked, *, member: Assignee
) -> Outcome[AnyGroupEvent]:
    """Let somebody take no more work of a group."""
    return await _on_group(app, key, asked, "people.remove_group_member", lambda now: groups.remove_group_member(
        now, member, by=asked.by, at=asked.at
    ))  # fmt: skip


async def close_group(app: Milepost, key: str, asked: Asked, *, reason: str) -> Outcome[AnyGroupEvent]:
    """Close a group for good."""
    return await _on_group(app, key, asked, "people.close_group", lambda now: groups.close_group(
        now, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def _on_person(
    app: Milepost,
    key: str,
    asked: Asked,
    function: str,
    decide: Callable[[Person], Sequence[AnyPersonEvent]],
    *,
    beside: Beside | None = None,
) -> Outcome[AnyPersonEvent]:
    check = app.gate.on(function, asked, OfPerson(f"person:{key}"))
    return await app.act(
        PEOPLE, person_stream(key), lambda state: decide(known_person(state, key)), asked,
        check=check, beside=beside,
    )  # fmt: skip


async def _on_group(
    app: Milepost,
    key: str,
    asked: Asked,
    function: str,
    decide: Callable[[Group], Sequence[AnyGroupEvent]],
) -> Outcome[AnyGroupEvent]:
    check = app.gate.on(function, asked, OfHouse("group", key))
    return await app.act(
        GROUPS, group_stream(key), lambda state: decide(known_group(state, key)), asked, check=check
    )
