"""How long stages usually take, from the runs of each process that ended."""

from __future__ import annotations

import psycopg

from domain.schedule import Calendar
from projections.cards.usual_times import LEAST, usual_of
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from tests.projections.histories import BEGIN, hire, opened, published, store
from tests.support.databases import Database


def test_every_process_whose_runs_ended_has_its_usual_times(log: Log, read_database: Database) -> None:
    """Each by its own runs, and all of them are asked for at once; also where the list of processes lacks one."""
    runs = [event for number in range(2 * LEAST) for event in hire(f"run {number}", number)]
    store(log, [published(), opened(), *runs])
    with Projector(read_database.app_url, projections=PROJECTIONS) as projector:
        projector.catch_up()
    with psycopg.connect(read_database.app_url, autocommit=True) as connection:
        ((process, stage),) = connection.execute("select distinct process, stage from read.card").fetchall()
        connection.execute(
            "update read.card set process = 'other' where card in (select card from read.card limit %s)",
            [LEAST],
        )
        ((now,),) = connection.execute("select max(ended_at) from read.card").fetchall()
        usual = usual_of(connection, now, Calendar())
        found = {name: usual(name, stage) for name in (process, "other", "none")}
        assert [each and each.runs for each in found.values()] == [LEAST, LEAST, None]
        connection.execute("delete from read.process")
        again = usual_of(connection, now, Calendar())
        assert {name: again(name, stage) for name in found} == found
        assert usual_of(connection, BEGIN, Calendar())(process, stage) is None, "none had ended by then"
