"""The directory that decisions ask: read once from the read model, then kept up to date with the events of people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.definition import Definition
from domain.directory import Directory, GroupFacts, PersonFacts
from domain.events import AnyGroupEvent, AnyPersonEvent
from domain.words import Assignee, group_stream, person_stream
from projections.asking import Conn, fresh
from projections.statements import ask, statements

_SQL = statements("people/directory")
TYPES = [event.type for union in (AnyPersonEvent, AnyGroupEvent) for event in union.__args__]


class _Person(NamedTuple):
    """Somebody as decisions see them."""

    person: Assignee
    name: str
    email: str | None
    manager: Assignee | None
    active: bool
    weekly_hours: float | None


class _Group(NamedTuple):
    """A group as decisions see it."""

    work_group: Assignee
    title: str
    members: list[Assignee]
    closed: bool


class _Times(NamedTuple):
    """How often it was somebody's turn, or how much open work they have."""

    who: Assignee
    times: int


class _Change(NamedTuple):
    """An event of somebody or a group (None: there is none), and the head of the log."""

    position: int
    stream: UUID | None
    type: str | None
    data: str | None


def read(connection: Conn) -> tuple[int, Directory]:
    """A position, and everybody and every group as of it or later; without turns and loads."""
    position = fresh(connection, "people").position
    found = {
        each.person: PersonFacts(each.name, each.email, each.manager, each.active, each.weekly_hours)
        for each in ask(connection, _SQL["directory_people"], _Person)
    }
    teams = {
        each.work_group: GroupFacts(each.title, tuple(each.members), closed=each.closed)
        for each in ask(connection, _SQL["directory_groups"], _Group)
    }
    return position, Directory(found, teams)


def follow(connection: Conn, known: Directory, position: int) -> tuple[int, Directory]:
    """The head of the log, and the directory as of it, from one as of ``position``; however far read models are."""
    told = ask(connection, _SQL["changes_of_people"], _Change, after=position, types=TYPES)
    for each in told:
        if each.stream is not None and each.type is not None and each.data is not None:
            known = _applied(known, each.stream, each.type, orjson.loads(each.data))
    return (told[0].position if told else position), known


def directory(connection: Conn) -> Directory:
    """Everybody and every group as of the head of the log."""
    position, known = read(connection)
    return follow(connection, known, position)[1]


def with_turns(connection: Conn, known: Directory, of: Iterable[Assignee]) -> tuple[int, Directory]:
    """A position, and the directory with the turns of these groups and the open work of their members as of it."""
    position = fresh(connection, "people", "inbox").position
    asked = [each for each in of if each in known.groups]
    turns = dict(ask(connection, _SQL["turns"], _Times, groups=asked))
    drawn = {each: replace(known.groups[each], turn=turns.get(each, 0)) for each in asked}
    members = [member for each in asked for member in known.members(each)]
    loads = dict(ask(connection, _SQL["loads"], _Times, people=members))
    return position, replace(known, groups={**known.groups, **drawn}, load=loads)


def drawn_from(definition: Definition) -> list[Assignee]:
    """The groups out of which a run of this process draws somebody when it starts."""
    groups = {role.group for role in definition.document.roles if role.group and role.assign != "claim"}
    return [Assignee(f"group:{group}") for group in sorted(groups)]


def _applied(known: Directory, stream: UUID, kind: str, data: dict[str, Any]) -> Directory:
    if kind.startswith("person_"):
        key = f"person:{data['person']}" if "person" in data else _key(known.people, stream)
        if key is None:
            return known
        person = _person(known.people.get(Assignee(key)), kind, data)
        return replace(known, people={**known.people, Assignee(key): person})
    key = f"group:{data['group']}" if "group" in data else _key(known.groups, stream)
    if key is None:
        return known
    group = _group(known.groups.get(Assignee(key)), kind, data)
    return replace(known, groups={**known.groups, Assignee(key): group})


def _key(known: Iterable[Assignee], stream: UUID) -> str | None:
    """Whose stream it is: only the first event of a stream says so."""
    for who in known:
        kind, _, key = who.partition(":")
        if (person_stream if kind == "person" else group_stream)(key) == stream:
            return who
    return None


def _person(known: PersonFacts | None, kind: str, data: dict[str, Any]) -> PersonFacts:
    person = known or PersonFacts("")
    match kind:
        case "person_deactivated":
            return replace(person, active=False)
        case "person_reactivated":
            return replace(person, active=True)
        case _:
            return replace(
                person,
                name=data["name"],
                email=data.get("email"),
                manager=data.get("manager"),
                weekly_hours=data.get("weekly_hours"),
            )


def _group(known: GroupFacts | None, kind: str, data: dict[str, Any]) -> GroupFacts:
    group = known or GroupFacts("")
    others = tuple(member for member in group.members if member != data.get("member"))
    match kind:
        case "group_member_added":
            return replace(group, members=(*others, data["member"]))
        case "group_member_removed":
            return replace(group, members=others)
        case "group_closed":
            return replace(group, members=(), closed=True)
        case _:
            return replace(group, title=data["title"])
