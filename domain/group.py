"""People who share work: a title and members; whoever is free takes what the group has to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from domain.aggregate import Aggregate
from domain.checks import line, words
from domain.directory import Directory
from domain.events import (
    AnyGroupEvent,
    GroupClosed,
    GroupCreated,
    GroupMemberAdded,
    GroupMemberRemoved,
    GroupRenamed,
)
from domain.person import known_person
from domain.words import Actor, Assignee, Rejected

KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_MEMBERS = 1_000


@dataclass(frozen=True)
class Group:
    """What decisions about a group need to know; members in the order in which they came."""

    key: str = ""
    title: str = ""
    members: tuple[Assignee, ...] = ()
    closed: bool = False


def evolve(group: Group | None, event: AnyGroupEvent) -> Group:
    """The group after the event."""
    group = group or Group()
    match event:
        case GroupCreated():
            return replace(group, key=event.group, title=event.title)
        case GroupRenamed():
            return replace(group, title=event.title)
        case GroupMemberAdded():
            return replace(group, members=(*_without(group, event.member), event.member))
        case GroupMemberRemoved():
            return replace(group, members=_without(group, event.member))
        case GroupClosed():
            return replace(group, closed=True)
        case _:
            assert_never(event)


def _without(group: Group, member: Assignee) -> tuple[Assignee, ...]:
    return tuple(each for each in group.members if each != member)


GROUP = Aggregate("group", evolve)


# --- decisions ---


def create_group(
    group: Group | None, key: str, title: str, *, by: Actor, at: datetime
) -> list[AnyGroupEvent]:
    """Give people who share work a name. Creating the same group again changes nothing."""
    if not KEY.fullmatch(key):
        accepted = "1 to 64 lower-case letters, digits and underscores, a letter first"
        raise Rejected("bad_key", f"{key!r} cannot be the key of a group", field="key", accepted=accepted)
    title = line("title", title)
    if group is None:
        return [GroupCreated(group=key, title=title, by=by, at=at)]
    _must_be_open(group)
    if group.title != title:
        raise Rejected(
            "already_created", f"group:{key} is there already", title=group.title, accepted=["rename"]
        )
    return []


def rename_group(group: Group, title: str, *, by: Actor, at: datetime) -> list[AnyGroupEvent]:
    """Give the group another title."""
    title = line("title", title)
    if title == group.title:
        return []
    _must_be_open(group)
    return [GroupRenamed(title=title, by=by, at=at)]


def add_group_member(
    group: Group, member: Assignee, *, directory: Directory, by: Actor, at: datetime
) -> list[AnyGroupEvent]:
    """Let somebody take work of the group from now on."""
    if member in group.members:
        return []
    _must_be_open(group)
    known_person(member, directory)
    if len(group.members) >= _MOST_MEMBERS:
        raise Rejected("too_many_members", f"a group has at most {_MOST_MEMBERS} members", most=_MOST_MEMBERS)
    return [GroupMemberAdded(member=member, by=by, at=at)]


def remove_group_member(group: Group, member: Assignee, *, by: Actor, at: datetime) -> list[AnyGroupEvent]:
    """Somebody takes no more work of the group; what they claimed stays theirs."""
    return [GroupMemberRemoved(member=member, by=by, at=at)] if member in group.members else []


def close_group(group: Group, reason: str, *, by: Actor, at: datetime) -> list[AnyGroupEvent]:
    """The group takes no more work, for good; its key is not given to another."""
    return [] if group.closed else [GroupClosed(reason=words("reason", reason), by=by, at=at)]


def _must_be_open(group: Group) -> None:
    if group.closed:
        raise Rejected("group_closed", "this group is closed, for good; create another", group=group.key)
