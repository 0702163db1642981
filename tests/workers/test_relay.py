"""The relay publishes every event once, in order."""

import signal
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from milepost.embedded import NatsServer
from store.log import Log
from tests.support.databases import Database
from tests.support.waiting import wait_until, wait_until_async
from tests.workers import stream
from tests.workers.running import RunningWorker
from tests.workers.writing import write
from workers import cloudevents, publishing
from workers.cloudevents import Message
from workers.publishing import PublishFailed
from workers.subjects import GROWN_STREAM, GROWN_SUBJECT, STREAM

pytestmark = pytest.mark.anyio
TERMINATE = (
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s and datname = %s"
)
Start = Callable[..., RunningWorker]
KEY = "a key"


def relayed(database: Database, position: int) -> None:
    """Wait until the relay's checkpoint is there."""
    wait_until(lambda: stream.checkpoint(database.app_url, "relay") >= position, "the relay")


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
    relayed(database, write(log, 50))
    frozen.send(signal.SIGCONT)
    relayed(database, write(log, 50))
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
    assert await client.jetstream().delete_stream(STREAM)
    assert await client.jetstream().delete_stream(GROWN_STREAM)
    await client.close()
    write(log, 1)

    async def whole() -> bool:
        try:
            return await stream.positions(nats_url) == list(range(1, 42))
        except APIError:
            return False

    await wait_until_async(whole, "the stream to be whole again")


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
    assert (await client.jetstream().stream_info(STREAM)).state.last_seq == 5
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
async def test_a_hole_is_refused(log: Log, nats_server: NatsServer, nats_url: str, count: int):
    """A message that does not follow the last one of the stream is not stored, and none behind it."""
    await stream.declared(nats_url)
    client = await stream.client_of(nats_server.relay_url)
    write(log, count)
    messages = [cloudevents.message(log.id, row) for row in log.read(0, count)]
    with pytest.raises(PublishFailed):
        await publishing.publish(client, messages, 1, KEY)
    assert await stream.positions(nats_url) == []
    assert await publishing.publish(client, messages, 0, KEY) == count
    with pytest.raises(PublishFailed):
        await publishing.publish(client, messages, 0, KEY)
    assert await stream.positions(nats_url) == list(range(1, count + 1))
    await client.close()


async def test_a_log_set_back_stops_the_relay(log: Log, nats_server: NatsServer, start_worker: Start):
    """A stream that is ahead of its log belongs to a history that is gone: the worker says so and ends."""
    await stream.declared(nats_server.owner_url)
    client = await stream.client_of(nats_server.relay_url)
    write(log, 1)
    ahead = cloudevents.message(log.id, log.read(0, 1)[0])._replace(id=cloudevents.message_id(log.id, 9))
    await publishing.publish(client, [ahead], 0, stream.mark_key(log))
    await client.close()
    worker = start_worker()
    assert worker.wait() != 0
    assert "StreamAhead" in worker.stop()


# --- what somebody else puts into the stream ---

Forge = Callable[[Log, Message, int], dict[str, str]]
"""The headers of a message that is no relay's, from the last true one and its number in the stream."""

FORGERIES: dict[str, Forge] = {
    "no name": lambda _log, _last, _at: {},
    "the next name without a mark": lambda log, last, _at: {"Nats-Msg-Id": f"{log.id}-{last.position + 1}"},
    "the next name with a guessed mark": lambda log, last, _at: {
        "Nats-Msg-Id": f"{log.id}-{last.position + 1}-{'0' * 32}"
    },
    "far ahead of the log": lambda log, _last, _at: {"Nats-Msg-Id": f"{log.id}-999999999-{'0' * 32}"},
    "another log's": lambda _log, last, _at: {"Nats-Msg-Id": f"{uuid4()}-{last.position}"},
    "a mark that is no ASCII": lambda log, last, _at: {"Nats-Msg-Id": f"{log.id}-{last.position}-ü"},
    "a number that is none": lambda log, _last, _at: {"Nats-Msg-Id": f"{log.id}-²³-{'0' * 32}"},
    "a copy of the last one": lambda log, last, at: {
        "Nats-Msg-Id": cloudevents.marked(last, at, stream.mark_key(log))
    },
}
UNREADABLE = [
    b"NATS/1.0\r\n\xff\xfe: \xff\r\nNats-Msg-Id: \xff\r\n\r\n",
    b"NATS/1.0\r\nNats-Msg-Id\r\n\r\n",
    b"NATS/1.0\r\n\r\n",
]
"""Blocks of headers that no client of ours would send."""


async def test_what_is_not_our_own_is_stepped_over(
    log: Log, database: Database, nats_server: NatsServer, start_worker: Start
):
    """Whatever lies on top of the stream: the relay goes on behind it, loses no event and publishes none twice."""
    worker = start_worker(duplicate_window_seconds=0.1)
    relayed(database, write(log, 12))
    client = await stream.client_of(nats_server.relay_url)
    for name, forge in FORGERIES.items():
        last = cloudevents.message(log.id, log.read(log.head() - 1, 1)[0])
        at = await stream.length(nats_server.owner_url)
        headers = forge(log, last, at)
        answer = await taken(client, last, headers)
        assert answer.get("seq") == at + 1, (name, answer)
        relayed(database, write(log, 1))
    await client.close()
    for block in UNREADABLE:
        stream.publish_raw(nats_server.relay_url, b"milepost.v1.run.-.x", block)
        relayed(database, write(log, 1))
    assert "relay_steps_over" in worker.stop()
    start_worker()
    relayed(database, write(log, 30))
    marks = await stream.own(log, nats_server.owner_url)
    assert marks == list(range(1, 12 + len(FORGERIES) + len(UNREADABLE) + 30 + 1))


async def taken(client: Client, message: Message, headers: dict[str, str]) -> dict[str, Any]:
    """The broker's answer once it has forgotten the name: until then the message is a copy to it, and not stored."""

    async def once_more() -> dict[str, Any] | None:
        told = await client.request(message.subject, message.payload, 5, headers=headers)
        answer: dict[str, Any] = orjson.loads(told.data)
        return None if answer.get("duplicate") else answer

    answer = await wait_until_async(once_more, "the end of the broker's memory of names")
    assert answer is not None
    return answer


async def test_a_stream_of_an_earlier_release_goes_on(
    log: Log, database: Database, nats_server: NatsServer, start_worker: Start
):
    """Messages without a mark count as ours, if they say what the log says, until the first with a mark is there."""
    await stream.declared(nats_server.owner_url)
    write(log, 3)
    client = await stream.client_of(nats_server.relay_url)
    for row in log.read(0, 3):
        old = cloudevents.message(log.id, row)
        await client.request(old.subject, old.payload, 5, headers={"Nats-Msg-Id": old.id})
    forged = cloudevents.message(log.id, log.read(2, 1)[0])
    await client.request(forged.subject, b"{}", 5, headers={"Nats-Msg-Id": f"{log.id}-9"})
    await client.close()
    start_worker()
    relayed(database, write(log, 2))
    assert await stream.own(log, nats_server.owner_url) == [4, 5]
    assert await stream.length(nats_server.owner_url) == 6


async def test_a_false_wake_up_holds_nobody_up(
    log: Log, database: Database, nats_server: NatsServer, start_worker: Start
):
    """What is no wake-up of ours is let go of; the next true one is heard."""
    start_worker(listen=False, poll_seconds=3_600)
    first = write(log, 1)
    wait_until(lambda: stream.checkpoint(database.app_url, "tally") >= first, "the worker")
    client = await stream.client_of(nats_server.relay_url)
    for body in (
        b"nonsense",
        b"[]",
        b'{"log": "x", "position": 1}',
        orjson.dumps({"log": str(uuid4()), "position": 9}),
    ):
        await client.jetstream().publish(GROWN_SUBJECT, body)
    await client.close()
    last = write(log, 1)
    wait_until(lambda: stream.checkpoint(database.app_url, "tally") >= last, "the read model")
