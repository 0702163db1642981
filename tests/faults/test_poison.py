"""An event that a read model cannot digest: its stream is parked for everybody to see, all others go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from psycopg import Connection

from projections.engine.live import retry
from projections.engine.rebuild import compare, rebuild
from projections.registry import PROJECTIONS
from store.connect import connect
from store.log import Log
from tests.support.databases import Database
from tests.support.waiting import wait_until
from tests.workers.poison import WORD
from tests.workers.running import RunningWorker
from tests.workers.writing import add_task, comment
from workers.health import Parked, database_facts, judge

pytestmark = pytest.mark.fault
Start = Callable[..., RunningWorker]
CARD = "select comments from read.card where card = %s"
PARKED = "select projection, stream, position from log.parked"
LIVE = "select c.position from log.checkpoint c join read.generation g on g.schema = c.name where g.state = 'live'"
WRITES = 100


def shows(connection: Connection, position: int) -> bool:
    """Whether every live read model is there."""
    return all(reached >= position for (reached,) in connection.execute(LIVE))


def all_reach(log: Log, connection: Connection, others: list[UUID]) -> None:
    """Comments on other streams, each of which comes into all read models before the next is made."""
    for number in range(WRITES):
        position = comment(log, others[number % len(others)], "fine")
        wait_until(lambda position=position: shows(connection, position), "the read models")  # type: ignore[misc]


def test_a_poison_event_parks_its_stream_and_no_other(log: Log, database: Database, start_worker: Start):
    """Parked at the event, told by health; what others do goes on to be shown; a retry after the fix brings it back."""
    defective = start_worker(projector="poisoned")
    victim, others = uuid4(), [uuid4() for _ in range(10)]
    for task in (victim, *others):
        add_task(log, task)
    comment(log, victim, "fine")
    poison = comment(log, victim, WORD)
    with connect(database.app_url, "test") as connection:
        wait_until(lambda: _is_parked(connection), "the parked stream")
        all_reach(log, connection, others)
        assert _is_parked(connection)
        comment(log, victim, "after it")
        ((schema, stream, position),) = connection.execute(PARKED).fetchall()
        assert (stream, position) == (victim, poison)
        facts = database_facts(connection)
        assert facts.parked == (Parked("board", str(victim), poison, "task_commented", "ValueError"),)
        assert judge(replace(facts, settings={})).state == "degraded"
        assert connection.execute(CARD, [victim]).fetchone() == (1,)
        assert [connection.execute(CARD, [each]).fetchone() for each in others] == [(10,)] * 10
        defective.stop()
        start_worker(projector="real")
        assert retry(database.app_url, schema, victim, projections=PROJECTIONS)
        last = comment(log, victim, "healed")
        wait_until(lambda: shows(connection, last), "the read models")
        assert connection.execute(PARKED).fetchall() == []
        healed = connection.execute(CARD, [victim]).fetchone()
    assert healed == (4,)
    for generation in rebuild(database.app_url, projections=PROJECTIONS):
        assert compare(database.app_url, generation.schema, projections=PROJECTIONS).same


def _is_parked(connection: Connection) -> bool:
    return connection.execute(PARKED).fetchone() is not None
