"""The duties of a worker look again and again on the same few connections, and on new ones where those are dead."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from milepost.settings.settings import Settings
from milepost.wiring.worker import duties
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import LENT, Log
from tests.support.databases import Database
from workers.duty import Duty, Round

END = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where application_name = 'milepost worker'"


@pytest.fixture
def made(database: Database, log: Log, tmp_path: Path) -> list[Duty]:
    """All that a worker does beside applying events, on read models that are there."""
    with Projector(database.app_url, log, projections=PROJECTIONS) as projector:
        projector.catch_up()
    told = {"home": tmp_path, "database_url": database.app_url, "nats_url": "nats://127.0.0.1:1"}
    return duties(Settings.model_validate(told), log)


def rounds(made: list[Duty], times: int = 3) -> None:
    """What each of them does when its time has come."""

    async def go() -> None:
        for _ in range(times):
            for duty in made:
                await work(duty).once()

    asyncio.run(go())


def work(duty: Duty) -> Round:
    """What it does."""
    return duty._work


def test_a_round_opens_no_connection(made: list[Duty], monkeypatch: pytest.MonkeyPatch):
    """The first look opens one; from then on all of them use it in turn."""
    rounds(made, 1)
    opened: Counter[str] = Counter()
    for owner in (psycopg, psycopg.Connection):
        connect = owner.connect

        def counted(conninfo: str, *more: Any, _connect: Any = connect, **options: Any) -> Any:
            opened[conninfo.partition("application_name=")[2]] += 1
            return _connect(conninfo, *more, **options)

        monkeypatch.setattr(owner, "connect", counted)
    rounds(made)
    assert opened == {}


def test_connections_that_were_cut_are_replaced_at_once(database: Database, log: Log, made: list[Duty]):
    """Nobody is lent a dead one: after the database was away the first round of each duty goes well."""
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(log.lend())
    with psycopg.connect(database.owner_url) as connection:
        assert connection.execute(END).fetchone() == (3,)
    rounds(made, 1)


def test_a_worker_has_no_more_connections_than_it_may(log: Log):
    """Who comes when all are lent waits, and is told when none becomes free in time."""
    with ExitStack() as held:
        for _ in range(LENT):
            held.enter_context(log.lend())
        with pytest.raises(psycopg.OperationalError, match="couldn't get a connection"):
            held.enter_context(log._lent.connection(timeout=0.01))
    with log.lend() as connection:
        assert connection.execute("select 1").fetchone() == (1,)
