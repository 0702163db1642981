"""Promises about the past: what was shown then is shown again, to the cell, by the same code that shows it now."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.schedule import Calendar
from projections import queries
from projections.answers import Board, Card, CardChange
from projections.asking import NotFound
from projections.board.queries import EVERY_CARD, CardFilter
from projections.cards.judging import Judge
from projections.cards.tallies import tallies
from projections.engine.live import Projector
from projections.engine.reading import LogDefinitions
from projections.past.board import shown
from projections.past.moment import AheadOfLog, Then, at_instant, at_position
from projections.past.since import differences
from projections.registry import PROJECTIONS
from store.log import Log
from tests.projections.histories import (
    BEGIN,
    PROJECT,
    Fact,
    done,
    hire,
    interleaved,
    opened,
    published,
    published_next,
    ready,
    started,
    step,
    store,
    stream_of,
)
from tests.projections.test_laws import SOME, happening
from tests.support.databases import Database, Template, new_database

LATER = BEGIN + timedelta(days=9)


def bare(board: Board) -> Board:
    """The board without how fresh it is."""
    funnel = replace(board.funnel, position=0, as_of=LATER, behind=0)
    return replace(board, funnel=funnel, position=0, as_of=LATER, behind=0)


def task(name: str, minutes: int = 0, **more: Any) -> Fact:
    """A free card is added to the project."""
    data = {
        "project": str(PROJECT),
        "title": name,
        "stage": "check",
        "rank": "a0",
        "priority": "high",
        **more,
    }
    return Fact(stream_of(name), "task_added", data, minutes)


@SOME
@given(histories=st.tuples(happening("a"), happening("b")), choices=st.lists(st.integers(0, 9), max_size=30))
def test_the_board_of_a_position_is_the_one_that_was_shown_then(
    postgres_server: object,
    histories: tuple[list[Fact], list[Fact]],
    choices: list[int],
    database_template: Template,
) -> None:
    """Whatever happened: asked later as of a position, the board is what it was when the log ended there."""
    facts = interleaved(histories, choices)
    with new_database(postgres_server, database_template) as database:  # type: ignore[arg-type]
        with psycopg.connect(database.owner_url, autocommit=True) as connection:
            connection.execute(f"grant create on database {database.name} to milepost_app")
        with (
            Log(database.app_url, durable=False) as log,
            Projector(database.app_url, projections=PROJECTIONS) as projector,
            psycopg.connect(database.app_url, autocommit=True) as connection,
        ):
            store(log, [published(), published_next(), opened(), task("gift")])
            boards: dict[int, Board] = {}
            for fact in facts:
                position = store(log, [fact])
                projector.catch_up()
                moment = at_position(connection, position)
                boards[position] = queries.board(connection, PROJECT, now=moment.at)
            definitions = LogDefinitions(connection)
            for position, shown in boards.items():
                then = queries.board_then(connection, PROJECT, at_position(connection, position), definitions)
                assert bare(then) == bare(shown)


def differing(connection: Any, begin: datetime, end: datetime) -> list[CardChange]:
    """What differs between the two, when every card of then and of now is looked at."""
    then, now = (every_card(connection, at) for at in (begin, end))
    return differences(then, now, Judge(end))


def every_card(connection: Any, at: datetime) -> list[Card]:
    """The cards as they were, also those that had ended."""
    then = Then(connection, PROJECT, at_instant(connection, at), LogDefinitions(connection))
    return shown(then.cards([light.card for light in then.lights]), Judge(at), EVERY_CARD)


@pytest.fixture
def connection(read_database: Database) -> Any:
    """A connection to the read models."""
    with psycopg.connect(read_database.app_url, autocommit=True) as connection:
        yield connection


def project(database: Database) -> None:
    """Bring the read models up to the log."""
    with Projector(database.app_url, projections=PROJECTIONS) as projector:
        projector.catch_up()


def test_an_instant_counts_by_when_things_occurred(
    log: Log, read_database: Database, connection: Any
) -> None:
    """A run that was read in later stood on the board all the same; lateness is judged at that instant."""
    store(log, [published(), opened(), *hire("new", 500), *hire("old")])
    project(read_database)
    definitions = LogDefinitions(connection)
    moment = at_instant(connection, BEGIN + timedelta(minutes=12))
    board = queries.board_then(connection, PROJECT, moment, definitions)
    cards = [card for column in board.columns for card in column.cards]
    assert [(card.name, card.stage, card.state) for card in cards] == [("Hire old", "check", "in_progress")]
    late = at_instant(connection, BEGIN + timedelta(minutes=15, seconds=30))
    assert queries.board_then(connection, PROJECT, late, definitions).columns[0].cards[0].state == "late"
    assert (board.funnel.runs, board.funnel.open, board.columns[0].count) == (1, 1, 1)
    ended = queries.board_then(
        connection, PROJECT, at_instant(connection, BEGIN + timedelta(hours=2)), definitions
    )
    assert (ended.funnel.outcomes, ended.columns[1].more) == ({"Hired": 1}, 0)


def test_a_run_that_went_elsewhere_is_on_the_board_where_it_was(
    log: Log, read_database: Database, connection: Any
) -> None:
    """A card that was linked away since is shown as of then."""
    away = Fact(stream_of("a"), "run_linked", {"project": None}, 60)
    store(log, [published(), opened(), started("a"), ready("a", "submitted", 1), away])
    project(read_database)
    assert queries.board(connection, PROJECT).columns[0].count == 0
    then = queries.board_then(connection, PROJECT, at_instant(connection, BEGIN + timedelta(minutes=5)),
                              LogDefinitions(connection))  # fmt: skip
    assert [card.name for card in then.columns[0].cards] == ["Hire a"]


def test_what_is_not_there_is_said(log: Log, read_database: Database, connection: Any) -> None:
    """A position beyond the log, and a project before it was opened."""
    position = store(log, [published(), opened()])
    project(read_database)
    with pytest.raises(AheadOfLog, match=f"ends at {position}"):
        at_position(connection, position + 1)
    with pytest.raises(NotFound):
        queries.board_then(connection, PROJECT, at_position(connection, 1), LogDefinitions(connection))


def test_counts_are_the_cards_shown_under_every_filter(
    log: Log, read_database: Database, connection: Any
) -> None:
    """Live or as of a moment: what a column counts is what it shows; its limit is judged by all of its cards."""
    store(log, [
        published(), opened(), *hire("over"), started("a", 100), ready("a", "submitted", 101, due=110),
        started("b", 100), ready("b", "submitted", 101), task("gift", 100, assignee="person:al", labels=["x"]),
        task("cake", 100),
    ])  # fmt: skip
    project(read_database)
    moment = at_instant(connection, BEGIN + timedelta(minutes=300))
    for only in FILTERS:
        for board in (
            queries.board(connection, PROJECT, now=moment.at, only=only),
            queries.board_then(connection, PROJECT, moment, LogDefinitions(connection), only=only),
        ):
            for column in board.columns:
                assert column.count == sum(card.ended_at is None for card in column.cards)
                assert all(fits(card, only) for card in column.cards)
                assert column.more == 0
            assert [column.total for column in board.columns] == [4, 0]
            assert board.columns[0].exceeded
    alike = Counter[tuple[Any, ...]]()
    for tally in tallies(connection):
        alike[tally.project, tally.process, tally.kind, tally.stage, tally.life, tally.open] += tally.cards
    each = "select project, process, kind, stage, life, ended_at is null from read.card"
    assert alike == Counter(connection.execute(each).fetchall())


FILTERS = [
    CardFilter(**{name: value})
    for name, values in {
        "person": ("person:bo", "person:al", "person:nobody"),
        "process": ("hire", "other"),
        "priority": ("high", "none"),
        "kind": ("run", "task"),
        "label": ("x", "y"),
        "state": ("late", "in_progress", "not_started", "done"),
        "text": ("hire", "CAKE", "zzz"),
    }.items()
    for value in values
] + [CardFilter(), CardFilter(kind="run", state="late", person="person:bo")]


def fits(card: Card, only: CardFilter) -> bool:
    """Whether the card is one that was asked for."""
    return (
        only.person in (None, card.who)
        and only.process in (None, card.process)
        and only.priority in (None, card.priority)
        and only.kind in (None, card.kind)
        and only.state in (None, card.state)
        and (only.label is None or only.label in card.labels)
        and (only.text is None or only.text.lower() in card.name.lower())
    )


def test_every_card_is_in_one_lane(log: Log, read_database: Database, connection: Any) -> None:
    """By person, process and priority; nobody's cards come last."""
    store(log, [published(), opened(), started("a"), ready("a", "submitted", 1), task("gift"), task("cake")])
    project(read_database)
    for kind, titles in (
        ("person", ["Bo", "Nobody yet"]),
        ("process", ["Hire", "Tasks"]),
        ("priority", ["High", "No priority"]),
    ):
        board = queries.board(connection, PROJECT, lanes=kind)  # type: ignore[arg-type]
        assert [lane.title for lane in board.lanes] == titles
        cards = [card.id for column in board.columns for card in column.cards]
        assert sorted(map(str, cards)) == sorted(str(card) for lane in board.lanes for card in lane.cards)


def test_what_changed_since_is_told_in_plain_words(
    log: Log, read_database: Database, connection: Any
) -> None:
    """Who started, finished, moved on, became late; what did not change is not told."""
    store(
        log,
        [
            published(),
            opened(),
            *hire("a"),
            started("b"),
            ready("b", "submitted", 1),
            started("c", 2),
            ready("c", "submitted", 3, due=30),
            task("gift", 1),
            started("same", 1),
            ready("same", "submitted", 1),
        ],
    )
    store(
        log,
        [
            done("b", "submitted", 50),
            ready("b", "approved", 50),
            done("b", "approved", 51, outcome="Approved"),
            ready("b", "training", 51),
            started("d", 52),
            ready("d", "submitted", 52),
        ],
    )
    project(read_database)
    before, after = (at_instant(connection, BEGIN + timedelta(minutes=at)) for at in (20, 60))
    told = queries.since(connection, PROJECT, before, after, LogDefinitions(connection))
    assert told.lines == (
        "1 run finished: Hire a",
        "1 run started: Hire d",
        "Hire b moved from Background check to Start",
        "1 run became late: Hire c",
    )
    assert told.counts == {"finished": 1, "started": 1, "moved": 1, "late": 1}
    again = queries.since(connection, PROJECT, after, after, LogDefinitions(connection))
    assert (again.lines, again.changes) == ((), ())
    looked_at = Then(connection, PROJECT, after, LogDefinitions(connection), after=after)
    assert stream_of("a") not in {light.card for light in looked_at.lights}, "it had ended before"
    store(log, [Fact(stream_of("a"), "run_reopened", {"reason": "again"}, 70), done("d", "submitted", 80)])
    project(read_database)
    moments = [BEGIN + timedelta(minutes=at) for at in (0, 1, 5, 20, 50, 60, 71, 90)]
    for begin, end in combinations(moments, 2):
        found = queries.since(
            connection,
            PROJECT,
            at_instant(connection, begin),
            at_instant(connection, end),
            LogDefinitions(connection),
        )
        assert list(found.changes) == differing(connection, begin, end), (begin, end)


def test_the_week_begins_where_the_organisation_is() -> None:
    """Since Monday: its first minute there."""
    from zoneinfo import ZoneInfo

    tokyo = Calendar(zone=ZoneInfo("Asia/Tokyo"))
    assert queries.monday(BEGIN, tokyo).isoformat() == "2026-03-01T15:00:00+00:00"


def test_differences_need_both_sides() -> None:
    """A card that went is said to have left."""
    card = Card(UUID(int=1), "task", "Gift", None, "check", "in_progress", 1)
    (told,) = differences([card], [], Judge(LATER))
    assert (told.what, told.said) == ("left", "Gift left the project")


def test_the_events_that_set_a_cell_are_named(log: Log, read_database: Database, connection: Any) -> None:
    """Stage, state, progress, outcome and next action: positions, steps, people, times, and no value."""
    store(log, [published(), opened(), started("a")])
    positions = {
        "ready": store(log, [ready("a", "submitted", 1)]),
        "done": store(log, [done("a", "submitted", 5)]),
        "gate_ready": store(log, [ready("a", "approved", 5)]),
        "gate": store(log, [done("a", "approved", 6, outcome="Approved")]),
        "training": store(log, [ready("a", "training", 7, due=20)]),
        "comment": store(
            log, [Fact(stream_of("a"), "run_commented", {"comment": str(UUID(int=1)), "text": "x"}, 8)]
        ),
    }
    project(read_database)
    asked: Any = {"now": BEGIN + timedelta(minutes=30), "definitions": LogDefinitions(connection)}
    told = queries.why(connection, PROJECT, stream_of("a"), **asked)
    cells = {cell.cell: cell for cell in told.cells}
    at = {name: [event.position for event in cell.events] for name, cell in cells.items()}
    assert at["stage"] == [positions["gate"], positions["training"]]
    assert at["progress"] == [3, positions["done"], positions["gate"]]
    assert at["outcome"][-1] == positions["gate"]
    assert at["next_action"] == [positions["training"]]
    assert positions["training"] in at["state"]
    assert cells["state"].shows == "late"
    assert cells["state"].passed == (BEGIN + timedelta(minutes=20),)
    gate = cells["outcome"].events[-1]
    assert (gate.type, gate.step_title, gate.who) == ("step_completed", "Approved", "person:dana")
    assert cells["outcome"].shows == {"Background check": "Approved by Dana, 2 Mar"}
    assert all(positions["comment"] not in found for found in at.values())
    with pytest.raises(NotFound):
        queries.why(connection, UUID(int=9), stream_of("a"), **asked)


def test_why_a_task_is_so(log: Log, read_database: Database, connection: Any) -> None:
    """Tasks are asked the same way: what moved it, what blocked it, which due has passed."""
    moved = {"stage": "start", "rank": "a1"}
    store(log, [published(), opened(), task("gift", due_on="2026-03-02")])
    at = [store(log, [Fact(stream_of("gift"), kind, data, 5)]) for kind, data in
          (("task_moved", moved), ("task_assigned", {"assignee": "person:bo"}))]  # fmt: skip
    project(read_database)
    told = queries.why(connection, PROJECT, stream_of("gift"), LogDefinitions(connection), now=LATER)
    cells = {cell.cell: cell for cell in told.cells}
    assert (cells["stage"].shows, [event.position for event in cells["stage"].events]) == ("start", [at[0]])
    assert (cells["state"].shows, len(cells["state"].passed)) == ("late", 1)


def test_a_cell_is_set_by_the_last_event_named(log: Log, read_database: Database, connection: Any) -> None:
    """Told only up to the last event of a cell, the run shows what it shows now; one event less, and it does not."""
    facts = [started("a"), ready("a", "submitted", 1), done("a", "submitted", 2), ready("a", "approved", 2),
             step("a", "help_requested", "approved", 3, reason="stuck"), done("a", "approved", 4, outcome="Approved"),
             ready("a", "training", 4)]  # fmt: skip
    first = store(log, [published(), opened()]) + 1
    store(log, facts)
    project(read_database)
    definitions = LogDefinitions(connection)
    told = queries.why(connection, PROJECT, stream_of("a"), definitions, now=BEGIN)
    for name in ("stage", "state", "progress"):
        last = next(cell for cell in told.cells if cell.cell == name).events
        changed = last[0] if name == "stage" else last[-1]
        shown = []
        for position in (changed.position, changed.position - 1):
            if position >= first:
                then = queries.board_then(connection, PROJECT, at_position(connection, position), definitions)
                shown.append(getattr(next(card for column in then.columns for card in column.cards), name))
        now = getattr(queries.card(connection, stream_of("a"), now=BEGIN), name)
        assert shown[0] == now
        assert shown[1:] != [now]
