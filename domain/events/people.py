"""Events of people and groups: who works here, for whom, and with whom."""

from __future__ import annotations

from domain.events.base import Event
from domain.words import Assignee


class PersonEvent(Event):
    """A fact about somebody who works here."""

    aggregate = "person"


class PersonAdded(PersonEvent):
    """Somebody works here; ``person`` is the key after ``person:`` and is never given to anybody else.

    ``weekly_hours`` is the working time that plans may count on.
    """

    type = "person_added"
    person: str
    name: str
    email: str | None = None
    manager: Assignee | None = None
    weekly_hours: float | None = None


class PersonChanged(PersonEvent):
    """Name, address, manager or hours are now these, all of them."""

    type = "person_changed"
    name: str
    email: str | None = None
    manager: Assignee | None = None
    weekly_hours: float | None = None


class PersonDeactivated(PersonEvent):
    """The person takes no more work; what is theirs has to go to somebody else."""

    type = "person_deactivated"
    reason: str


class PersonReactivated(PersonEvent):
    """The person takes work again."""

    type = "person_reactivated"


class GroupEvent(Event):
    """A fact about people who share work."""

    aggregate = "group"


class GroupCreated(GroupEvent):
    """People who share work got a name; ``group`` is the key after ``group:``."""

    type = "group_created"
    group: str
    title: str


class GroupRenamed(GroupEvent):
    """The group's title changed."""

    type = "group_renamed"
    title: str


class GroupMemberAdded(GroupEvent):
    """Somebody takes work of the group from now on."""

    type = "group_member_added"
    member: Assignee


class GroupMemberRemoved(GroupEvent):
    """Somebody takes no more work of the group."""

    type = "group_member_removed"
    member: Assignee


class GroupClosed(GroupEvent):
    """The group takes no more work."""

    type = "group_closed"
    reason: str


AnyPersonEvent = PersonAdded | PersonChanged | PersonDeactivated | PersonReactivated
AnyGroupEvent = GroupCreated | GroupRenamed | GroupMemberAdded | GroupMemberRemoved | GroupClosed
