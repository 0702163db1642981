"""The relay publishes every event once, in order."""

import signal
from collections.abc import Callable

import psycopg
import pytest
from nats.js.errors import APIError

from store.log import Log
from tests.support.databases import Database
from tests.support.waiting import wait_until, wait_until_async
from tests.workers import stream
from tests.workers.running import RunningWorker
from tests.workers.writing import write
from workers import cloudevents, publishing, transport
from workers.publishing import PublishFailed
from workers.transport import BrokerSettings

pytestmark = pytest.mark.anyio
TERMINATE = (
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s and datname = %s"
)
Start = Callable[..., RunningWorker]


def relayed(database: Database, position: int, seconds: float = 10) -> None:
    """Wait until the relay's checkpoint is there."""
    wait_until(lambda: stream.checkpoint(database.app_url, "relay") >= position, seconds, "the relay")


async def test_every_event_is_published_in_order(
    log: Log, database: Database, nats_url: str, start_worker: Start
):
    """What was there before the worker and what comes after: position 1, 2, 3 … without a hole or a double."""
    write(log, 700)
    start_worker()
    relayed(database, 700)
    write(log, 7)
    relayed(database, 707)
    assert await stream.positions(nats_url) == list(range(1, 708))


async def test_a_standby_takes_over(log: Log, database: Database, nats_url: str, start_worker: Start):
    """One relay leads; when it is killed, another goes on where the stream ends."""
    first = start_worker()
    write(log, 10)
    relayed(database, 10)
    start_worker()
    first.kill()
    relayed(database, write(log, 10))
    assert await stream.positions(nats_url) == list(range(1, 21))


async def test_a_frozen_relay_cannot_get_a_word_in(
    log: Log, database: Database, nats_url: str, start_worker: Start
):
    """A relay that wakes up after another took its place publishes nothing stale."""
    frozen = start_worker()
    relayed(database, write(log, 5))
    frozen.send(signal.SIGSTOP)
    with psycopg.connect(database.server.url_for("postgres"), autocommit=True) as superuser:
        superuser.execute(TERMINATE, ["milepost relay", database.name])
    start_worker()
    relayed(database, write(log, 50), 15)
    frozen.send(signal.SIGCONT)
    relayed(database, write(log, 50), 15)
    assert await stream.positions(nats_url) == list(range(1, 106))


async def test_a_lost_checkpoint_publishes_nothing_twice(
    log: Log, database: Database, nats_url: str, start_worker: Start
):
    """The stream itself says where to go on; the checkpoint is only for people."""
    worker = start_worker()
    relayed(database, write(log, 30))
    worker.kill()
    with log._pool.connection() as connection:
        connection.execute("update log.checkpoint set position = 3 where name = 'relay'")
    start_worker()
    relayed(database, write(log, 2))
    assert await stream.positions(nats_url) == list(range(1, 33))


async def test_a_lost_stream_is_filled_again(
    log: Log, database: Database, nats_url: str, start_worker: Start
):
    """Deleting the stream under a running worker costs time only."""
    start_worker()
    relayed(database, write(log, 40))
    client = await stream.client_of(nats_url)
    assert await client.jetstream().delete_stream(transport.STREAM)
    assert await client.jetstream().delete_stream(transport.GROWN_STREAM)
    await client.close()
    write(log, 1)

    async def whole() -> bool:
        try:
            return await stream.positions(nats_url) == list(range(1, 42))
        except APIError:
            return False

    await wait_until_async(whole, 15, "the stream to be whole again")


async def test_what_is_older_than_the_stream_keeps_is_not_published_again(
    log: Log, database: Database, nats_url: str, start_worker: Start
):
    """A fresh stream begins with the events that it would still hold."""
    write(log, 20)
    _make_older(database, 20)
    write(log, 5)
    start_worker(max_age_seconds=600, duplicate_window_seconds=1)
    relayed(database, 25)
    client = await stream.client_of(nats_url)
    assert (await client.jetstream().stream_info(transport.STREAM)).state.last_seq == 5
    await client.close()


def _make_older(database: Database, position: int) -> None:
    """As if the events up to this position had been stored an hour ago."""
    with psycopg.connect(database.owner_url) as connection:
        connection.execute("alter table log.event disable trigger event_is_append_only")
        connection.execute(
            "update log.event set recorded_at = recorded_at - interval '1 hour' where position <= %s",
            [position],
        )
        connection.execute("alter table log.event enable trigger event_is_append_only")


@pytest.mark.parametrize("count", [3, 40], ids=["one by one", "as a batch"])
async def test_a_hole_is_refused(log: Log, nats_url: str, count: int):
    """A message that does not follow the last one of the stream is not stored, and none behind it."""
    client = await stream.client_of(nats_url)
    await transport.declare(client, BrokerSettings((nats_url,)))
    write(log, count)
    messages = [cloudevents.message(log.id, row) for row in log.read(0, count)]
    with pytest.raises(PublishFailed):
        await publishing.publish(client, messages, after=1)
    assert await stream.positions(nats_url) == []
    assert await publishing.publish(client, messages, after=0) == count
    with pytest.raises(PublishFailed):
        await publishing.publish(client, messages, after=0)
    assert await stream.positions(nats_url) == list(range(1, count + 1))
    await client.close()


async def test_a_log_set_back_stops_the_relay(log: Log, nats_url: str, start_worker: Start):
    """A stream that is ahead of its log belongs to a history that is gone: the worker says so and ends."""
    client = await stream.client_of(nats_url)
    await transport.declare(client, BrokerSettings((nats_url,)))
    write(log, 1)
    ahead = cloudevents.message(log.id, log.read(0, 1)[0])._replace(id=cloudevents.message_id(log.id, 9))
    await publishing.publish(client, [ahead], after=0)
    await client.close()
    worker = start_worker()
    assert worker.wait() != 0
    assert "StreamAhead" in worker.stop()
