"""A server that is away is waited for, longer than its client would by itself: no flood of lines, and nothing lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from milepost.embedded import NatsServer, PostgresServer
from tests.faults.living import living
from tests.support.knocks import knocks
from tests.support.waiting import wait_until
from tests.workers import stream
from workers.broker_users import RELAY

pytestmark = [pytest.mark.fault, pytest.mark.slow]
DEFAULT_ATTEMPTS = 60
"""So often a NATS client with its defaults tries, and then gives up for good."""
REFUSALS, MOST_LINES = 6, 10
"""How often each client is sent away while the database is, and how many lines each time may leave in the logs."""


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A broker that nobody starts again."""
    with NatsServer(tmp_path / "nats") as server:
        yield server


def test_nats_away_for_longer_than_its_client_waits(nats: NatsServer, tmp_path: Path):
    """Past the client's own limit: commands and views go on, health says so, and the stream is whole soon after."""
    with living(tmp_path, MILEPOST_NATS_URL=nats.url, **as_relay(nats)) as house:
        house.work()
        port = urlsplit(nats.url).port or 0
        connections = sum(connected(house.process(name), port) for name in ("api", "worker"))
        nats_gone(nats)
        house.goes_on()
        house.rest()
        lines = house.lines
        with knocks(port) as tried:
            wait_until(lambda: tried.count > 1.5 * DEFAULT_ATTEMPTS * connections, "attempts to connect", 600)
            assert house.ready == {"state": "degraded", "reasons": ["nats does not answer"]}
            assert house.lines - lines < tried.count, "more lines than attempts"
        nats.start()
        house.keeps_up()
        house.work()
        assert house.holds() > 20
        assert asyncio.run(stream.positions(nats.owner_url)) == list(range(1, house.head + 1))


def test_postgres_away(tmp_path: Path):
    """Commands are refused meanwhile, and repeated with their keys until they are accepted; nothing is lost."""
    with PostgresServer(tmp_path / "postgres") as postgres:
        urls = {
            "MILEPOST_DATABASE_URL": postgres.app_url,
            "MILEPOST_MIGRATION_DATABASE_URL": postgres.owner_url,
        }
        with living(tmp_path, **urls) as house:
            house.work()
            processes = [house.process(name) for name in ("api", "worker")]
            lines = house.lines
            postgres_gone(postgres)
            refused = house.is_refused(REFUSALS)
            assert house.lines - lines < MOST_LINES * refused, "a flood of lines"
            assert all(process.is_running() for process in processes), "a part ended meanwhile"
            postgres.start()
            house.goes_on()
            assert house.holds() > 20


def connected(process: psutil.Process, port: int) -> int:
    """How many connections a process has to a server."""
    return sum(bool(one.raddr) and one.raddr.port == port for one in process.net_connections())


def as_relay(nats: NatsServer) -> dict[str, str]:
    """Who publishes."""
    password = str(urlsplit(nats.relay_url).password)
    return {"MILEPOST_NATS_RELAY_USER": RELAY, "MILEPOST_NATS_RELAY_PASSWORD": password}


def nats_gone(nats: NatsServer) -> None:
    """It dies, and stays away."""
    assert nats.pid is not None
    os.kill(nats.pid, signal.SIGKILL)
    wait_until(lambda: not nats.running)
    nats.stop()


def postgres_gone(postgres: PostgresServer) -> None:
    """It dies, and stays away."""
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    wait_until(lambda: not postgres.running)
    postgres.stop()
