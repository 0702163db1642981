"""What the broker holds, asked from outside of the workers."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.js.api import DeliverPolicy

from store.connect import connect
from store.log import Log
from workers import transport
from workers.cloudevents import own_position
from workers.subjects import STREAM, SUBJECTS
from workers.transport import BrokerSettings


async def events(nats_url: str) -> list[dict[str, Any]]:
    """Every message of the public stream, in its order."""
    client = await client_of(nats_url)
    try:
        js = client.jetstream()
        held = (await js.stream_info(STREAM)).state.messages
        subscription = await js.subscribe(
            SUBJECTS,
            stream=STREAM,
            ordered_consumer=True,
            deliver_policy=DeliverPolicy.ALL,
        )
        return [json.loads((await subscription.next_msg(5)).data) for _ in range(held)]
    finally:
        await client.close()


async def positions(nats_url: str) -> list[int]:
    """The positions that the public stream holds, in its order."""
    return [int(event["id"]) for event in await events(nats_url)]


async def client_of(nats_url: str) -> Client:
    """A connection as the workers make them."""
    return await transport.connect_once(BrokerSettings((nats_url,)), "test")


def checkpoint(database_url: str, name: str) -> int:
    """How far a consumer of the log is."""
    with connect(database_url, "test") as connection:
        row = connection.execute("select position from log.checkpoint where name = %s", [name]).fetchone()
    return 0 if row is None else int(row[0])


async def declared(nats_url: str) -> None:
    """Make the streams that a worker makes."""
    await transport.migrate(BrokerSettings((nats_url,)))


async def length(nats_url: str) -> int:
    """The number of the last message of the public stream."""
    client = await client_of(nats_url)
    try:
        return int((await client.jetstream().stream_info(STREAM)).state.last_seq)
    finally:
        await client.close()


def mark_key(log: Log) -> str:
    """What the relays of this database make their marks with."""
    with log._pool.connection() as connection:
        row = connection.execute("select mark_key from log.relay").fetchone()
    assert row is not None
    return str(row[0])


async def own(log: Log, nats_url: str) -> list[int]:
    """The positions of the messages that a relay of this database put into the stream, in its order."""
    key, client = mark_key(log), await client_of(nats_url)
    try:
        js, found = client.jetstream(), []
        for sequence in range(1, (await js.stream_info(STREAM)).state.last_seq + 1):
            message = await js.get_msg(STREAM, sequence)
            name, subject = str((message.headers or {}).get("Nats-Msg-Id", "")), message.subject or ""
            found.append(own_position(log.id, name, sequence, subject, message.data or b"", key))
        return [position for position in found if position is not None]
    finally:
        await client.close()


def publish_raw(nats_url: str, subject: bytes, headers: bytes) -> None:
    """Publish a message with these bytes as its headers, which a client would not let through."""
    to = urlsplit(nats_url)
    options = {"user": to.username, "pass": to.password, "headers": True, "verbose": False, "pedantic": False}
    options |= {"lang": "python", "version": "1"}
    sent = b"HPUB %s %d %d\r\n%s{}\r\nPING\r\n" % (subject, len(headers), len(headers) + 2, headers)
    with socket.create_connection((str(to.hostname), int(to.port or 0)), 10) as connection:
        connection.sendall(b"CONNECT %s\r\n%s" % (json.dumps(options).encode(), sent))
        heard = b""
        while b"PONG" not in heard:
            heard += connection.recv(4_096)
            assert b"-ERR" not in heard
