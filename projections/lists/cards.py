"""A project's cards in any order, in groups, a page at a time or all of them; and over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal, NamedTuple
from uuid import UUID

from psycopg import sql

from domain.naming import spoken
from domain.schedule import Calendar
from domain.words import PRIORITIES
from projections.answers import Card
from projections.asking import Conn, Fresh, fresh
from projections.board.projects import project_of
from projections.board.queries import EVERY_CARD, CardFilter, filtered, judged_cards, judged_states
from projections.cards.judging import Judge, judge
from projections.cards.queries import cards_by_id
from projections.cards.row import PARTS, CardRow
from projections.paging import FIRST, Page, left
from projections.statements import T, ask, composed, parts, rows_as, values_of

SortKey = Literal[
    "rank", "name", "stage", "state", "due", "priority", "progress", "who", "started", "target", "ended"
]
GroupKey = Literal["stage", "state", "who", "priority", "process", "kind"]
_BATCH = 500

_ORDERS = parts("lists/orders", **PARTS)
_DUE = composed("lists/due", **PARTS)


class _Listed(NamedTuple):
    """A card with the key of its group."""

    card: UUID
    group_key: str | None


class _Counted(NamedTuple):
    """How many cards are in a group."""

    group_key: str | None
    cards: int


@lru_cache(maxsize=200)
def _statements(sort: SortKey, group: GroupKey | None, *, ended: bool) -> dict[str, bytes]:
    """What such a list asks."""
    by = group or "none"
    return composed(
        "lists/cards",
        which=_ORDERS["every" if ended else "open"],
        group=_ORDERS[f"group_{by}"],
        order=sql.SQL("{}, {}, c.card").format(_ORDERS[f"among_{by}"], _ORDERS[f"sort_{sort}"]),
        **PARTS,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cards, in which order and groups; those that have ended too, when asked for."""

    only: CardFilter = EVERY_CARD
    sort: SortKey = "rank"
    group: GroupKey | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class ListGroup:
    """Cards that have something in common; ``key`` is None in a list without groups, ``title`` what people read.

    ``count`` is of the whole group, also of what other pages show of it.
    """

    key: str | None
    title: str
    count: int
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class CardList:
    """A project's cards in an order, in groups; ``count`` is of all that pass the filter.

    ``more`` come after these, behind ``next_after``. ``stages`` are the titles of the board's stages by key, in their
    order; ``acting`` is whoever has the next action of an open card.
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
    next_after: int | None = None
    acting: tuple[str, ...] = ()


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
    """The cards of a project over time, those that began first above; ``more`` come after these."""

    project: UUID
    name: str
    rows: tuple[TimelineRow, ...]
    position: int
    as_of: datetime
    behind: int = 0
    count: int = 0
    more: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class EveryCard:
    """All cards of a list, read as they are taken: the connection is in use until they are."""

    name: str
    stages: Mapping[str, str]
    cards: Iterator[Card]
    position: int


def card_list(
    connection: Conn,
    project: UUID,
    wanted: Wanted,
    page: Page = FIRST,
    *,
    calendar: Calendar | None = None,
    now: datetime | None = None,
) -> CardList:
    """A page of a project's cards. Raises NotFound."""
    asked = _Asked(connection, project, wanted, judge(now, calendar, connection=connection))
    found, counts = asked.page(page), asked.counts()
    total = sum(counts.values())
    more, next_after = left(total, page, len(found))
    groups = _grouped(found, counts, wanted.group, asked.name, asked.stages)
    return CardList(
        project, asked.name, groups, total, more, *asked.current, asked.stages, next_after,
        acting(connection, project),
    )  # fmt: skip


def acting(connection: Conn, project: UUID) -> tuple[str, ...]:
    """Whoever has the next action of an open card of the project."""
    found = values_of(connection, _DUE["acting"], project=project)
    return tuple(found)


def timeline(
    connection: Conn,
    project: UUID,
    wanted: Wanted,
    page: Page = FIRST,
    *,
    calendar: Calendar | None = None,
    now: datetime | None = None,
) -> Timeline:
    """Planned, actual and forecast stretches of a page of cards, those that began first. Raises NotFound."""
    by_start = replace(wanted, sort="started", group=None)
    asked = _Asked(connection, project, by_start, judge(now, calendar, connection=connection))
    found = asked.page(page)
    total = sum(asked.counts().values())
    told = tuple(
        TimelineRow(card.id, card.kind, card.name, card.state, card.stage, tuple(bars(card)))
        for card, _ in found
    )
    return Timeline(project, asked.name, told, *asked.current, total, *left(total, page, len(told)))


def every_card(
    connection: Conn,
    project: UUID,
    wanted: Wanted,
    *,
    calendar: Calendar | None = None,
    now: datetime | None = None,
) -> EveryCard:
    """All cards of the list, some at a time. Ask within a transaction that sees one state. Raises NotFound."""
    asked = _Asked(connection, project, wanted, judge(now, calendar, connection=connection))
    return EveryCard(asked.name, asked.stages, asked.every(), asked.current.position)


class _Asked:
    """One question for cards: what is known of the project, and the statements that it takes."""

    def __init__(self, connection: Conn, project: UUID, wanted: Wanted, by: Judge) -> None:
        self.current: Fresh = fresh(connection, "board")
        found = project_of(connection, project)
        self.name = found.name
        self.stages: dict[str, str] = {stage["key"]: stage["title"] for stage in found.stages}
        self._connection, self._by = connection, by
        self._values = {
            **filtered(connection, project, wanted.only, found.stages, by),
            "priorities": list(PRIORITIES),
        }
        if wanted.only.state is None and "state" in (wanted.sort, wanted.group):
            self._values |= judged_states(connection, project, by)
        self._statements = _statements(wanted.sort, wanted.group, ended=wanted.ended)

    def page(self, page: Page) -> list[tuple[Card, str | None]]:
        """Cards with the keys of their groups."""
        found = self._ask("page", _Listed, **page._asdict())
        told = cards_by_id(self._connection, [each.card for each in found])
        cards = {each.id: each for each in judged_cards(self._connection, told, self._by)}
        return [(cards[card], key) for card, key in found if card in cards]

    def counts(self) -> dict[str | None, int]:
        """How many cards there are in each group."""
        return dict(self._ask("counts", _Counted))

    def every(self) -> Iterator[Card]:
        """All cards, some at a time."""
        statement = self._statements["every"]
        with self._connection.cursor("every_card", row_factory=rows_as(CardRow, statement)) as cursor:
            cursor.execute(statement, self._values)
            while found := cursor.fetchmany(_BATCH):
                yield from judged_cards(self._connection, found, self._by)

    def _ask(self, name: str, row: type[T], **values: Any) -> list[T]:
        return ask(self._connection, self._statements[name], row, **self._values, **values)


def due_cards(
    connection: Conn, project: UUID, begin: datetime, end: datetime, calendar: Calendar
) -> list[Card]:
    """The open cards that are due, or to be finished, between two instants."""
    values = {
        "project": project,
        "begin": begin,
        "end": end,
        "closes": calendar.closes,
        "zone": str(calendar.zone),
    }
    found = ask(connection, _DUE["due"], CardRow, **values)
    return judged_cards(connection, found, judge(None, calendar, connection=connection))


def _grouped(
    found: Sequence[tuple[Card, str | None]],
    counts: Mapping[str | None, int],
    group: GroupKey | None,
    name: str,
    stages: Mapping[str, str],
) -> tuple[ListGroup, ...]:
    """The groups that the page shows something of."""
    if group is None:
        return (ListGroup(None, name, sum(counts.values()), tuple(card for card, _ in found)),)
    return tuple(
        _group(key, _title(key or "", group, stages), counts.get(key, 0), of_group)
        for key, of_group in groupby(found, key=lambda pair: pair[1])
    )


def _group(key: str | None, title: str, count: int, of_group: Iterable[tuple[Card, str | None]]) -> ListGroup:
    """One group; a card that came into it after the page was read, and before it was counted elsewhere, counts."""
    cards = tuple(card for card, _ in of_group)
    return ListGroup(key, title, max(count, len(cards)), cards)


def _title(key: str, group: GroupKey, stages: Mapping[str, str]) -> str:
    if group == "stage" and key in stages:
        return stages[key]
    if not key:
        return "nobody" if group == "who" else "tasks"
    return spoken(key) if group == "who" else key.replace("_", " ")


def bars(card: Card) -> Iterator[Bar]:
    """The stretches of a card. What has ended takes no time after its end.

    Where the whole run has a target of its own, no stage is planned beyond it.
    """
    limit = card.target_at if card.target_stage is None else None
    if card.target_at is not None and card.started_at is not None:
        yield Bar("planned", None, target_words(card), card.started_at, card.target_at)
    begun = card.started_at
    for dot in card.stages:
        if dot.target_at is not None and begun is not None:
            until = max(begun, min(dot.target_at, limit or dot.target_at))
            if until > begun:
                yield Bar("planned", dot.key, dot.title, begun, until)
            begun = until
        if dot.entered_at is not None:
            yield Bar("actual", dot.key, dot.title, dot.entered_at, dot.ended_at or card.ended_at, dot.state)
    if card.forecast is not None and card.forecast.p50_at is not None and card.forecast.p85_at is not None:
        yield Bar(
            "forecast", None, "Probably done", card.forecast.p50_at, card.forecast.p85_at, card.forecast.state
        )
    if card.kind == "task" and card.started_at is not None:
        if card.due_at is not None:
            yield Bar("planned", None, "Due", card.started_at, max(card.started_at, card.due_at))
        yield Bar("actual", card.stage, card.name, card.started_at, card.ended_at, card.state)


def target_words(card: Card) -> str:
    """What a card's target is called."""
    return "Target" if card.aim is None else f"Target: {card.aim}"
