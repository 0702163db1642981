"""A project's board and attention list as they were at an instant, or when the log ended at a position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.project import stands_in
from domain.schedule import Calendar
from projections.answers import Attention, Board, Card, Funnel, FunnelStage
from projections.asking import Conn, Fresh
from projections.attention.context import Context
from projections.attention.open_cards import Beside, open_card
from projections.attention.queries import (
    PAGE,
    by_run,
    gone_of,
    ordered,
    page_of,
    people_of,
    project_names,
    titles_of,
)
from projections.board.queries import (
    EVERY_CARD,
    SHALLOW,
    CardFilter,
    Depth,
    LaneKind,
    counted,
    lane_names,
    put_together,
)
from projections.cards.card import card_of, place_of, state_of
from projections.cards.judging import WEEKDAYS, Judge, judge
from projections.cards.row import CardRow
from projections.engine.projection import Definitions
from projections.engine.reading import head
from projections.paging import Page
from projections.past.moment import Light, Moment, Then
from projections.people.names import names_of


def board_then(
    connection: Conn,
    project: UUID,
    moment: Moment,
    definitions: Definitions,
    *,
    calendar: Calendar | None = None,
    only: CardFilter = EVERY_CARD,
    lanes: LaneKind | None = None,
    depth: Depth = SHALLOW,
) -> Board:
    """The board as it was; lateness is judged at that moment. Raises NotFound when there was no such project yet."""
    then = Then(connection, project, moment, definitions)
    row = then.project_row()
    keys = [stage["key"] for stage in row.stages]
    fitting = [light for light in then.lights if fits(light, only, keys)]
    wanted = [light.card for light in fitting if light.ended_at is None] + _newest(fitting, depth.ended)
    every = shown(then.cards(wanted), judge(moment.at, calendar, connection=connection), only)
    counts = counted(
        every,
        _by_stage(light for light in fitting if light.ended_at is not None and _in_state(light, only)),
        _by_stage(light for light in then.lights if light.ended_at is None),
        moment.at,
    )
    cards = _of_page(every, keys, depth.open)
    current = Fresh(moment.position, moment.at, 0)
    funnel, names = _funnel(row.stages, then.lights, current), lane_names(connection, cards, lanes)
    return put_together(row, cards, counts, funnel, current, lanes, depth.open, names)


def shown(standing: Sequence[CardRow], by: Judge, only: CardFilter) -> list[Card]:
    """The cards of these rows at that moment; the state is known only now."""
    cards = [card_of(row, by) for row in standing]
    return [each for each in cards if only.state is None or each.state == only.state]


def _of_page(cards: Iterable[Card], keys: Sequence[str], page: Page) -> list[Card]:
    """The cards without the open ones that stand before the page in their column, or behind it."""
    found, held = [], Counter[str]()
    for each in sorted(cards, key=place_of):
        column = stands_in(keys, each.stage)
        held[column] += each.ended_at is None
        if each.ended_at is not None or 0 < held[column] - page.after <= (page.limit or held[column]):
            found.append(each)
    return found


def cards_that_differ(
    before: tuple[Then, datetime], after: tuple[Then, datetime], calendar: Calendar | None = None
) -> tuple[list[Card], list[Card]]:
    """The cards of a project at two moments, without those that nothing happened to and that time left as they were."""
    judges = [Judge(at, calendar or WEEKDAYS) for _, at in (before, after)]
    rows = [
        {row.card: row for row in then.cards([light.card for light in then.lights])}
        for then, _ in (before, after)
    ]
    same = {
        card
        for card, row in rows[0].items()
        if rows[1].get(card) is row and state_of(row, judges[0]) == state_of(row, judges[1])
    }
    found = [
        [card_of(row, by) for card, row in of_moment.items() if card not in same]
        for of_moment, by in zip(rows, judges, strict=True)
    ]
    return found[0], found[1]


def attention_then(
    connection: Conn,
    project: UUID,
    moment: Moment,
    definitions: Definitions,
    *,
    calendar: Calendar | None = None,
    page: Page = PAGE,
) -> Attention:
    """What needed somebody then; nothing can be done about it any more, so that no row carries an action.

    Raises NotFound when there was no such project yet.
    """
    then = Then(connection, project, moment, definitions)
    then.project_row()
    by = judge(moment.at, calendar, connection=connection)
    standing = [light.card for light in then.lights if light.ended_at is None]
    rows = {row.card: row for row in then.cards(standing)}
    cards = [open_card(row) for row in rows.values()]
    steps, projects = by_run(then.open_steps(standing)), project_names(connection, project)
    names = names_of(connection, people_of(cards, steps, projects))
    context = Context(by, by.usual, gone_of(connection, project), projects, names=names)
    found = ordered(cards, steps, context)

    def beside(wanted: Collection[UUID]) -> dict[UUID, Beside]:
        return {card: Beside(titles_of(rows[card].stages)) for card in wanted}

    told = page_of(found, Fresh(moment.position, moment.at, 0), page, beside)
    return replace(told, rows=tuple(replace(row, action=None) for row in told.rows))


def standing_now(connection: Conn, project: UUID, now: datetime, definitions: Definitions) -> dict[UUID, str]:
    """The column of every open card at the very head of the log, however far the read models are."""
    newest = head(connection)
    then = Then(
        connection, project, Moment(now, newest, stored=True), definitions, after=Moment(now, newest)
    )  # what had ended is not looked at
    keys = [stage["key"] for stage in then.project_row().stages]
    return {light.card: stands_in(keys, light.stage) for light in then.lights if light.ended_at is None}


def fits(light: Light, only: CardFilter, keys: Sequence[str]) -> bool:
    """Whether a filter lets the card through, its state aside; the same as the filter of the live board."""
    return (
        only.person in (None, light.who)
        and only.process in (None, light.process)
        and only.priority in (None, light.priority)
        and only.kind in (None, light.kind)
        and (only.label is None or only.label in light.labels)
        and (only.text is None or only.text.lower() in light.name.lower())
        and only.stage in (None, stands_in(keys, light.stage))
    )


def _in_state(light: Light, only: CardFilter) -> bool:
    return only.state in (None, light.state)


def _newest(lights: Sequence[Light], most: int) -> list[UUID]:
    """The cards that ended last, so many of each stage."""
    found: list[UUID] = []
    held: Counter[str] = Counter()
    over = [(light.ended_at, light) for light in lights if light.ended_at is not None]
    for _, light in sorted(over, key=lambda pair: (-pair[0].timestamp(), str(pair[1].card))):
        held[light.stage] += 1
        if held[light.stage] <= most:
            found.append(light.card)
    return found


def _by_stage(lights: Iterable[Light]) -> Counter[str]:
    return Counter(light.stage for light in lights)


def _funnel(stages: Sequence[Mapping[str, Any]], lights: Sequence[Light], current: Fresh) -> Funnel:
    runs = [light for light in lights if light.kind == "run"]
    reached = Counter(stage for run in runs for stage in run.reached)
    standing = Counter((run.stage, run.life) for run in runs)
    outcomes = Counter(run.outcome or run.life for run in runs if run.ended_at is not None)
    return Funnel(
        runs=len(runs),
        open=sum(run.life in ("running", "paused") for run in runs),
        stages=tuple(
            FunnelStage(
                stage["key"],
                stage["title"],
                reached[stage["key"]],
                standing[stage["key"], "running"] + standing[stage["key"], "paused"],
                standing[stage["key"], "completed"],
                standing[stage["key"], "ended_early"],
                standing[stage["key"], "cancelled"],
            )
            for stage in stages
        ),
        outcomes=dict(sorted(outcomes.items(), key=lambda pair: (-pair[1], pair[0]))),
        position=current.position,
        as_of=current.as_of,
    )
