"""A started log, and workers in threads, for tests of the workers."""

from collections.abc import Callable, Iterator

import pytest

from milepost.embedded import NatsServer
from store.log import Log
from tests.support.databases import Database
from tests.workers.running import RunningWorker


@pytest.fixture
def log(database: Database) -> Iterator[Log]:
    """The log of this test's database."""
    with Log(database.app_url, durable=False) as log:
        yield log


@pytest.fixture
def start_worker(database: Database, nats_server: NatsServer) -> Iterator[Callable[..., RunningWorker]]:
    """Starts workers on this test's database and broker, with a worker's rights there; they are stopped at the end."""
    started: list[RunningWorker] = []

    def start(**settings: object) -> RunningWorker:
        url = str(settings.pop("nats_url", nats_server.url))
        settings.setdefault("relay_urls", [nats_server.relay_url])
        started.append(RunningWorker(database.app_url, url, **settings))
        return started[-1]

    yield start
    for worker in started:
        worker.stop()
