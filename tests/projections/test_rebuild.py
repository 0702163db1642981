"""A rebuild runs beside the live read model, can be stopped, is compared, and the views turn to it at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import psycopg
import pytest

from projections import queries
from projections.engine import rebuild as rebuilding
from projections.engine import rebuild_parts as parts
from projections.engine.cohort import Cohort
from projections.engine.generations import NotAllowed
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from store.migrations import migrate
from tests.projections.conftest import contents
from tests.projections.histories import PROJECT, hire, opened, published, staff, store, team
from tests.support.databases import Database


@pytest.fixture
def live(log: Log, read_database: Database) -> str:
    """The address of a database whose read models are live and hold three runs."""
    store(log, [published(), opened(), *hire("a"), *hire("b", 7), *hire("c", 9)[:6]])
    store(log, [*staff("dana"), *team("legal", "dana", "cy")])
    with Projector(read_database.app_url, projections=PROJECTIONS) as projector:
        projector.catch_up()
    return read_database.app_url


def test_workers_that_start_at_once_make_each_read_model_once(empty_database: Database) -> None:
    """Four of them in a database that has none: one live generation each, and nobody fails."""
    migrate(empty_database.owner_url)
    with psycopg.connect(empty_database.owner_url, autocommit=True) as connection:
        connection.execute(f"grant create on database {empty_database.name} to milepost_app")

    def start(_: int) -> int:
        with Projector(empty_database.app_url, projections=PROJECTIONS) as projector:
            return projector.catch_up()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [0] * 4
    made = rebuilding.list_generations(empty_database.app_url)
    assert sorted(each.projection for each in made) == sorted(each.name for each in PROJECTIONS)
    assert {each.state for each in made} == {"live"}


def test_a_rebuild_is_the_same_as_what_is_live(live: str) -> None:
    """Every row and every cell."""
    for generation in rebuilding.rebuild(live, projections=PROJECTIONS):
        comparison = rebuilding.compare(live, generation.schema, projections=PROJECTIONS)
        assert comparison.same, comparison


def test_what_another_release_made_is_renewed(live: str) -> None:
    """Only what is of another version is rebuilt and shown; what it replaces is gone, and nothing is left to do."""
    before = contents(live)
    with psycopg.connect(live, autocommit=True) as connection:
        connection.execute(
            "update read.generation set version = version - 1 where projection in ('board', 'inbox')"
        )
        board = connection.execute("select schema from read.generation where projection = 'board'").fetchall()
        connection.execute(f"alter table {board[0][0]}.card drop column comments cascade")
    assert rebuilding.renew(live, projections=PROJECTIONS) == ["board", "inbox"]
    assert contents(live) == before
    assert {each.state for each in rebuilding.list_generations(live)} == {"live"}
    assert rebuilding.renew(live, projections=PROJECTIONS) == []


def test_a_comparison_names_what_differs(live: str) -> None:
    """Rows only here, rows only there, and cells by column."""
    (made,) = rebuilding.rebuild(live, ["run_steps"], projections=PROJECTIONS)
    with psycopg.connect(live, autocommit=True) as connection:
        connection.execute(f"update {made.schema}.run set name = 'other' where name = 'Hire a'")  # noqa: S608 - a test's own
        connection.execute(f"delete from {made.schema}.run_step where step = 'finished'")  # noqa: S608
    run, run_step = rebuilding.compare(live, made.schema, projections=PROJECTIONS).tables
    assert (run.only_live, run.only_new, run.cells) == (0, 0, {"name": 1})
    assert (run_step.only_live, run_step.only_new, run_step.cells) == (2, 0, {})


def test_an_interrupted_rebuild_goes_on(live: str) -> None:
    """What was committed is kept, and nothing is applied twice."""
    heard: list[int] = []

    def stop(position: int, _upto: int) -> None:
        heard.append(position)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuilding.rebuild(live, ["board"], stop, batch=5, projections=PROJECTIONS)
    (left,) = [each for each in rebuilding.list_generations(live, "board") if each.state == "building"]
    assert (left.position, heard) == (5, [5])
    (made,) = rebuilding.rebuild(live, ["board"], batch=5, projections=PROJECTIONS)
    assert made.schema == left.schema
    assert rebuilding.compare(live, made.schema, projections=PROJECTIONS).same


def test_parts_of_a_rebuild_make_the_same_and_go_on_where_they_stopped(
    live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three shares of the streams, two of them interrupted at different places, become one whole generation."""
    monkeypatch.setattr(parts, "parts_for", lambda _span: 3)

    def stop(position: int, _upto: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(parts, "can_fork", lambda: False)
    with pytest.raises(KeyboardInterrupt):
        rebuilding.rebuild(live, progress=stop, batch=9, projections=PROJECTIONS)
    (left,) = [each for each in rebuilding.list_generations(live, "board") if each.state == "building"]
    with psycopg.connect(live) as connection:
        shares = parts.opened(connection, [left.schema])[left.schema]
    assert (left.position, sorted(shares.values())) == (0, [0, 0, 9])
    with pytest.raises(NotAllowed):
        rebuilding.flip(live, left.schema, projections=PROJECTIONS)

    monkeypatch.setattr(parts, "can_fork", lambda: True)
    heard: list[int] = []
    made = rebuilding.rebuild(
        live, progress=lambda position, _upto: heard.append(position), batch=9, projections=PROJECTIONS
    )
    assert heard == sorted(heard)
    assert all(rebuilding.compare(live, each.schema, projections=PROJECTIONS).same for each in made)
    with psycopg.connect(live) as connection:
        assert not parts.opened(connection, [each.schema for each in made])


def test_what_a_part_raises_ends_the_rebuild(live: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of another process is raised here, and the rebuild can be called again."""
    monkeypatch.setattr(parts, "parts_for", lambda _span: 2)
    monkeypatch.setattr(parts, "can_fork", lambda: True)

    def fails(*_: object) -> None:
        raise ValueError("no")

    with monkeypatch.context() as broken:
        broken.setattr(Cohort, "apply", fails)
        with pytest.raises(ValueError, match="no"):
            rebuilding.rebuild(live, ["board"], projections=PROJECTIONS)
    (made,) = rebuilding.rebuild(live, ["board"], projections=PROJECTIONS)
    assert rebuilding.compare(live, made.schema, projections=PROJECTIONS).same


def test_flip_roll_back_and_drop(live: str, log: Log) -> None:
    """The views show the new one, then the old one again, both up to date; only what is not live can be dropped."""
    (made,) = rebuilding.rebuild(live, ["board"], projections=PROJECTIONS)
    assert rebuilding.flip(live, made.schema, projections=PROJECTIONS).state == "live"
    store(log, hire("d", 30))
    with Projector(live, projections=PROJECTIONS) as projector:
        projector.catch_up()
    rows = contents(live)
    back = rebuilding.roll_back(live, "board", projections=PROJECTIONS)
    assert back.schema != made.schema
    assert contents(live) == rows
    with pytest.raises(NotAllowed):
        rebuilding.drop(live, back.schema)
    rebuilding.drop(live, made.schema)
    assert [each.schema for each in rebuilding.list_generations(live, "board")] == [back.schema]


def test_a_flip_under_load_never_shows_less(live: str, log: Log) -> None:
    """While events keep coming and the worker works, a reader's position only grows."""
    stop, positions, failures = Event(), [0], []

    def work() -> None:
        with Projector(live, projections=PROJECTIONS) as projector:
            while not stop.is_set():
                projector.catch_up()

    def read() -> None:
        with psycopg.connect(live, autocommit=True) as connection:
            while not stop.is_set():
                answer = queries.board(connection, PROJECT)
                if answer.position < positions[-1]:
                    failures.append((positions[-1], answer.position))
                positions.append(answer.position)

    threads = [Thread(target=work), Thread(target=read)]
    for thread in threads:
        thread.start()
    try:
        for number in range(6):
            store(log, hire(f"load {number}", number))
            (made,) = rebuilding.rebuild(live, ["board"], projections=PROJECTIONS)
            rebuilding.flip(live, made.schema, projections=PROJECTIONS)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    with Projector(live, projections=PROJECTIONS) as projector:
        assert projector.catch_up() == log.head()
    (made,) = rebuilding.rebuild(live, ["board"], projections=PROJECTIONS)
    assert rebuilding.compare(live, made.schema, projections=PROJECTIONS).same
