"""People and groups as pages and commands show them, and the work that is left of who left."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from projections.answers.cards import CardKind
from projections.answers.people import (
    GroupMember,
    GroupRow,
    Groups,
    GroupView,
    OwnerGone,
    People,
    PersonRow,
    PersonView,
)
from projections.asking import Conn, NotFound, fresh
from projections.paging import ALL, Left, Page
from projections.statements import ask, ask_page, composed, parts, statements, values_of

_SQL = statements("people/queries")
_LEAVING = composed("people/leaving", **parts("people/gone"))


def people(connection: Conn, page: Page = ALL) -> People:
    """Everybody, those who left last."""
    current = fresh(connection, "people", "inbox")
    shown, after_these = _people(connection, None, page)
    return People(shown, *current, *after_these)


def person(connection: Conn, key: str) -> PersonView:
    """One person by key (without ``person:``). Raises NotFound."""
    current = fresh(connection, "people", "inbox")
    found, _ = _people(connection, f"person:{key}", ALL)
    if not found:
        raise NotFound("person", key)
    return PersonView(found[0], *current)


def groups(connection: Conn, page: Page = ALL) -> Groups:
    """All groups with their members, closed ones last."""
    current = fresh(connection, "people", "inbox")
    shown, after_these = _groups(connection, None, page)
    return Groups(shown, *current, *after_these)


def group(connection: Conn, key: str) -> GroupView:
    """One group by key (without ``group:``). Raises NotFound."""
    current = fresh(connection, "people", "inbox")
    found, _ = _groups(connection, f"group:{key}", ALL)
    if not found:
        raise NotFound("group", key)
    return GroupView(found[0], *current)


def owner_deactivated(connection: Conn, project: UUID | None = None) -> list[OwnerGone]:
    """Open work of people who left and of groups that nobody active is in, in one project or in all; urgent first."""
    found = ask(connection, _LEAVING["owner_deactivated"], _GoneWork, project=project)
    return [OwnerGone(*row) for row in found]


class _GoneWork(NamedTuple):
    """Work that is left of who left, or was never here."""

    card: UUID
    kind: CardKind
    name: str
    project: UUID | None
    process: str | None
    step: str | None
    title: str
    assignee: str
    why: str
    since: datetime | None
    due_at: datetime | None
    priority: str
    known: bool


def held_by(connection: Conn, person: str) -> tuple[list[UUID], list[UUID]]:
    """The runs under way in which somebody fills a role or has a step, and their open tasks; the oldest first."""
    runs: list[UUID] = values_of(connection, _SQL["held_runs"], person=person)
    return runs, values_of(connection, _SQL["held_tasks"], person=person)


def _people(connection: Conn, person: str | None, page: Page) -> tuple[tuple[PersonRow, ...], Left]:
    found, after_these = ask_page(connection, _SQL["people"], PersonRow, page, person=person)
    return tuple(replace(each, groups=tuple(each.groups)) for each in found), after_these


def _groups(connection: Conn, group: str | None, page: Page) -> tuple[tuple[GroupRow, ...], Left]:
    found, after_these = ask_page(connection, _SQL["groups"], _Group, page, group=group)
    return tuple(map(_group_row, found)), after_these


class _Group(NamedTuple):
    """A group; of each member the key, the name and whether they are here."""

    group: str
    title: str
    state: str
    reason: str | None
    created_at: datetime
    members: list[tuple[str, str, bool]]
    open_work: int
    version: int


def _group_row(row: _Group) -> GroupRow:
    members = tuple(GroupMember(*member) for member in row.members)
    return GroupRow(**{**row._asdict(), "members": members})
