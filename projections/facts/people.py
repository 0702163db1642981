"""The state of a person and of a group, as the read models need it."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from domain import events as e
from domain.words import Assignee
from projections.engine.fold import Fold, over


class PersonFacts:
    """Somebody who works here."""

    __slots__ = ("active", "added_at", "email", "key", "left_at", "manager", "name", "reason", "weekly_hours")

    def __init__(self) -> None:
        self.key = ""
        self.name = ""
        self.email: str | None = None
        self.manager: str | None = None
        self.weekly_hours: float | None = None
        self.active = True
        self.reason: str | None = None
        self.added_at: datetime | None = None
        self.left_at: datetime | None = None


class GroupFacts:
    """People who share work; members in the order in which they came."""

    __slots__ = ("created_at", "key", "members", "reason", "state", "title")

    def __init__(self) -> None:
        self.key = ""
        self.title = ""
        self.state = "open"
        self.members: list[Assignee] = []
        self.reason: str | None = None
        self.created_at: datetime | None = None


def _take_person(person: PersonFacts, event: e.AnyPersonEvent) -> None:
    match event:
        case e.PersonAdded():
            person.key, person.added_at = event.person, event.at
            _describe(person, event)
        case e.PersonChanged():
            _describe(person, event)
        case e.PersonDeactivated():
            person.active, person.reason, person.left_at = False, event.reason, event.at
        case e.PersonReactivated():
            person.active, person.reason, person.left_at = True, None, None
        case _:
            assert_never(event)


def _describe(person: PersonFacts, event: e.PersonAdded | e.PersonChanged) -> None:
    person.name = event.name
    person.email = event.email
    person.manager = event.manager
    person.weekly_hours = event.weekly_hours


def _take_group(group: GroupFacts, event: e.AnyGroupEvent) -> None:
    match event:
        case e.GroupCreated():
            group.key, group.title, group.created_at = event.group, event.title, event.at
        case e.GroupRenamed():
            group.title = event.title
        case e.GroupMemberAdded():
            group.members = [*_without(group, event.member), event.member]
        case e.GroupMemberRemoved():
            group.members = _without(group, event.member)
        case e.GroupClosed():
            group.state, group.reason = "closed", event.reason
        case _:
            assert_never(event)


def _without(group: GroupFacts, member: Assignee) -> list[Assignee]:
    return [each for each in group.members if each != member]


PERSON_FACTS = Fold("person_facts", PersonFacts, over(e.AnyPersonEvent, _take_person))
GROUP_FACTS = Fold("group_facts", GroupFacts, over(e.AnyGroupEvent, _take_group))
