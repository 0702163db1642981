"""Publishing in order: a few messages one after the other, many as one atomic batch; both refuse to leave a hole."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import orjson
from nats.aio.client import Client
from nats.js import JetStreamContext

from domain.cloudevents import CONTENT_TYPE
from workers.cloudevents import Message
from workers.transport import STREAM

ACK_SECONDS = 5.0
BATCH_FROM = 16


class PublishFailed(Exception):
    """The broker did not take all of the messages; which of them it took, the stream itself knows."""


async def publish(client: Client, js: JetStreamContext, messages: Sequence[Message], after: int) -> int:
    """Store the messages behind message ``after`` of the stream; return the number of the last one.

    Raises PublishFailed when another message is there already, or an answer is missing or says no.
    """
    if not client.is_connected:
        raise PublishFailed("not connected")
    if len(messages) < BATCH_FROM:
        await _pipeline(js, messages, after)
    else:
        await _atomically(client, messages, after)
    return after + len(messages)


async def _pipeline(js: JetStreamContext, messages: Sequence[Message], after: int) -> None:
    """All at once on one connection; each names its predecessor, so one refusal refuses all behind it."""
    acks = [
        await js.publish_async(each.subject, each.payload, headers=_headers(each, after + index))
        for index, each in enumerate(messages)
    ]
    _, late = await asyncio.wait(acks, timeout=ACK_SECONDS)
    for ack in late:
        ack.cancel()
    errors = [error for ack in acks if ack not in late and (error := ack.exception())]
    if late or errors:
        raise PublishFailed(str(errors[0]) if errors else f"{len(late)} acknowledgements are missing")


async def _atomically(client: Client, messages: Sequence[Message], after: int) -> None:
    """One batch: stored whole with one write to disk, or not at all."""
    batch = uuid4().hex
    for index, each in enumerate(messages[:-1]):
        headers = _headers(each, after if index == 0 else None) | _batch(batch, index + 1)
        if index == 0:
            # the first one is answered, with nothing or with a refusal
            _raise_refusal(
                (await client.request(each.subject, each.payload, ACK_SECONDS, headers=headers)).data
            )
        else:
            await client.publish(each.subject, each.payload, headers=headers)
    last = messages[-1]
    headers = _headers(last, None) | _batch(batch, len(messages)) | {"Nats-Batch-Commit": "1"}
    _raise_refusal((await client.request(last.subject, last.payload, ACK_SECONDS, headers=headers)).data)


def _headers(message: Message, after: int | None) -> dict[str, str]:
    headers = {"Nats-Msg-Id": message.id, "Content-Type": CONTENT_TYPE, "Nats-Expected-Stream": STREAM}
    if after is not None:
        headers["Nats-Expected-Last-Sequence"] = str(after)
    return headers


def _batch(batch: str, index: int) -> dict[str, str]:
    return {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(index)}


def _raise_refusal(answer: bytes) -> None:
    if answer and (refusal := orjson.loads(answer).get("error")):
        raise PublishFailed(refusal.get("description", "refused"))
