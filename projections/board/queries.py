"""The board of a project, single cards, and the funnel of stages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from domain.project import stands_in
from domain.schedule import Calendar
from domain.words import PRIORITIES
from projections.answers import Board, BoardColumn, Card, Funnel, Lane, Member
from projections.asking import Conn, Fresh, NotFound, fresh
from projections.board.funnel import by_column, funnel_of, outcomes_of, titled
from projections.board.projects import known_project, project_of
from projections.board.rows import BoardProject
from projections.cards.card import card_of, place_of
from projections.cards.help_texts import with_help_texts
from projections.cards.judging import Judge, at_risk, judge
from projections.cards.queries import cards_by_id
from projections.cards.row import PARTS, CardRow
from projections.cards.tallies import Tally, by_stage, tallies
from projections.forecasts.queries import forecasts_of
from projections.paging import FIRST, Page, left
from projections.people.names import called, names_of
from projections.statements import ask, composed, value_of

_SQL = composed("board/queries", **PARTS)
ENDED_SHOWN = 20
"""How many ended cards a column shows; the others are counted."""
SOON = timedelta(days=7)
LaneKind = Literal["person", "process", "priority"]


@dataclass(frozen=True, slots=True)
class CardFilter:
    """Which cards a board shows; what is not said lets every card through.

    ``text`` is part of a name, ``stage`` the key of a column of the board.
    """

    person: str | None = None
    process: str | None = None
    priority: str | None = None
    kind: str | None = None
    label: str | None = None
    state: str | None = None
    text: str | None = None
    stage: str | None = None


EVERY_CARD = CardFilter()


@dataclass(frozen=True, slots=True)
class Depth:
    """How many cards of each column are shown: a page of the open ones, and the newest that ended."""

    open: Page = FIRST
    ended: int = ENDED_SHOWN


SHALLOW = Depth()


def board(
    connection: Conn,
    project: UUID,
    *,
    now: datetime | None = None,
    depth: Depth = SHALLOW,
    calendar: Calendar | None = None,
    only: CardFilter = EVERY_CARD,
    lanes: LaneKind | None = None,
    texts: bool = False,
) -> Board:
    """The board of a project: of each column the open cards first in it, and those that ended last. Raises NotFound.

    ``texts``: the reader works with these runs and is told what help is needed for.
    """
    current = fresh(connection, "board")
    shown = project_of(connection, project)
    by = judge(now, calendar, connection=connection)
    asked = filtered(connection, project, only, shown.stages, by)
    every = tallies(connection, project=project)
    which = {
        **asked, **depth.open._asdict(), "ended": depth.ended,
        "ended_stages": sorted({each.stage for each in every if not each.open}),
    }  # fmt: skip
    cards = judged_cards(connection, ask(connection, _SQL["cards"], CardRow, **which), by)
    return put_together(
        shown,
        with_help_texts(connection, cards) if texts else cards,
        _counts(connection, asked, only, by.now, every),
        funnel_of(titled(shown.stages), every, outcomes_of(connection, project), current),
        current,
        lanes,
        depth.open,
        lane_names(connection, cards, lanes),
    )


def filtered(
    connection: Conn, project: UUID, only: CardFilter, stages: Sequence[Mapping[str, Any]], by: Judge
) -> dict[str, Any]:
    """What the filter of a statement asks for. Where it asks for a state, open cards are judged by the clock first."""
    keys = [stage["key"] for stage in stages]
    found: dict[str, Any] = {
        "project": project, **asdict(only), "stages": keys, "in_first": keys[:1] == [only.stage],
        "closes": by.calendar.closes, "zone": str(by.calendar.zone), "judged": [], "states": [],
    }  # fmt: skip
    return found if only.state is None else {**found, **judged_states(connection, project, by)}


def judged_states(connection: Conn, project: UUID, by: Judge) -> dict[str, Any]:
    """The open cards of a project, and their states by the clock, as statements take them."""
    cards = judged_cards(connection, ask(connection, _SQL["standing"], CardRow, project=project), by)
    return {"judged": [each.id for each in cards], "states": [each.state for each in cards]}


def judged_cards(connection: Conn, found: Sequence[CardRow], by: Judge) -> list[Card]:
    """The cards of these rows, with their forecasts."""
    faces = forecasts_of(connection, [row.card for row in found])
    seeing = replace(by, faces=faces, at_risk=at_risk(faces))
    return [card_of(row, seeing) for row in found]


def _counts(
    connection: Conn, asked: Mapping[str, Any], only: CardFilter, now: datetime, every: Sequence[Tally]
) -> Counts:
    """``every``: all cards of the project, whatever the filter."""
    standing = ask(connection, _SQL["standing_counts"], _Standing, **asked, now=now, soon=now + SOON)
    hides = only != EVERY_CARD
    return Counts(
        ended=dict(ask(connection, _SQL["ended_counts"], _Ended, **asked))
        if hides
        else by_stage(every, _ended),
        standing={each.stage: each.cards for each in standing},
        open=by_stage(every, _open) if hides else None,
        overdue=sum(each.overdue for each in standing),
        due_soon=sum(each.soon for each in standing),
    )


class _Standing(NamedTuple):
    """How many open cards stand in a stage, and of how many of them the next due or target has passed or is near."""

    stage: str
    cards: int
    overdue: int
    soon: int


class _Ended(NamedTuple):
    """How many cards ended in a stage."""

    stage: str
    cards: int


def _open(each: Tally) -> bool:
    return each.open


def _ended(each: Tally) -> bool:
    return not each.open


def columns(connection: Conn, project: UUID) -> list[tuple[str, str]]:
    """The columns of a board: keys and titles. Raises NotFound."""
    return titled(project_of(connection, project).stages)


def last_rank(connection: Conn, project: UUID, stage: str) -> str | None:
    """The rank of the last card of a column, as far as the board knows it; None when none has one.

    What stands in no column of the project is shown in the first.
    """
    found = known_project(connection, project)
    keys = [] if found is None else [each["key"] for each in found.stages]
    asked = {"project": project, "stage": stage, "stages": keys, "in_first": keys[:1] == [stage]}
    rank: str | None = value_of(connection, _SQL["last_rank"], **asked)
    return rank


def lane_names(connection: Conn, cards: Sequence[Card], lanes: LaneKind | None) -> dict[str, str]:
    """What those are called who have lanes of their own."""
    return names_of(connection, [each.who for each in cards if each.who]) if lanes == "person" else {}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cards ended by stage, and how many are open (``standing``), under the filter.

    ``open``: how many are open whatever the filter, when it hides some. ``overdue`` and ``due_soon``: of ``standing``.
    """

    ended: Mapping[str, int]
    standing: Mapping[str, int]
    open: Mapping[str, int] | None = None
    overdue: int = 0
    due_soon: int = 0


def counted(
    cards: Iterable[Card], ended: Mapping[str, int], open_: Mapping[str, int] | None, now: datetime
) -> Counts:
    """The counts of a board of which every open card is known."""
    standing = [each for each in cards if each.ended_at is None]
    next_at = [min(instants) for each in standing if (instants := _deadlines(each))]
    return Counts(
        ended,
        Counter(each.stage for each in standing),
        open_,
        overdue=sum(at < now for at in next_at),
        due_soon=sum(now <= at < now + SOON for at in next_at),
    )


def put_together(
    row: BoardProject,
    cards: Sequence[Card],
    counts: Counts,
    funnel_: Funnel,
    current: Fresh,
    lanes: LaneKind | None,
    page: Page,
    names: Mapping[str, str] | None = None,
) -> Board:
    """The board from the project's row and its cards: ``page`` of each column."""
    columns = _columns(row.stages, cards, counts, page)
    return Board(
        project=row.project,
        name=row.name,
        owner=row.owner,
        process=row.process,
        state=row.state,
        version=row.version,
        members=tuple(Member(each["member"], each["access"]) for each in row.members),
        columns=columns,
        funnel=funnel_,
        position=current.position,
        as_of=current.as_of,
        behind=current.behind,
        lanes=_lanes(columns, lanes, names or {}) if lanes else (),
        overdue=counts.overdue,
        due_soon=counts.due_soon,
    )


def _deadlines(each: Card) -> list[datetime]:
    """When its next action is due, and its target while that is open; of what has ended nothing is due."""
    known = () if each.ended_at else (each.due_at, each.open_target_at)
    return [at for at in known if at is not None]


def card(
    connection: Conn, card_id: UUID, *, now: datetime | None = None, calendar: Calendar | None = None
) -> Card:
    """The card of one run or task. Raises NotFound."""
    for row in cards_by_id(connection, [card_id]):
        return card_of(row, judge(now, calendar, forecasts_of(connection, [card_id]), connection))
    raise NotFound("card", card_id)


def _columns(
    stages: Sequence[Mapping[str, Any]], cards: Sequence[Card], counts: Counts, page: Page
) -> tuple[BoardColumn, ...]:
    known = [stage["key"] for stage in stages]
    held_in: dict[str, list[Card]] = {key: [] for key in known}
    for each in cards:
        held_in.setdefault(stands_in(known, each.stage), []).append(each)
    over, standing = by_column(counts.ended, known), by_column(counts.standing, known)
    held = standing if counts.open is None else by_column(counts.open, known)
    return tuple(
        _column(
            stage,
            held_in[stage["key"]],
            over.get(stage["key"], 0),
            held.get(stage["key"], 0),
            (standing.get(stage["key"], 0), page),
        )
        for stage in stages
    )


def _column(
    stage: Mapping[str, Any], cards: list[Card], ended: int, total: int, standing: tuple[int, Page]
) -> BoardColumn:
    cards.sort(key=place_of)
    over, (count, page) = sum(each.ended_at is not None for each in cards), standing
    limit, shown_ = stage.get("wip_limit"), len(cards) - over
    hidden, next_after = left(count, page, shown_)
    return BoardColumn(
        key=stage["key"],
        title=stage["title"],
        wip_limit=limit,
        count=shown_,
        cards=tuple(cards),
        more=ended - over,
        ended=over,
        wip_hard=bool(stage.get("wip_hard")),
        total=total,
        exceeded=limit is not None and total > limit,
        hidden=hidden,
        next_after=next_after,
    )


def _lanes(columns: Sequence[BoardColumn], kind: LaneKind, names: Mapping[str, str]) -> tuple[Lane, ...]:
    """Every card shown is in exactly one lane: the most urgent priority first, else by name, nobody's last."""
    by_lane: dict[str, list[Card]] = {}
    for column in columns:
        for each in column.cards:
            by_lane.setdefault(_lane_of(each, kind), []).append(each)
    order: dict[str, int] = {key: place for place, key in enumerate(PRIORITIES)} if kind == "priority" else {}
    keys = sorted(by_lane, key=lambda key: (key == "", order.get(key, 0), _lane_title(key, kind, names), key))
    return tuple(
        Lane(
            key,
            _lane_title(key, kind, names),
            sum(each.ended_at is None for each in by_lane[key]),
            tuple(each.id for each in by_lane[key]),
        )
        for key in keys
    )


def _lane_of(each: Card, kind: LaneKind) -> str:
    match kind:
        case "person":
            return each.who or ""
        case "process":
            return each.process or ""
        case "priority":
            return each.priority


def _lane_title(key: str, kind: LaneKind, names: Mapping[str, str]) -> str:
    match kind:
        case "person":
            return called(key, names) if key else "Nobody yet"
        case "process":
            return key.replace("_", " ").capitalize() if key else "Tasks"
        case "priority":
            return key.capitalize() if key != "none" else "No priority"
