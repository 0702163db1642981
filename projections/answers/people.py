"""Answers about people and groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who works here; ``open_work`` counts their open steps and tasks, ``version`` is for If-Match."""

    person: str
    name: str
    email: str | None
    manager: str | None
    manager_name: str | None
    weekly_hours: float | None
    active: bool
    reason: str | None
    added_at: datetime
    left_at: datetime | None
    groups: tuple[str, ...]
    open_work: int
    version: int


@dataclass(frozen=True, slots=True)
class People:
    """Everybody by name; those who left come last."""

    rows: tuple[PersonRow, ...]
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person."""

    person: PersonRow
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class GroupMember:
    """Somebody who takes work of a group; who left takes none although they are still on the list."""

    member: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class GroupRow:
    """People who share work, and how many open steps and tasks wait for one of them."""

    group: str
    title: str
    state: str
    reason: str | None
    created_at: datetime
    members: tuple[GroupMember, ...]
    open_work: int
    version: int


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups by title; closed ones come last."""

    rows: tuple[GroupRow, ...]
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group."""

    group: GroupRow
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class OwnerGone:
    """An open step or task whose owner takes no more work: a person who left, or a group that nobody is in.

    ``known``: false where no person or group of this key was ever added.
    """

    card: UUID
    card_kind: str
    name: str
    project: UUID | None
    process: str | None
    step: str | None
    title: str
    who: str
    why: str
    since: datetime | None
    due_at: datetime | None
    priority: str
    known: bool = True
