"""A project as a list, a timeline and a calendar: the cards of its board in other orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from domain.naming import spoken
from domain.schedule import Calendar
from domain.words import PRIORITIES
from projections.answers import Board, Card, InboxRow
from projections.asking import Conn, rows
from projections.board_queries import EVERY_CARD, CardFilter, board
from projections.work_queries import inbox

SortKey = Literal[
    "rank", "name", "stage", "state", "due", "priority", "progress", "who", "started", "target", "ended"
]
GroupKey = Literal["stage", "state", "who", "priority", "process", "kind"]
EVERY_ENDED = 1_000_000
_FAR = float("inf")


@dataclass(frozen=True, slots=True)
class ListGroup:
    """Cards that have something in common; ``key`` is None in a list without groups, ``title`` what people read."""

    key: str | None
    title: str
    count: int
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class CardList:
    """A project's cards in an order, in groups; ``count`` is of all that pass the filter, ``more`` are not shown.

    ``stages`` are the titles of the board's stages by key, in their order.
    """

    project: UUID
    name: str
    groups: tuple[ListGroup, ...]
    count: int
    more: int
    position: int
    as_of: datetime
    behind: int = 0
    stages: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of a card's time; without an end it goes on. A forecast reaches from its P50 to its P85."""

    kind: Literal["planned", "actual", "forecast"]
    stage: str | None
    title: str
    begins_at: datetime
    ends_at: datetime | None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One card with its bars."""

    id: UUID
    kind: str
    name: str
    state: str
    stage: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The cards of a project over time, those that began first above."""

    project: UUID
    name: str
    rows: tuple[TimelineRow, ...]
    position: int
    as_of: datetime
    behind: int = 0


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


def card_list(
    connection: Conn,
    project: UUID,
    *,
    calendar: Calendar,
    only: CardFilter = EVERY_CARD,
    sort: SortKey = "rank",
    group: GroupKey | None = None,
    ended: bool = False,
    limit: int = 500,
) -> CardList:
    """A project's cards as a list; ``ended`` ones too when asked for. Raises NotFound."""
    seen = board(connection, project, calendar=calendar, only=only, ended=EVERY_ENDED if ended else 0)
    cards = _in_order(seen, sort)
    shown = cards[:limit]
    groups = (
        _grouped(shown, group, seen) if group else (ListGroup(None, seen.name, len(shown), tuple(shown)),)
    )
    more = len(cards) - len(shown)
    stages = {column.key: column.title for column in seen.columns}
    return CardList(
        seen.project, seen.name, groups, len(cards), more, seen.position, seen.as_of, seen.behind, stages
    )


def timeline(
    connection: Conn,
    project: UUID,
    *,
    calendar: Calendar,
    only: CardFilter = EVERY_CARD,
    ended: bool = False,
) -> Timeline:
    """Planned, actual and forecast stretches of every card. Raises NotFound."""
    seen = board(connection, project, calendar=calendar, only=only, ended=EVERY_ENDED if ended else 0)
    cards = sorted(_cards(seen), key=lambda card: (_or_far(card.started_at), card.name))
    found = tuple(
        TimelineRow(card.id, card.kind, card.name, card.state, card.stage, tuple(_bars(card)))
        for card in cards
    )
    return Timeline(seen.project, seen.name, found, seen.position, seen.as_of, seen.behind)


def project_calendar(
    connection: Conn, project: UUID, begin: datetime, end: datetime, *, calendar: Calendar
) -> DueCalendar:
    """What is due in a project: the next action of every run, its target, and tasks. Raises NotFound."""
    seen = board(connection, project, calendar=calendar, ended=0)
    entries = [(card.id, entry) for card in _cards(seen) for entry in _entries(card, seen.as_of)]
    return DueCalendar(_between(connection, entries, begin, end), seen.position, seen.as_of, seen.behind)


def person_calendar(
    connection: Conn, person: str, begin: datetime, end: datetime, *, calendar: Calendar
) -> DueCalendar:
    """What is due for a person: the ready work in their inbox that has a due."""
    seen = inbox(connection, person, calendar=calendar)
    entries = [(row.id, _own(row)) for row in seen.rows if row.due_at is not None]
    return DueCalendar(_between(connection, entries, begin, end), seen.position, seen.as_of, seen.behind)


def _cards(seen: Board) -> Iterator[Card]:
    for column in seen.columns:
        yield from column.cards


def _in_order(seen: Board, sort: SortKey) -> list[Card]:
    """The cards in the board's own order, by stage as the board has them, or by what a card says."""
    cards = list(_cards(seen))
    if sort == "rank":
        return cards
    if sort == "stage":
        place = {column.key: number for number, column in enumerate(seen.columns)}
        return sorted(cards, key=lambda card: (place.get(card.stage, len(place)), card.name.casefold()))
    return sorted(cards, key=_SORTS[sort])


def _or_far(instant: datetime | None) -> float:
    return _FAR if instant is None else instant.timestamp()


_SORTS: Mapping[SortKey, Callable[[Card], Any]] = {
    "name": lambda card: card.name.casefold(),
    "state": lambda card: (card.state, card.name.casefold()),
    "due": lambda card: (_or_far(card.due_at), card.name.casefold()),
    "priority": lambda card: (PRIORITIES.index(card.priority), _or_far(card.due_at), card.name.casefold()),
    "progress": lambda card: (-(card.progress or 0.0), card.name.casefold()),
    "who": lambda card: (card.who is None, card.who or "", _or_far(card.due_at)),
    "started": lambda card: (_or_far(card.started_at), card.name.casefold()),
    "target": lambda card: (_or_far(card.target_at), card.name.casefold()),
    "ended": lambda card: (_or_far(card.ended_at), card.name.casefold()),
}


def _grouped(cards: list[Card], group: GroupKey, seen: Board) -> tuple[ListGroup, ...]:
    """Groups in the order of the board's stages, of the priorities, else of their titles; cards keep their order."""
    titles = {column.key: column.title for column in seen.columns}

    def key(card: Card) -> str:
        return str(getattr(card, group) or "")

    order: dict[str, int] = {name: place for place, name in enumerate((*titles, *PRIORITIES))}
    ordered = sorted(cards, key=lambda card: (order.get(key(card), len(order)), key(card)))
    made = []
    for name, of_group in groupby(ordered, key=key):
        found = tuple(of_group)
        title = titles.get(name) or (spoken(name) if group == "who" and name else name.replace("_", " "))
        made.append(ListGroup(name, title or "nobody", len(found), found))
    return tuple(made)


def _bars(card: Card) -> Iterator[Bar]:
    """Where the whole run has a target of its own, no stage is planned beyond it."""
    limit = card.target_at if card.target_stage is None else None
    if card.target_at is not None and card.started_at is not None:
        yield Bar("planned", None, _target_words(card), card.started_at, card.target_at)
    begun = card.started_at
    for dot in card.stages:
        if dot.target_at is not None and begun is not None:
            until = max(begun, min(dot.target_at, limit or dot.target_at))
            if until > begun:
                yield Bar("planned", dot.key, dot.title, begun, until)
            begun = until
        if dot.entered_at is not None:
            yield Bar("actual", dot.key, dot.title, dot.entered_at, dot.ended_at, dot.state)
    if card.forecast is not None and card.forecast.p50_at is not None and card.forecast.p85_at is not None:
        yield Bar(
            "forecast", None, "Probably done", card.forecast.p50_at, card.forecast.p85_at, card.forecast.state
        )
    if card.kind == "task" and card.started_at is not None:
        if card.due_at is not None:
            yield Bar("planned", None, "Due", card.started_at, max(card.started_at, card.due_at))
        yield Bar("actual", card.stage, card.name, card.started_at, card.ended_at, card.state)


def _target_words(card: Card) -> str:
    return "Target" if card.aim is None else f"Target: {card.aim}"


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
            _target_words(card),
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
