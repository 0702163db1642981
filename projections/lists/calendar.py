"""What is due when, in a project or for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from domain.schedule import Calendar
from projections.answers import Card, InboxRow
from projections.asking import Conn, fresh, rows
from projections.board.projects import project_of
from projections.lists.cards import due_cards, target_words
from projections.paging import ALL
from projections.visible import EVERYTHING, Visible
from projections.work.queries import inbox


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Something that is due: a step or task, or a run's target.

    ``on`` is the day of a due that has no time of day, ``at`` then the end of business on it. ``changed_at`` is when
    the run or task was last changed, and not before it became overdue.
    """

    id: str
    at: datetime
    kind: Literal["step", "task", "target"]
    title: str
    of: str
    who: str | None
    overdue: bool
    path: str
    on: date | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueCalendar:
    """What is due between two instants, the earliest first."""

    entries: tuple[CalendarEntry, ...]
    position: int
    as_of: datetime
    behind: int = 0


def project_calendar(
    connection: Conn, project: UUID, begin: datetime, end: datetime, *, calendar: Calendar
) -> DueCalendar:
    """What is due in a project: the next action of every run, its target, and tasks. Raises NotFound."""
    current = fresh(connection, "board")
    project_of(connection, project)
    cards = due_cards(connection, project, begin, end, calendar)
    entries = [(card.id, entry) for card in cards for entry in _entries(card, current.as_of)]
    return DueCalendar(_between(connection, entries, begin, end), *current)


def person_calendar(
    connection: Conn,
    person: str,
    begin: datetime,
    end: datetime,
    *,
    calendar: Calendar,
    visible: Visible = EVERYTHING,
) -> DueCalendar:
    """What is due for a person: the ready work of theirs that has a due in the window, as far as it is ``visible``."""
    seen = inbox(connection, person, calendar=calendar, page=ALL, due=(begin, end), visible=visible)
    entries = [(row.id, _own(row)) for row in seen.rows if row.due_at is not None]
    return DueCalendar(_between(connection, entries, begin, end), seen.position, seen.as_of, seen.behind)


def _entries(card: Card, now: datetime) -> Iterator[CalendarEntry]:
    path = f"/{card.kind}s/{card.id}"
    if card.due_at is not None:
        kind: Literal["step", "task"] = "task" if card.kind == "task" else "step"
        title = card.next_action or card.name
        yield CalendarEntry(
            f"{card.id}-due", card.due_at, kind, title, card.name, card.who, card.overdue, path, card.due_on
        )
    if card.target_at is not None:
        yield CalendarEntry(
            f"{card.id}-target",
            card.target_at,
            "target",
            target_words(card),
            card.name,
            None,
            card.open_target_at is not None and card.open_target_at < now,
            path,
        )


def _own(row: InboxRow) -> CalendarEntry:
    assert row.due_at is not None
    path = f"/tasks/{row.id}" if row.kind == "task" else f"/runs/{row.id}?step={row.step}"
    kind: Literal["step", "task"] = "task" if row.kind == "task" else "step"
    return CalendarEntry(
        f"{row.id}-{row.step or 'due'}",
        row.due_at,
        kind,
        row.title,
        row.name,
        row.assignee,
        row.overdue,
        path,
        row.due_on,
    )


def _between(
    connection: Conn, entries: Iterable[tuple[UUID, CalendarEntry]], begin: datetime, end: datetime
) -> tuple[CalendarEntry, ...]:
    """Those in the window in order, each with when its run or task was last changed."""
    found = [(work, entry) for work, entry in entries if begin <= entry.at < end]
    changed: dict[UUID, datetime] = dict(
        rows(connection, "changed_at", streams=list({work for work, _ in found}))
    )
    known = (replace(entry, changed_at=_last(entry, changed.get(work))) for work, entry in found)
    return tuple(sorted(known, key=lambda entry: (entry.at, entry.of, entry.title, entry.id)))


def _last(entry: CalendarEntry, changed: datetime | None) -> datetime | None:
    """To become overdue is a change too, that no event tells."""
    return max(changed, entry.at) if changed is not None and entry.overdue else changed
