"""People and groups as pages and commands show them, and the work that is left of who left."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
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
from projections.engine.projection import blocks
from projections.paging import ALL, Page, counted
from projections.statements import ask, composed, parts

SQL = blocks("people/queries")
_LEAVING = composed("people/leaving", **parts("people/gone"))


def people(connection: Conn, page: Page = ALL) -> People:
    """Everybody, those who left last."""
    current = fresh(connection, "people", "inbox")
    shown, after_these = counted(_rows(connection, "people", person=None, **page._asdict()), page)
    return People(tuple(map(_person_row, shown)), *current, *after_these)


def person(connection: Conn, key: str) -> PersonView:
    """One person by key (without ``person:``). Raises NotFound."""
    current = fresh(connection, "people", "inbox")
    found, _ = counted(_rows(connection, "people", person=f"person:{key}", **ALL._asdict()), ALL)
    if not found:
        raise NotFound("person", key)
    return PersonView(_person_row(found[0]), *current)


def groups(connection: Conn, page: Page = ALL) -> Groups:
    """All groups with their members, closed ones last."""
    current = fresh(connection, "people", "inbox")
    shown, after_these = counted(_rows(connection, "groups", group=None, **page._asdict()), page)
    return Groups(tuple(map(_group_row, shown)), *current, *after_these)


def group(connection: Conn, key: str) -> GroupView:
    """One group by key (without ``group:``). Raises NotFound."""
    current = fresh(connection, "people", "inbox")
    found, _ = counted(_rows(connection, "groups", group=f"group:{key}", **ALL._asdict()), ALL)
    if not found:
        raise NotFound("group", key)
    return GroupView(_group_row(found[0]), *current)


def names(connection: Conn) -> dict[str, str]:
    """What everybody and every group is called, by ``person:KEY`` and ``group:KEY``."""
    return dict(_rows(connection, "names"))


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
    runs = [row[0] for row in _rows(connection, "held_runs", person=person)]
    return runs, [row[0] for row in _rows(connection, "held_tasks", person=person)]


def _person_row(row: tuple[Any, ...]) -> PersonRow:
    told: list[Any] = [*row[:10], tuple(row[10]), *row[11:]]
    return PersonRow(*told)


def _group_row(row: tuple[Any, ...]) -> GroupRow:
    told: list[Any] = [*row[:5], tuple(GroupMember(*member) for member in row[5]), *row[6:]]
    return GroupRow(*told)


def _rows(connection: Conn, name: str, **values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(SQL[name].encode(), values, prepare=True).fetchall()
