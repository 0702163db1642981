"""Whatever is killed: each acknowledged command is there once, the views equal a rebuild, the stream has no hole."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from milepost.embedded import NatsServer, PostgresServer
from store.connect import connect
from tests.faults.cluster import Writer, kill, servers
from tests.support.knocks import knocks
from tests.support.waiting import wait_until
from tests.workers import stream
from tests.workers.running import RunningWorker

pytestmark = pytest.mark.fault
APPLIED = "select position, stream, type from tally.applied order by position"
EXPECTED = "select position, stream, type from log.event order by position"
STREAMS = "select stream, events from tally.stream order by stream"
EXPECTED_STREAMS = "select stream, count(*) from log.event group by stream order by stream"
COMMANDS = "select id, last_position from log.command"
END_WRITERS = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'milepost writer'
"""
RECONNECT_SECONDS = 0.05
DEFAULT_ATTEMPTS = 60
"""So often a NATS client with its defaults tries, and then gives up for good."""
CONNECTIONS = 2
"""Of a worker: the one that it reads with, and its relay's."""


class House:
    """The servers, a worker and a writer, and the ways in which each of them dies."""

    def __init__(self, postgres: PostgresServer, nats: NatsServer, home: Path) -> None:
        self.postgres, self.nats, self._home = postgres, nats, home
        self.acknowledged: list[tuple[str, int]] = []
        self._writers = 0
        self.write()
        self.worker = self.work()

    def write(self) -> None:
        """A new writer."""
        self._writers += 1
        name = f"w{self._writers}"
        self.writer = Writer(self.postgres.app_url, self._home / name, name)

    def work(self) -> RunningWorker:
        """A new worker."""
        return RunningWorker(
            self.postgres.app_url,
            self.nats.url,
            relay_urls=[self.nats.relay_url],
            reconnect_wait_seconds=RECONNECT_SECONDS,
        )

    def kill_all(self) -> None:
        """Everything at once."""
        self.writer.kill()
        self.worker.kill()
        kill(self.nats)
        kill(self.postgres)
        self._gone(self.nats)
        self._gone(self.postgres)
        self.postgres.start()
        self.nats.start()
        self.acknowledged += self.writer.acknowledged
        self.write()
        self.worker = self.work()

    def _gone(self, server: NatsServer | PostgresServer) -> None:
        wait_until(lambda: not server.running, "the end of the server")
        server.stop()

    def goes_on(self) -> None:
        """Wait until new commands are acknowledged, applied and relayed again."""
        before = len(self.writer.acknowledged)
        wait_until(lambda: len(self.writer.acknowledged) > before + 20, "the writer")
        position = self.writer.acknowledged[-1][1]
        self._both_reach(position)

    def _both_reach(self, position: int) -> None:
        wait_until(lambda: self._at("tally") >= position, "the read model")
        wait_until(lambda: self._at("relay") >= position, "the relay")

    def _at(self, name: str) -> int:
        try:
            return stream.checkpoint(self.postgres.app_url, name)
        except psycopg.OperationalError:
            return 0

    def settle(self) -> None:
        """Stop writing, wait for everything to be applied and relayed, and compare."""
        self.writer.kill()
        self.acknowledged += self.writer.acknowledged
        with connect(self.postgres.app_url, "test") as connection:
            connection.execute(END_WRITERS)  # what the killed writer had sent may still be being stored
            (head,) = connection.execute("select position from log.head").fetchone() or (0,)
            self._both_reach(head)
            commands: dict[str, int] = dict(connection.execute(COMMANDS).fetchall())
            assert {id_: commands.get(id_) for id_, _ in self.acknowledged} == dict(self.acknowledged)
            assert connection.execute(APPLIED).fetchall() == connection.execute(EXPECTED).fetchall()
            assert connection.execute(STREAMS).fetchall() == connection.execute(EXPECTED_STREAMS).fetchall()
        assert asyncio.run(stream.positions(self.nats.owner_url)) == list(range(1, head + 1))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Everything running, under load."""
    with servers() as (postgres, nats), ExitStack() as stack:
        house = House(postgres, nats, tmp_path)
        stack.callback(lambda: house.worker.kill())  # noqa: PLW0108 - the worker of that moment
        stack.callback(lambda: house.writer.kill())  # noqa: PLW0108 - the writer of that moment
        house.goes_on()
        yield house


def test_nothing_acknowledged_is_lost(house: House):
    """All killed at once, twice: every acknowledged command is there once, views and stream equal the log."""
    for _ in range(2):
        house.kill_all()
        house.goes_on()
    house.settle()


def test_a_broker_that_is_away_is_waited_for(house: House):
    """Long after the client's own default would have given up, it still tries, and resumes when the broker is back."""
    port = urlsplit(house.nats.url).port or 0
    kill(house.nats)
    house._gone(house.nats)
    house.writer.kill()
    house.acknowledged += house.writer.acknowledged
    head = max(position for _, position in house.acknowledged)
    wait_until(lambda: house._at("tally") >= head, "the read model, by the poll")
    with knocks(port) as tried:
        wait_until(lambda: tried.count > CONNECTIONS * 1.5 * DEFAULT_ATTEMPTS, "attempts to connect")
    assert house.worker.running
    house.nats.start()
    house.write()
    house.goes_on()
    house.settle()
