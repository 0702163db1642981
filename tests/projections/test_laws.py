"""What holds for every read model, whatever happened: once is enough, batches and neighbours do not matter."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.events import RunEvent
from milepost.embedded import PostgresServer
from projections.engine import rebuild as rebuilding
from projections.engine.cohort import Changes, Cohort
from projections.engine.live import Projector
from projections.engine.projection import Projection, Subject
from projections.engine.projection import Rows as Written
from projections.engine.reading import LogEvent
from projections.registry import PROJECTIONS
from store.log import Log
from tests.projections.conftest import Rows, contents, rows_of
from tests.projections.histories import (
    CANARY,
    STEPS,
    Fact,
    done,
    hire,
    interleaved,
    migrated,
    opened,
    published,
    published_next,
    ready,
    staff,
    started,
    step,
    store,
    stream_of,
    team,
)
from tests.support.databases import Database, Template, new_database

SOME = settings(
    max_examples=9,
    deadline=None,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # each try makes a database: to shrink takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def happening(run: str) -> st.SearchStrategy[list[Fact]]:
    """A run to which anything happens, sensible or not: imports store what rules would refuse."""
    keys, rounds, minutes = st.sampled_from(STEPS), st.integers(1, 3), st.integers(0, 5_000)
    of_step = st.one_of(
        st.builds(lambda k, m, r: ready(run, k, m, r, due=m + 30), keys, minutes, rounds),
        st.builds(lambda k, m, r: step(run, "step_started", k, m, r), keys, minutes, rounds),
        st.builds(lambda k, m, r: done(run, k, m, r, "Approved"), keys, minutes, rounds),
        st.builds(
            lambda k, m, r: step(run, "step_skipped", k, m, r, reason="no", cause="user"),
            keys,
            minutes,
            rounds,
        ),
        st.builds(
            lambda k, m, r: step(run, "step_reopened", k, m, r, reason="again", cause="user"),
            keys,
            minutes,
            rounds,
        ),
        st.builds(
            lambda k, m, r: step(run, "help_requested", k, m, r, reason="stuck"), keys, minutes, rounds
        ),
        st.builds(lambda k, m, r: step(run, "step_assigned", k, m, r, assignee=None), keys, minutes, rounds),
    )
    of_run = st.one_of(
        st.builds(lambda m: Fact(stream_of(run), "run_paused", {"reason": "holiday"}, m), minutes),
        st.builds(lambda m: Fact(stream_of(run), "run_resumed", {}, m), minutes),
        st.builds(lambda m: Fact(stream_of(run), "run_linked", {"project": None}, m), minutes),
        st.builds(lambda m: Fact(stream_of(run), "run_cancelled", {"reason": "gone"}, m), minutes),
    )
    usual = st.lists(st.one_of(of_step, of_step, of_step, of_run), max_size=25)
    moved = st.builds(lambda m, back: migrated(run, m, back=back), minutes, st.booleans())
    none: list[Fact] = []
    return st.builds(
        lambda before, moves, after: [started(run), *before, *moves, *after],
        usual, st.one_of(st.just(none), moved), usual,
    )  # fmt: skip


def fresh_rows(url: str, batch: int) -> Rows:
    """What a rebuild with batches of this size makes of the log; nobody is shown it."""
    assert all(each.state == "live" for each in rebuilding.list_generations(url)), "the rebuild begins anew"
    made = rebuilding.rebuild(url, batch=batch, projections=PROJECTIONS)
    assert {each.projection for each in made} == {projection.name for projection in PROJECTIONS}
    return rows_of(url, {each.projection: each.schema for each in made})


@SOME
@given(
    histories=st.tuples(happening("a"), happening("b")),
    choices=st.lists(st.integers(0, 9), max_size=40),
    batches=st.permutations([4, 10_000]),
)
def test_rows_do_not_depend_on_how_events_came(
    postgres_server: PostgresServer,
    histories: tuple[list[Fact], list[Fact]],
    choices: list[int],
    batches: list[int],
    database_template: Template,
) -> None:
    """Live one by one or in batches, rebuilt in any batches, or mixed with other streams: the rows are the same."""
    mixed, apart = interleaved(histories, choices), [*histories[0], *histories[1]]
    found = []
    for facts, at_once, batch in ((mixed, 1, batches[0]), (apart, len(apart), batches[1])):
        with new_database(postgres_server, database_template) as database:
            live = live_rows(database, facts, at_once)
            assert fresh_rows(database.app_url, batch) == live
            found.append({name: rows for name, rows in live.items() if name != "history"})
    assert found[0] == found[1]


def live_rows(database: Database, facts: list[Fact], at_once: int) -> Rows:
    """What a worker makes of the facts that come so many at a time, three of them in a batch."""
    with (
        Log(database.app_url, durable=False) as log,
        Projector(database.app_url, batch=3, projections=PROJECTIONS) as projector,
    ):
        store(log, [published(), published_next(), opened(), *staff("bo"), *team("legal", "bo", "cy")])
        projector.catch_up()
        for place in range(0, len(facts), at_once):
            store(log, facts[place : place + at_once])
            projector.catch_up()
    return contents(database.app_url)


def test_a_migration_may_be_read_in_two_batches(log: Log, read_database: Database) -> None:
    """Between the move and what it says of an open step that is gone nothing is parked; the rows are a rebuild's."""
    store(log, [published(), published_next(), opened(), started("a"), ready("a", "training", 5)])
    with Projector(read_database.app_url, projections=PROJECTIONS) as projector:
        for fact in migrated("a", 9):
            store(log, [fact])
            projector.catch_up()
    live = contents(read_database.app_url)
    assert fresh_rows(read_database.app_url, 10_000) == live
    with psycopg.connect(read_database.app_url) as connection:
        assert connection.execute("select count(*) from log.parked").fetchone() == (0,)


def test_applying_twice_is_applying_once(log: Log, read_database: Database) -> None:
    """A worker that starts again with an old checkpoint in its head changes nothing."""
    store(log, [published(), opened(), *hire("a")])
    with (
        Projector(read_database.app_url, projections=PROJECTIONS) as one,
        Projector(read_database.app_url, projections=PROJECTIONS) as other,
    ):
        assert one.catch_up() == other.catch_up() == log.head()
        rows = contents(read_database.app_url)
        assert other.catch_up() == one.catch_up() == log.head()
    assert contents(read_database.app_url) == rows


def test_no_value_of_a_step_reaches_the_project_side(log: Log, read_database: Database) -> None:
    """What a step was given is in the process view and its history, and nowhere else."""
    history = hire("a")
    told: set[str] = set()
    for end in range(1, len(history) + 1):
        store(log, [published(), published_next(), opened()] if end == 1 else [])
        store(log, history[end - 1 : end])
        with Projector(read_database.app_url, projections=PROJECTIONS) as projector:
            projector.catch_up()
        rows = contents(read_database.app_url)
        told = {name for name, found in rows.items() if CANARY in str(found)}
        assert told <= {"run", "run_step", "history"}
    assert "run_step" in told


def test_test_runs_count_nowhere(log: Log, read_database: Database) -> None:
    """A test run is seen by itself, and neither on a board nor in a statistic."""
    store(
        log,
        [
            published(),
            published_next(),
            opened(),
            started("a", test=True),
            ready("a", "submitted", 1),
            done("a", "submitted", 2),
        ],
    )
    with Projector(read_database.app_url, projections=PROJECTIONS) as projector:
        projector.catch_up()
    rows = contents(read_database.app_url)
    assert len(rows["run"]) == 1
    assert rows["card"] == rows["run_stats"] == rows["open_step"] == []


def test_an_event_that_raises_parks_its_stream_and_no_other(
    log: Log, read_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others go on, the stream keeps the rows before that event, people see it, and retry makes it whole."""
    poisoned = poison(monkeypatch)
    store(log, [published(), opened(), *hire("bad")[:4], *hire("good")])
    store(log, hire("bad")[4:])
    with Projector(read_database.app_url, projections=poisoned, batch=7) as projector:
        assert projector.catch_up() == log.head()
    parked = [each for each in rebuilding.list_generations(read_database.app_url) if each.parked]
    assert [each.projection for each in parked] == ["board"]
    rows = contents(read_database.app_url)
    assert {row[3] for row in rows["card"]} == {"Hire bad", "Hire good"}
    assert next(row for row in rows["card"] if row[3] == "Hire bad")[9] == "6"

    assert not retry(read_database.app_url, parked[0].schema, poisoned)
    assert retry(read_database.app_url, parked[0].schema, PROJECTIONS)
    with Projector(read_database.app_url, projections=PROJECTIONS) as projector:
        store(log, [Fact(stream_of("bad"), "run_ranked", {"rank": "a0"}, 90)])
        projector.catch_up()
    live = contents(read_database.app_url)
    assert fresh_rows(read_database.app_url, 1_000) == live


class Teleported(RunEvent):
    """What a later release may know of a run."""

    type = "run_teleported"
    to: str


def test_an_event_of_a_later_release_parks_its_stream_until_it_is_known(
    log: Log, read_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others go on, the history shows it as it is stored, and the release that knows it makes the rows whole."""
    newer = Fact(stream_of("bad"), "run_teleported", {"to": "mars"}, 3)
    store(log, [published(), opened(), *hire("bad")[:3], newer, *hire("bad")[3:5], *hire("good")])
    store(log, [Fact(stream_of("other"), "planet_found", {"name": "mars"})])
    with Projector(read_database.app_url, batch=4, projections=PROJECTIONS) as projector:
        assert projector.catch_up() == log.head()
    parked = [each for each in rebuilding.list_generations(read_database.app_url) if each.parked]
    assert {each.projection for each in parked} == {
        projection.name for projection in PROJECTIONS if "run" in projection.sources
    }
    rows = contents(read_database.app_url)
    assert {row[3]: row[9] for row in rows["card"]} == {"Hire bad": "3", "Hire good": "14"}
    assert [row[3] for row in rows["history"] if row[0] == str(stream_of("bad"))][3] == "run_teleported"
    assert fresh_rows(read_database.app_url, 5) == rows

    from projections.engine import cohort, reading

    monkeypatch.setitem(cohort._AGGREGATE, "run_teleported", "run")
    monkeypatch.setitem(reading._NEWEST, "run_teleported", 1)
    monkeypatch.setitem(reading._READ, "run_teleported", Teleported.__pydantic_validator__.validate_python)
    for each in rebuilding.list_generations(read_database.app_url):
        if each.parked:
            assert retry_of("bad", read_database.app_url, each.schema)
    card = next(row for row in contents(read_database.app_url)["card"] if row[3] == "Hire bad")
    assert card[9] == "6"


def retry_of(run: str, url: str, schema: str) -> bool:
    """Take a run up again in one read model."""
    from projections.engine.live import retry as take_up

    return take_up(url, schema, stream_of(run), projections=PROJECTIONS)


def poison(monkeypatch: pytest.MonkeyPatch) -> tuple[Projection, ...]:
    """The read models, with a board that cannot stand one run's second completion."""
    board = next(projection for projection in PROJECTIONS if projection.name == "board")

    def rows(subject: Subject) -> Written:
        if subject.states[0].name == "Hire bad" and subject.version >= 7:
            raise ValueError("cannot stand it")
        return board.sources["run"].rows(subject)

    poisoned = replace(board, sources={**board.sources, "run": replace(board.sources["run"], rows=rows)})
    return tuple(poisoned if projection is board else projection for projection in PROJECTIONS)


def retry(url: str, schema: str, projections: tuple[Projection, ...]) -> bool:
    """Take the run up again."""
    from projections.engine.live import retry as take_up

    return take_up(url, schema, stream_of("bad"), projections=projections)


def test_a_lost_checkpoint_writes_nothing(
    log: Log, read_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When another worker was faster, what was folded is forgotten and read again."""
    store(log, [published(), opened(), *hire("a")[:3]])
    with (
        Projector(read_database.app_url, projections=PROJECTIONS) as slow,
        Projector(read_database.app_url, projections=PROJECTIONS) as fast,
    ):
        slow.catch_up()
        fast.catch_up()
        store(log, hire("a")[3:8])
        apply = Cohort.apply
        lost: list[int] = []

        def overtaken(cohort: Cohort, events: list[LogEvent], checkpoint: int) -> Changes:
            changes = apply(cohort, events, checkpoint)
            if not lost:
                lost.append(checkpoint)
                fast.catch_up()
            return changes

        monkeypatch.setattr(Cohort, "apply", overtaken)
        assert slow.catch_up() == log.head()
        monkeypatch.undo()
        store(log, hire("a")[8:])
        slow.catch_up()
    assert lost
    live = contents(read_database.app_url)
    assert fresh_rows(read_database.app_url, 1_000) == live
