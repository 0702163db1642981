"""The broker's side of the transport: streams and consumers, the server checked, connections that do not give up.

Two streams. MILEPOST carries the public messages for other services. MILEPOST_GROWN holds one message, "the log has
grown to p", for our own workers: it is replaced by the next one, so a worker that was slow or away gets exactly one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nats.aio.client import Client
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import NotFoundError

from store.subscribers import Subscriber
from workers.broker_users import inbox_of, user_of
from workers.subjects import GROWN_STREAM, GROWN_SUBJECT, PROJECTOR, PROJECTOR_DELIVERY, STREAM, SUBJECTS

ONCE_SECONDS = 3.0
OLDEST_SERVER = (2, 14, 3)
DAY_SECONDS = 86_400


class UnsafeBroker(Exception):
    """The NATS server is too old, or set up in a way that may lose acknowledged messages."""


@dataclass(frozen=True)
class BrokerSettings:
    """How to reach NATS and what it keeps. Users and passwords, or a token, are part of the URLs.

    ``relay_urls``: the same servers as the one who may publish; without them ``urls`` has to be.
    """

    urls: tuple[str, ...]
    relay_urls: tuple[str, ...] = ()
    replicas: int = 1
    max_age_seconds: float = 7 * DAY_SECONDS
    max_bytes: int = 2 * 1024**3
    duplicate_window_seconds: float = 120
    max_reconnect_attempts: int = -1
    reconnect_wait_seconds: float = 1.0
    ping_interval_seconds: int = 10

    @property
    def as_relay(self) -> BrokerSettings:
        """The same broker, as the relay."""
        return replace(self, urls=self.relay_urls or self.urls)

    def connection(self, name: str) -> dict[str, Any]:
        """Arguments for nats.connect and NatsBroker alike: the client's own defaults give up after two minutes."""
        settings: dict[str, Any] = {
            "servers": list(self.urls),
            "name": f"milepost {name}",
            "max_reconnect_attempts": self.max_reconnect_attempts,
            "reconnect_time_wait": self.reconnect_wait_seconds,
            "ping_interval": self.ping_interval_seconds,
            "max_outstanding_pings": 2,
            "connect_timeout": 5,
        }
        user = user_of(self.urls[0])
        if user is not None:
            settings["inbox_prefix"] = inbox_of(user)
        return settings


async def connect(
    settings: BrokerSettings,
    name: str,
    *,
    on_error: Callable[[Exception], Awaitable[None]],
    on_closed: Callable[[], Awaitable[None]] | None = None,
    on_reconnected: Callable[[], Awaitable[None]] | None = None,
) -> Client:
    """A connection that waits for the server as long as it takes. ``on_closed``: the client gave up all the same."""
    client = Client()
    await client.connect(
        **settings.connection(name),
        error_cb=on_error,
        closed_cb=on_closed,
        reconnected_cb=on_reconnected,
    )
    return client


async def connect_once(settings: BrokerSettings, name: str) -> Client:
    """A connection for a question or two; raises at once, or after a few seconds, when no server answers."""
    client = Client()
    arguments = settings.connection(name) | {
        "allow_reconnect": False,
        "connect_timeout": 2,
        "max_reconnect_attempts": 1,  # the client counts first attempts too, and -1 has it try for ever
    }
    async with asyncio.timeout(ONCE_SECONDS):
        await client.connect(**arguments, error_cb=_unheard)
    return client


async def migrate(settings: BrokerSettings, subscribers: Sequence[Subscriber] = ()) -> None:
    """The migration step for the broker: connect, declare, close. The server must be there."""
    client = await connect_once(settings, "migrate")
    try:
        await declare(client, settings, subscribers)
    finally:
        await client.close()


async def _unheard(_error: Exception) -> None:
    """The caller gets the error itself."""


async def declare(
    client: Client, settings: BrokerSettings, subscribers: Sequence[Subscriber] = ()
) -> StreamInfo:
    """Create the streams and consumers, or bring those that are there up to date; the answer is the public stream.

    The migration step runs this, as the only user who may change a stream. Doing it twice is fine.
    """
    check_server(client)
    js = client.jetstream()
    for config in (public_stream(settings), grown_stream(settings)):
        try:
            await js.stream_info(str(config.name))
        except NotFoundError:
            await js.add_stream(config)
        else:
            await js.update_stream(config)
    await js.add_consumer(GROWN_STREAM, projector_consumer())
    return await ensure(client, settings, subscribers)


async def ensure(
    client: Client, settings: BrokerSettings, subscribers: Sequence[Subscriber] = ()
) -> StreamInfo:
    """Create what is missing, and leave what is there as it is: all that the relay may do about a lost stream."""
    check_server(client)
    js = client.jetstream()
    for config in (public_stream(settings), grown_stream(settings)):
        try:
            await js.stream_info(str(config.name))
        except NotFoundError:
            await js.add_stream(config)
    wanted = [
        (GROWN_STREAM, projector_consumer()),
        *((STREAM, subscriber_consumer(each)) for each in subscribers),
    ]
    for stream, consumer in wanted:
        try:
            await js.consumer_info(stream, str(consumer.durable_name))
        except NotFoundError:
            await js.add_consumer(stream, consumer)
    return await js.stream_info(STREAM)


def check_server(client: Client) -> None:
    """Refuse a server with known faults in what we rely on."""
    version = client.connected_server_version
    found = (version.major, version.minor, version.patch)
    if found < OLDEST_SERVER:
        wanted = ".".join(map(str, OLDEST_SERVER))
        raise UnsafeBroker(f"nats-server {'.'.join(map(str, found))} is too old: at least {wanted} is needed")


def public_stream(settings: BrokerSettings) -> StreamConfig:
    """The stream that other services read; nothing in it can be deleted or purged before its time."""
    return StreamConfig(
        name=STREAM,
        description="Events of Milepost as CloudEvents; the log in Postgres is the truth.",
        subjects=[SUBJECTS],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_age=settings.max_age_seconds,
        max_bytes=settings.max_bytes,
        num_replicas=settings.replicas,
        duplicate_window=settings.duplicate_window_seconds,
        deny_delete=True,
        deny_purge=True,
        allow_atomic=True,
    )


def grown_stream(settings: BrokerSettings) -> StreamConfig:
    """One message at most, in memory: losing it costs a poll interval."""
    return StreamConfig(
        name=GROWN_STREAM,
        description="The newest position of the log, as a wake-up for workers.",
        subjects=[GROWN_SUBJECT],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.MEMORY,
        discard=DiscardPolicy.OLD,
        max_msgs=1,
        num_replicas=settings.replicas,
    )


def projector_consumer() -> ConsumerConfig:
    """Wake-ups go to one worker at a time until it acknowledges; the fixed subject outlives the consumer."""
    return ConsumerConfig(
        durable_name=PROJECTOR,
        deliver_subject=PROJECTOR_DELIVERY,
        deliver_group=PROJECTOR,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=10,
        max_deliver=-1,
        max_ack_pending=1,
        filter_subject=GROWN_SUBJECT,
    )


def subscriber_consumer(subscriber: Subscriber) -> ConsumerConfig:
    """What a service reads through: it asks for messages and acknowledges them, and its place is kept."""
    return ConsumerConfig(
        durable_name=subscriber.name,
        deliver_policy=DeliverPolicy.ALL if subscriber.from_start else DeliverPolicy.NEW,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=30,
        max_deliver=-1,
        filter_subjects=list(subscriber.subjects),
    )
