"""Publishing in order: a few messages one after the other, many as one atomic batch; both refuse to leave a hole.

Not by the client's publish_async: its future never ends when the server refuses a message (nats-py 2.16).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import orjson
from nats.aio.client import Client

from domain.cloudevents import CONTENT_TYPE
from workers.cloudevents import Message, marked
from workers.subjects import STREAM

ACK_SECONDS = 5.0
BATCH_FROM = 10
_AFTER = "Nats-Expected-Last-Sequence"


class PublishFailed(Exception):
    """The broker did not take all of the messages; which of them it took, the stream itself knows."""


async def publish(client: Client, messages: Sequence[Message], after: int, key: str) -> int:
    """Store the messages behind message ``after`` of the stream, marked with ``key``; return the number of the last.

    Raises PublishFailed when another message is there already, or an answer is missing or says no.
    """
    if not client.is_connected:
        raise PublishFailed("not connected")
    if len(messages) < BATCH_FROM:
        for index, each in enumerate(messages):
            last = after + index
            await _request(client, each, {**_headers(each, last + 1, key), _AFTER: str(last)})
    else:
        await _atomically(client, messages, after, key)
    return after + len(messages)


async def _atomically(client: Client, messages: Sequence[Message], after: int, key: str) -> None:
    """One batch: stored whole with one write to disk, or not at all. Only its last message is answered."""
    batch = uuid4().hex
    for index, each in enumerate(messages[:-1]):
        headers = _headers(each, after + index + 1, key) | _batch(batch, index + 1)
        if index == 0:
            headers[_AFTER] = str(after)
        await client.publish(each.subject, each.payload, headers=headers)
    commit = _batch(batch, len(messages)) | {"Nats-Batch-Commit": "1"}
    await _request(client, messages[-1], _headers(messages[-1], after + len(messages), key) | commit)


async def _request(client: Client, message: Message, headers: dict[str, str]) -> None:
    answer = (await client.request(message.subject, message.payload, ACK_SECONDS, headers=headers)).data
    try:
        told = orjson.loads(answer)
        refusal, dropped = told.get("error"), told.get("duplicate")
        said = refusal.get("description", "refused") if refusal else None
    except (ValueError, AttributeError) as error:
        raise PublishFailed("the broker's answer cannot be read") from error
    if said is not None:
        raise PublishFailed(said)
    if dropped:
        raise PublishFailed("the broker holds a message of this name, and dropped this one")


def _headers(message: Message, sequence: int, key: str) -> dict[str, str]:
    """What goes with a message that is to be number ``sequence`` of the stream."""
    name = marked(message, sequence, key)
    return {"Nats-Msg-Id": name, "Content-Type": CONTENT_TYPE, "Nats-Expected-Stream": STREAM}


def _batch(batch: str, index: int) -> dict[str, str]:
    return {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(index)}
