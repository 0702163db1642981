"""A server that is away for minutes is waited for: no processor, no flood of lines, and back within 10 s."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from milepost.embedded import NatsServer, PostgresServer
from tests.faults.living import AGAIN_SECONDS, Living, living
from tests.support.waiting import wait_until
from tests.workers import stream
from workers.broker_users import RELAY

pytestmark = [pytest.mark.fault, pytest.mark.slow]
DEFAULT_LIMIT_SECONDS = 120
"""After 60 attempts, one every 2 s, a NATS client with its defaults gives up for good."""
MOST_CPU = 0.10
MOST_LINES_A_MINUTE = 60


@dataclass
class Idle:
    """What worker and API used while a server was away."""

    seconds: float
    cpu: float
    lines: int


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A broker that nobody starts again."""
    with NatsServer(tmp_path / "nats") as server:
        yield server


def test_nats_away_for_three_minutes(
    nats: NatsServer, tmp_path: Path, record_property: Callable[[str, object], None]
):
    """Past the client's own limit: commands and views go on, health says so, and the stream is whole soon after."""
    with living(tmp_path, MILEPOST_NATS_URL=nats.url, **as_relay(nats)) as house:
        house.work()
        nats_gone(nats)
        house.goes_on()
        house.rest()
        idle = idles(house, DEFAULT_LIMIT_SECONDS * 1.5)
        assert house.ready == {"state": "degraded", "reasons": ["nats does not answer"]}
        nats.start()
        begun = time.monotonic()
        house.keeps_up(AGAIN_SECONDS)
        record(record_property, idle, time.monotonic() - begun)
        house.work()
        assert house.holds() > 20
        assert asyncio.run(stream.positions(nats.owner_url)) == list(range(1, house.head + 1))
    assert idle.cpu < MOST_CPU
    assert idle.lines < MOST_LINES_A_MINUTE * idle.seconds / 60


def test_postgres_away_for_half_a_minute(tmp_path: Path, record_property: Callable[[str, object], None]):
    """Commands are refused meanwhile, and repeated with their keys until they are accepted; nothing is lost."""
    with PostgresServer(tmp_path / "postgres") as postgres:
        urls = {
            "MILEPOST_DATABASE_URL": postgres.app_url,
            "MILEPOST_MIGRATION_DATABASE_URL": postgres.owner_url,
        }
        with living(tmp_path, **urls) as house:
            house.work()
            postgres_gone(postgres)
            idle = idles(house, 30)
            postgres.start()
            begun = time.monotonic()
            house.goes_on(AGAIN_SECONDS)
            record(record_property, idle, time.monotonic() - begun)
            assert house.holds() > 20
    assert idle.lines < 2 * MOST_LINES_A_MINUTE


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


def idles(house: Living, seconds: float) -> Idle:
    """Let the time pass; what worker and API used of the processor and of their logs."""
    processes = [house.process(name) for name in ("api", "worker")]
    cpu, lines, begun = sum(map(_cpu, processes)), house.lines, time.monotonic()
    wait_until(lambda: time.monotonic() - begun > seconds, "a while without the server", seconds + 60)
    assert all(process.is_running() for process in processes), "a part ended meanwhile"
    passed = time.monotonic() - begun
    return Idle(passed, (sum(map(_cpu, processes)) - cpu) / passed, house.lines - lines)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def record(record_property: Callable[[str, object], None], idle: Idle, back_seconds: float) -> None:
    """Put the figures where the report of the run has them."""
    told = {
        "away_s": idle.seconds,
        "cpu_percent": 100 * idle.cpu,
        "log_lines": idle.lines,
        "back_s": back_seconds,
    }
    for name, value in told.items():
        record_property(name, round(value, 2))
