"""The state of a person and of a group, as the read models need it."""

from __future__ import annotations

from datetime import datetime

from projections.engine.fold import Data, Fold


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
        self.members: list[str] = []
        self.reason: str | None = None
        self.created_at: datetime | None = None


def _person_added(person: PersonFacts, data: Data, at: datetime, by: str | None) -> None:
    person.key = data["person"]
    person.added_at = at
    _person_changed(person, data, at, by)


def _person_changed(person: PersonFacts, data: Data, _at: datetime, _by: str | None) -> None:
    person.name = data["name"]
    person.email = data.get("email")
    person.manager = data.get("manager")
    person.weekly_hours = data.get("weekly_hours")


def _person_deactivated(person: PersonFacts, data: Data, at: datetime, _by: str | None) -> None:
    person.active = False
    person.reason = data["reason"]
    person.left_at = at


def _person_reactivated(person: PersonFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    person.active = True
    person.reason = person.left_at = None


def _group_created(group: GroupFacts, data: Data, at: datetime, _by: str | None) -> None:
    group.key = data["group"]
    group.title = data["title"]
    group.created_at = at


def _group_renamed(group: GroupFacts, data: Data, _at: datetime, _by: str | None) -> None:
    group.title = data["title"]


def _member_added(group: GroupFacts, data: Data, at: datetime, by: str | None) -> None:
    _member_removed(group, data, at, by)
    group.members.append(data["member"])


def _member_removed(group: GroupFacts, data: Data, _at: datetime, _by: str | None) -> None:
    group.members = [member for member in group.members if member != data["member"]]


def _group_closed(group: GroupFacts, data: Data, _at: datetime, _by: str | None) -> None:
    group.state = "closed"
    group.reason = data["reason"]


PERSON_FACTS = Fold(
    "person_facts",
    PersonFacts,
    {
        "person_added": _person_added,
        "person_changed": _person_changed,
        "person_deactivated": _person_deactivated,
        "person_reactivated": _person_reactivated,
    },
)
GROUP_FACTS = Fold(
    "group_facts",
    GroupFacts,
    {
        "group_created": _group_created,
        "group_renamed": _group_renamed,
        "group_member_added": _member_added,
        "group_member_removed": _member_removed,
        "group_closed": _group_closed,
    },
)
