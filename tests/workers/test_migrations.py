"""A migration of many runs tells everybody once what it means for them, however often it is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_string, policy
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from application.milepost import Milepost
from domain.directory import EMPTY
from domain.migration import migrate_run
from domain.person import PERSON, Person, add_person, deactivate
from domain.run import RUN, pause_run
from domain.words import person_stream
from projections.engine.rebuild import rebuild
from projections.registry import PROJECTIONS
from store import migration_jobs
from store.connect import connect
from store.errors import Conflict
from store.log import Log
from tests.migration.processes import known
from tests.support.databases import Database
from tests.support.people import EVERYBODY, letting
from tests.workers.deeds import DANA, OFFICE, World
from tests.workers.moving import announced, job, runs, send, work_through
from workers.migrations import LOOK_SECONDS, Migrations


@pytest.fixture
def world(database: Database, log: Log) -> Iterator[World]:
    """A log; the tests act."""
    found = World(log, database.app_url)
    yield found
    found.close()


def body(text: str) -> str:
    """The plain text of a mail."""
    part = message_from_string(text, policy=policy.default).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def queued(world: World) -> list[str]:
    """The mails of migrations that were ever queued."""
    found = world.log.read(0, 10_000, ["action_queued"])
    return [one.data for one in found if '"action":"migration:' in one.data]


def test_thirty_runs_are_one_mail(world: World, tmp_path: Path):
    """Somebody whose work of 30 runs is asked for has one mail that names 20 and says that there are ten more."""
    work_through_job(world, 30)
    [mail] = send(world, tmp_path / "outbox")
    said = body(mail)
    assert said.count("something is missing in “Ask”") == 20
    assert "and 10 more: http://milepost.test/" in said
    assert "Sale 1:" in said
    assert "secret" not in said
    assert send(world, tmp_path / "outbox") == [mail], "once"
    rebuild(world.url, projections=PROJECTIONS)
    assert send(world, tmp_path / "outbox") == [mail], "a rebuild sends nothing"


def work_through_job(world: World, count: int) -> None:
    """A job that asks for what is missing, to its end."""
    job(world, runs(world, count))
    work_through(world)


def test_what_is_tried_again_is_told_of_apart(world: World, tmp_path: Path):
    """What was refused and is moved later is told in a mail of its own; who heard of the rest hears it once."""
    refused, moved = runs(world, 2)
    asked = job(world, [refused, moved], answer=None)
    work_through(world)
    assert send(world, tmp_path / "outbox") == []
    for run in ([moved], [refused]):
        with connect(world.url, "test") as connection:
            answers = {"field_required": "reopen"}
            assert migration_jobs.again(connection, asked, run, answers, actor=DANA) == 1
        work_through(world)
    said = sorted(body(mail) for mail in send(world, tmp_path / "outbox"))
    assert ["Sale 1" in one for one in said] == [True, False]
    assert ["Sale 2" in one for one in said] == [False, True]
    assert announced(world, asked) == {"person:dana": 2}


def test_a_migration_without_news_mails_nobody(world: World, tmp_path: Path):
    """Other words of a step are no reason to write to anybody."""
    job(world, runs(world, 2, asked=False))
    work_through(world)
    assert send(world, tmp_path / "outbox") == []


def test_a_worker_that_stops_after_the_append_loses_no_news(world: World, monkeypatch: pytest.MonkeyPatch):
    """What a page means for people follows from the log where nobody wrote it down."""
    asked = job(world, runs(world, 2), answer="reopen")
    with monkeypatch.context() as dying:
        dying.setattr(migration_jobs, "mark", _dies)
        with pytest.raises(KeyboardInterrupt):
            letting(Migrations(world.log, OFFICE, world.clock)).round()
    work_through(world)
    assert announced(world, asked) == {"person:dana": 2}
    assert len(queued(world)) == 1


def _dies(*_args: object) -> None:
    raise KeyboardInterrupt


def test_a_run_whose_events_the_log_does_not_take_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """It is told as failed, with the reason; the rest of its page is moved, and the job comes to its end."""
    bad, *good = runs(world, 3)
    asked = job(world, [bad, *good])
    events = Migrations._events

    def too_much(self: Migrations, job: Any, item: Any, run: Any) -> Any:
        decided = events(self, job, item, run)
        return (
            [one.model_copy(update={"reason": "x" * 300_000}) for one in decided]
            if item.run == bad
            else decided
        )

    monkeypatch.setattr(Migrations, "_events", too_much)
    work_through(world)
    assert [world.run(run).process_version for run in (bad, *good)] == [1, 2, 2]
    with connect(world.url, "test") as connection:
        (problem,) = migration_jobs.problems(connection, asked, 10)
    assert (problem.run, problem.code) == (bad, "too_large")


def test_a_run_that_is_too_busy_to_carry_a_mail_is_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """The job is not finished before everybody is told."""
    asked = job(world, runs(world, 2))
    duty = letting(Migrations(world.log, OFFICE, world.clock))
    assert duty.round() == 0.0
    with monkeypatch.context() as busy:
        busy.setattr(duty._app, "execute_async", _conflicts)
        assert duty.round() == LOOK_SECONDS
    with connect(world.url, "test") as connection:
        found = migration_jobs.find(connection, "sale", asked)
    assert found is not None
    assert found.finished_at is None
    work_through(world)
    assert len(send(world, tmp_path / "outbox")) == 1


async def _conflicts(*_args: object, **_named: object) -> None:
    raise Conflict(uuid4(), 1, 2)


def test_the_mail_waits_for_no_run(world: World, tmp_path: Path):
    """The run that carries it is paused before it is sent; the mail tells of others too, and goes out."""
    moved = runs(world, 2)
    job(world, moved)
    work_through(world)
    world.decide(moved[0], pause_run, "holidays")
    assert len(send(world, tmp_path / "outbox")) == 1


def test_a_run_that_somebody_moved_by_hand_is_no_news_of_the_job(world: World):
    """Who moved it has told of it."""
    run, other = runs(world, 2)
    asked = job(world, [run, other], answer="reopen")
    old, new = (world.app.definition("sale", number) for number in (1, 2))
    at = world.clock()
    world.app.execute(
        RUN,
        run,
        lambda state: migrate_run(
            known(state),
            old,
            new,
            {"field_required": "reopen"},
            by=DANA,
            at=at,
            calendar=OFFICE,
            directory=EVERYBODY,
        ),
    )
    work_through(world)
    assert announced(world, asked) == {"person:dana": 1}


def test_tests_and_real_runs_are_told_of_apart(world: World, tmp_path: Path):
    """A test run's mail goes to the outbox only, and names no real run; an imported run is in no mail."""
    old = world.publish({"key": "ask", "title": "Ask", "role": "seller"})
    real, test = world.start(old, name="Real"), world.start(old, name="Trial", test=True)
    imported = world.imported(old)
    world.publish(
        {"key": "check", "title": "Check", "role": "seller"},
        {"key": "ask", "title": "Ask", "role": "seller", "after": ["check"]},
    )
    world.catch_up()
    job(world, [test, imported, real])
    work_through(world)
    said = sorted(body(mail) for mail in send(world, tmp_path / "outbox"))
    assert [("Real" in one, "Trial" in one, "old" in one) for one in said] == [
        (True, False, False),
        (False, True, False),
    ]


def test_a_migration_ends_when_who_asked_for_it_leaves(world: World, monkeypatch: pytest.MonkeyPatch):
    """What is moved stays moved, the rest waits for somebody who asks for it in their own name."""
    monkeypatch.setattr("workers.migrations.PAGE", 1)
    moved = runs(world, 3, asked=False)
    asked = job(world, moved)
    duty = letting(Migrations(world.log, OFFICE, world.clock))
    duty.round()
    leave(world, "dana")
    work_through(world)
    with connect(world.url, "test") as connection:
        assert migration_jobs.counts(connection, asked) == {"migrated": 1, "refused": 2}
        assert {one.code for one in migration_jobs.problems(connection, asked, 9)} == {"person_deactivated"}
        assert migration_jobs.again(connection, asked, None, None, actor="person:bo") == 2
    work_through(world)
    found = world.log.read(0, 10_000, ["run_migrated"])
    assert [orjson.loads(one.meta)["actor"] for one in found] == [DANA, "person:bo", "person:bo"]


def leave(world: World, key: str) -> None:
    """Somebody is added and deactivated."""
    app, stream, at = Milepost(world.log), person_stream(key), world.clock()
    app.execute(PERSON, stream, lambda _: add_person(None, key, key, directory=EMPTY, by=DANA, at=at))
    app.execute(PERSON, stream, lambda person: deactivate(person or Person(), "Left", by=DANA, at=at))
