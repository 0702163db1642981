"""The broker's side of the transport: streams and consumers, the server checked, connections that do not give up.

Two streams. MILEPOST carries the public messages for other services. MILEPOST_GROWN holds one message, "the log has
grown to p", for our own workers: it is replaced by the next one, so a worker that was slow or away gets exactly one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client
from nats.js import JetStreamContext
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

STREAM = "MILEPOST"
SUBJECTS = "milepost.v1.>"
GROWN_STREAM = "MILEPOST_GROWN"
GROWN_SUBJECT = "milepost.log.grown"
PROJECTOR = "projector"
PROJECTOR_DELIVERY = "milepost.deliver.projector"
ONCE_SECONDS = 3.0
OLDEST_SERVER = (2, 14, 3)
DAY_SECONDS = 86_400


class UnsafeBroker(Exception):
    """The NATS server is too old, or set up in a way that may lose acknowledged messages."""


@dataclass(frozen=True)
class BrokerSettings:
    """How to reach NATS and what it keeps. Credentials are part of the URLs, or in a credentials file."""

    urls: tuple[str, ...]
    credentials: str | None = None
    replicas: int = 1
    max_age_seconds: float = 7 * DAY_SECONDS
    max_bytes: int = 2 * 1024**3
    duplicate_window_seconds: float = 120
    max_reconnect_attempts: int = -1
    reconnect_wait_seconds: float = 1.0
    ping_interval_seconds: int = 10

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
        user_credentials=settings.credentials,
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
        await client.connect(**arguments, user_credentials=settings.credentials, error_cb=_unheard)
    return client


async def migrate(settings: BrokerSettings) -> None:
    """The migration step for the broker: connect, declare, close. The server must be there."""
    client = await connect_once(settings, "migrate")
    try:
        await declare(client, settings)
    finally:
        await client.close()


async def _unheard(_error: Exception) -> None:
    """The caller gets the error itself."""


async def declare(client: Client, settings: BrokerSettings) -> StreamInfo:
    """Create or update the streams and the durable consumer; the answer is the public stream as it is now.

    The migration step runs this, and so does a worker that finds its stream gone. Doing it twice is fine.
    """
    check_server(client)
    js = client.jetstream()
    info = await _declare_stream(js, public_stream(settings))
    await _declare_stream(js, grown_stream(settings))
    # creates the consumer, or updates the one that is there
    await js.add_consumer(GROWN_STREAM, projector_consumer())
    return info


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


async def _declare_stream(js: JetStreamContext, config: StreamConfig) -> StreamInfo:
    try:
        await js.stream_info(str(config.name))
    except NotFoundError:
        return await js.add_stream(config)
    return await js.update_stream(config)
