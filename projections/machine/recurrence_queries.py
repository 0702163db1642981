"""What is asked of recurring work: lists with the instants to come, and what the worker has to make now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.instants import described, upcoming
from projections.asking import Conn, NotFound, fresh
from projections.paging import ALL, Left, Page
from projections.statements import ask_page, statements, value_of, values_of
from projections.visible import Visible

_SQL = statements("machine/recurrence_queries")
PREVIEWED = 5


@dataclass(frozen=True, slots=True)
class RecurrenceRow:
    """One piece of recurring work; ``coming`` are the next five instants, ``schedule`` says the rule in words."""

    id: UUID
    name: str
    state: str
    cron: str
    time_zone: str
    catch_up: str
    makes: str
    project: UUID | None
    process: str | None
    template: dict[str, Any]
    set_up_at: datetime
    set_up_by: str | None
    next_at: datetime | None
    last_at: datetime | None
    last_made: UUID | None
    last_passed_over: str | None
    made: int
    passed_over: int
    stream_version: int
    schedule: str
    coming: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Recurrences:
    """Recurring work, the next to come first."""

    rows: tuple[RecurrenceRow, ...]
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
    next_after: int | None = None


def recurrences(
    connection: Conn, project: UUID | None = None, page: Page = ALL, *, visible: Visible
) -> Recurrences:
    """All recurring work that is ``visible``, or that of one project."""
    current = fresh(connection, "recurrences")
    shown, after_these = _found(connection, page, visible, project=project)
    return Recurrences(tuple(map(_row, shown)), *current, *after_these)


def recurrence(connection: Conn, recurrence: UUID, *, visible: Visible) -> Recurrences:
    """One piece of recurring work, as a list of one. Raises NotFound, also where it is not ``visible``."""
    current = fresh(connection, "recurrences")
    found, _ = _found(connection, ALL, visible, recurrence=recurrence)
    if not found:
        raise NotFound("recurrence", recurrence)
    return Recurrences(tuple(map(_row, found)), *current)


def due_recurrences(connection: Conn, now: datetime, apart: Sequence[UUID] = ()) -> list[UUID]:
    """What has come and was not dealt with yet, the oldest first, at most a hundred; ``apart`` are left out."""
    return values_of(connection, _SQL["due"], now=now, apart=list(apart))


def next_instant(connection: Conn, apart: Sequence[UUID] = ()) -> datetime | None:
    """When the next recurring work comes, but that of ``apart``."""
    found: datetime | None = value_of(connection, _SQL["next"], apart=list(apart))
    return found


def _found(
    connection: Conn,
    page: Page,
    visible: Visible,
    *,
    project: UUID | None = None,
    recurrence: UUID | None = None,
) -> tuple[tuple[_Recurring, ...], Left]:
    return ask_page(
        connection,
        _SQL["list"],
        _Recurring,
        page,
        project=project,
        recurrence=recurrence,
        **visible.asked,
    )


def _row(row: _Recurring) -> RecurrenceRow:
    """With its rule in words and the instants to come."""
    at = row.next_at
    coming = () if at is None else (at, *upcoming(row.cron, row.time_zone, at, PREVIEWED - 1))
    return RecurrenceRow(*row, schedule=described(row.cron), coming=coming)


class _Recurring(NamedTuple):
    """Recurring work as it is kept."""

    id: UUID
    name: str
    state: str
    cron: str
    time_zone: str
    catch_up: str
    makes: str
    project: UUID | None
    process: str | None
    template: dict[str, Any]
    set_up_at: datetime
    set_up_by: str | None
    next_at: datetime | None
    last_at: datetime | None
    last_made: UUID | None
    last_passed_over: str | None
    made: int
    passed_over: int
    stream_version: int
