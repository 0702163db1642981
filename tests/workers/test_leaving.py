"""The machine asks who still works here, whatever it does that makes a step ready or a task."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.recurrence import made_id
from domain.run import complete_step
from domain.task import TASK
from domain.words import StepKey, person_stream
from store.connect import connect
from store.log import Log
from store.migration_jobs import Job, add
from tests.projections.histories import Fact, staff, store
from tests.support.databases import Database
from tests.support.people import letting
from tests.workers.deeds import OFFICE, World
from tests.workers.test_recurrences import FIRST, Place
from tests.workers.timed import DOCUMENT, Office
from workers.migrations import Migrations

CHILD = {"key": "check", "kind": "run", "run": {"process": "kyc"}}
LAST = {"key": "last", "title": "Last", "role": "seller"}


def leave(log: Log, key: str = "dana") -> None:
    """Somebody was here and has left."""
    store(log, [*staff(key), Fact(person_stream(key), "person_deactivated", {"reason": "left"}, 9)])


def test_a_wait_that_ends_gives_them_nothing(log: Log, database: Database):
    """The timer goes on with the run: the next step is nobody's."""
    stages = [{**DOCUMENT["stages"][0], "steps": [*DOCUMENT["stages"][0]["steps"][1:2], LAST]}]
    office = Office(database.app_url, log, document={**DOCUMENT, "stages": stages})
    office.settle()
    run = office.start()
    leave(log)
    office.clock.move(hours=7)
    office.settle()
    last = office.state(run).step(StepKey("last"))
    office.close()
    assert (last.state, last.assignee) == ("ready", None)


def test_a_child_that_ends_gives_them_nothing(log: Log, database: Database):
    """The parent goes on: its next step is nobody's."""
    world = World(log, database.app_url)
    world.publish({"key": "look", "role": "seller"}, key="kyc")
    run = world.start(world.publish(CHILD, {**LAST, "after": ["check"]}))
    world.act()
    leave(log)
    world.decide(next(iter(world.run(run).children)), complete_step, "look")
    world.act()
    last = world.run(run).step(StepKey("last"))
    world.close()
    assert (last.state, last.assignee) == ("ready", None)


def test_a_migration_gives_them_nothing(log: Log, database: Database):
    """A step that another version makes ready is nobody's."""
    world = World(log, database.app_url)
    run = world.start(world.publish({"key": "first", "role": "seller"}, {**LAST, "after": ["first"]}))
    leave(log)
    world.catch_up()
    new = world.publish({"key": "first", "role": "seller"}, {**LAST, "after": []})
    now = datetime.now(UTC)
    job = Job(run, "sale", new.version, {}, None, "person:bo", now, None)
    with connect(database.app_url, "test") as connection:
        add(connection, job, [run], {})
    duty = letting(Migrations(log, OFFICE, world.clock))
    assert duty.round() == 0.0
    last = world.run(run).step(StepKey("last"))
    world.close()
    assert (last.state, last.assignee) == ("ready", None)


def test_recurring_work_of_somebody_who_left_is_nobodys(log: Log, database: Database):
    """It is made all the same, once, and a comment on it says whose it was to be."""
    place = Place(database, log)
    place.set_up()
    leave(log, "bo")
    place.round(FIRST)
    place.round(FIRST + timedelta(minutes=1))
    made = made_id(place.recurrence, FIRST)
    task = place.app.load(TASK, made)
    assert task is not None
    said = [each.data for each in log.read_stream(made) if each.type == "task_commented"]
    assert (task.assignee, len(said), "person:bo was to have this" in said[0]) == (None, 1, True)
