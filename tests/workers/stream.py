"""What the broker holds, asked from outside of the workers."""

import json
from typing import Any

import nats
from nats.aio.client import Client
from nats.js.api import DeliverPolicy

from store.connect import connect
from workers import transport
from workers.transport import BrokerSettings


async def events(nats_url: str) -> list[dict[str, Any]]:
    """Every message of the public stream, in its order."""
    client = await nats.connect(nats_url)
    try:
        js = client.jetstream()
        held = (await js.stream_info(transport.STREAM)).state.messages
        subscription = await js.subscribe(
            transport.SUBJECTS,
            stream=transport.STREAM,
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
