"""Consumers of the services that subscribe: made, looked at and taken away, as the user who may."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import NamedTuple

from nats.aio.client import Client
from nats.js.errors import NotFoundError

from store.subscribers import Subscriber
from workers import transport
from workers.broker_users import FORMER, NAME
from workers.subjects import STREAM, SUBJECTS
from workers.transport import BrokerSettings

_SUBJECT = re.compile(r"milepost\.v1(\.([A-Za-z0-9_-]+|\*))*(\.>)?")


class Place(NamedTuple):
    """How far a subscriber is: what is delivered and not acknowledged, and what is still to be delivered."""

    unacknowledged: int
    waiting: int


def wrong_with(subscriber: Subscriber) -> str | None:
    """Why there cannot be such a subscriber; None when there can."""
    if not NAME.fullmatch(subscriber.name) or subscriber.name.startswith(FORMER):
        return (
            f"{subscriber.name!r} cannot be the name of a subscriber: it takes 1 to 32 lower-case letters, digits and "
            f"underscores, a letter first, and does not begin with {FORMER}"
        )
    wrong = [subject for subject in subscriber.subjects if not _SUBJECT.fullmatch(subject)]
    if wrong:
        return f"{wrong[0]!r} is no subject of ours: it takes {SUBJECTS}, milepost.v1.run.*.run_completed, …"
    return None


async def add(settings: BrokerSettings, subscriber: Subscriber) -> None:
    """Make the consumer. One that is there under this name was another's, with its subjects and its place: it goes."""
    client = await transport.connect_once(settings, "subscriber")
    try:
        await _take_away(client, subscriber.name)
        await transport.ensure(client, settings, [subscriber])
    finally:
        await client.close()


async def remove(settings: BrokerSettings, name: str) -> None:
    """Take the consumer away, and its place with it."""
    client = await transport.connect_once(settings, "subscriber")
    try:
        await _take_away(client, name)
    finally:
        await client.close()


async def _take_away(client: Client, name: str) -> None:
    with suppress(NotFoundError):
        await client.jetstream().delete_consumer(STREAM, name)


async def places(settings: BrokerSettings, names: list[str]) -> dict[str, Place]:
    """How far each is; nothing of one whose consumer is not there."""
    client = await transport.connect_once(settings, "subscriber")
    found = {}
    try:
        for name in names:
            try:
                info = await client.jetstream().consumer_info(STREAM, name)
            except NotFoundError:
                continue
            found[name] = Place(info.num_ack_pending or 0, info.num_pending or 0)
    finally:
        await client.close()
    return found
