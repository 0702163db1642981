"""Publishing in order: a few messages one after the other, many as one atomic batch; both refuse to leave a hole.

Not by the client's publish_async: its future never ends when the server refuses a message (nats-py 2.16).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import orjson
from nats.aio.client import Client

from domain.cloudevents import CONTENT_TYPE
from workers.cloudevents import Message
from workers.transport import STREAM

ACK_SECONDS = 5.0
BATCH_FROM = 10


class PublishFailed(Exception):
    """The broker did not take all of the messages; which of them it took, the stream itself knows."""


async def publish(client: Client, messages: Sequence[Message], after: int) -> int:
    """Store the messages behind message ``after`` of the stream; return the number of the last one.

    Raises PublishFailed when another message is there already, or an answer is missing or says no.
    """
    if not client.is_connected:
        raise PublishFailed("not connected")
    if len(messages) < BATCH_FROM:
        for index, each in enumerate(messages):
            await _request(client, each, _headers(each, after + index))
    else:
        await _atomically(client, messages, after)
    return after + len(messages)


async def _atomically(client: Client, messages: Sequence[Message], after: int) -> None:
    """One batch: stored whole with one write to disk, or not at all. Only its last message is answered."""
    batch = uuid4().hex
    for index, each in enumerate(messages[:-1]):
        headers = _headers(each, after if index == 0 else None) | _batch(batch, index + 1)
        await client.publish(each.subject, each.payload, headers=headers)
    commit = _batch(batch, len(messages)) | {"Nats-Batch-Commit": "1"}
    await _request(client, messages[-1], _headers(messages[-1], None) | commit)


async def _request(client: Client, message: Message, headers: dict[str, str]) -> None:
    answer = (await client.request(message.subject, message.payload, ACK_SECONDS, headers=headers)).data
    try:
        refusal = orjson.loads(answer).get("error")
        said = refusal.get("description", "refused") if refusal else None
    except (ValueError, AttributeError) as error:
        raise PublishFailed("the broker's answer cannot be read") from error
    if said is not None:
        raise PublishFailed(said)


def _headers(message: Message, after: int | None) -> dict[str, str]:
    headers = {"Nats-Msg-Id": message.id, "Content-Type": CONTENT_TYPE, "Nats-Expected-Stream": STREAM}
    if after is not None:
        headers["Nats-Expected-Last-Sequence"] = str(after)
    return headers


def _batch(batch: str, index: int) -> dict[str, str]:
    return {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(index)}
