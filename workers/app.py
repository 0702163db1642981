"""The worker process: a FastStream application that hears of growth by JetStream, the applier, and the relay."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import psycopg
import structlog
import uvloop
from faststream import AckPolicy, FastStream
from faststream.exceptions import NackMessage
from faststream.nats import JStream, NatsBroker, NatsMessage
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import BaseModel, ValidationError

from store import checkpoints
from store.log import Follower, Log
from workers import transport
from workers.applier import Applier
from workers.duty import Duty
from workers.relay import Relay
from workers.subjects import GROWN_STREAM, GROWN_SUBJECT, PROJECTOR
from workers.transport import BrokerSettings
from workers.watchdog import Watchdog, watch

GRACE_SECONDS = 15.0
APPLY_SECONDS = 8.0
AGAIN_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Projector(Protocol):
    """What applies events to read models."""

    def catch_up(self) -> int:
        """Apply everything up to the head of the log; return the position reached."""


class Grown(BaseModel):
    """The message that wakes a worker: this log has grown to this position."""

    log: UUID
    position: int


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker process is told."""

    database_url: str
    broker: BrokerSettings
    poll_seconds: float = 0.25
    watchdog_seconds: float = 10.0
    durable: bool = True
    listen: bool = True
    """Whether growth is also heard of by Postgres' own notifications; JetStream and the poll are there in any case."""


def no_duties(_log: Log) -> Sequence[Duty]:
    """A worker that only applies events."""
    return ()


class Worker:
    """One worker process. ``run`` returns when it was asked to stop, and raises when it cannot go on."""

    def __init__(
        self,
        settings: WorkerSettings,
        projector: Callable[[Log], Projector],
        duties: Callable[[Log], Sequence[Duty]] = no_duties,
    ) -> None:
        """``duties`` are what this worker does beside applying events, made with its open log."""
        self._settings = settings
        self._make_duties = duties
        self._log = Log(settings.database_url, durable=settings.durable, poll_seconds=settings.poll_seconds)
        self._make_projector = projector
        self._failure: BaseException | None = None
        self._watchdog = Watchdog(settings.watchdog_seconds)
        self._duties: list[asyncio.Task[None]] = []
        self.broker = make_broker(settings.broker, self._closed, self._connection_error)
        self.app = FastStream(self.broker, logger=logging.getLogger("faststream"))

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT; what was begun is finished first."""
        self._loop = asyncio.get_running_loop()
        self._log.start()
        self.applier = Applier(
            self._make_projector(self._log).catch_up,
            self._log.follower if self._settings.listen else Follower(self._settings.database_url),
            poll_seconds=self._settings.poll_seconds,
            on_failure=self._applier_failed,
        )
        subscribe(self.broker, self.applier, self._log)
        self.app.on_startup(self._take_up_duties)
        self.app.on_startup(self._begin)
        self.applier.start()
        try:
            await self.app.run()
        finally:
            await self._end()
        if self._failure is not None:
            raise self._failure

    async def _begin(self) -> None:
        """Before FastStream subscribes: streams and consumer must be there, or it would make its own."""
        self._duty(self._watch())
        broker = self._settings.broker.as_relay
        self._client = await transport.connect(
            broker, "relay", on_error=self._connection_error, on_closed=self._closed
        )
        await self._ensure(broker)
        relay = Relay(self._log.id, self._settings.database_url, self._log.follower, self._client, broker)
        self._duty(relay.run())

    async def _take_up_duties(self) -> None:
        """Timers, mails and calls go on while the broker is away: they need the log and the read models only."""
        for duty in self._make_duties(self._log):
            self._duty(duty.run())

    async def _ensure(self, broker: BrokerSettings) -> None:
        """Wait for a JetStream that takes our streams; a server that has just started may not yet."""
        while True:
            try:
                await transport.ensure(self._client, broker)
            except (NatsError, TimeoutError) as error:
                log.warning("jetstream_waits", reason=type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS / 4)
            else:
                return

    async def _end(self) -> None:
        for duty in self._duties:
            duty.cancel()
        await asyncio.gather(*self._duties, return_exceptions=True)
        await asyncio.to_thread(self.applier.stop, GRACE_SECONDS)
        client: Client | None = getattr(self, "_client", None)
        if client is not None and not client.is_closed:
            await client.close()
        await asyncio.to_thread(self._log.stop)

    async def _watch(self) -> None:
        await watch(
            self._watchdog,
            lambda: not self.applier.away and self._log.follower.head > self.applier.position,
            self._progress,
            self._resubscribe,
        )

    def _progress(self) -> int:
        """A number that changes when any worker applies something; it stays when the database does not answer."""
        try:
            with self._log.lend() as connection:
                return sum(checkpoints.every(connection).values())
        except psycopg.OperationalError:
            return 0

    async def _resubscribe(self) -> None:
        for subscriber in self.broker.subscribers:
            await subscriber.stop()
            await subscriber.start()

    def _duty(self, duty: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(duty)
        self._duties.append(task)
        task.add_done_callback(self._duty_ended)

    def _duty_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._give_up(error)

    def _applier_failed(self, error: BaseException) -> None:
        self._loop.call_soon_threadsafe(self._give_up, error)

    def _give_up(self, error: BaseException) -> None:
        log.error("worker_gives_up", reason=type(error).__name__, position=self.applier.position)
        self._failure = self._failure or error
        self.app.exit()

    async def _closed(self) -> None:
        """The client gave up for good, unless it is we who end."""
        if not self.app._should_exit:  # noqa: SLF001 - FastStream has no other word for it
            self._give_up(ConnectionError("the connection to NATS is closed"))

    async def _connection_error(self, error: Exception) -> None:
        log.warning("nats_away", reason=type(error).__name__)


def make_broker(settings: BrokerSettings, on_closed: Any, on_error: Any) -> NatsBroker:
    """FastStream's broker with nothing left to its defaults that could lose work."""
    return NatsBroker(
        **settings.connection("worker"),
        closed_cb=on_closed,
        error_cb=on_error,
        graceful_timeout=GRACE_SECONDS,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        logger=logging.getLogger("faststream"),
    )


def subscribe(broker: NatsBroker, applier: Applier, log: Log) -> None:
    """Wake the applier by JetStream: a message is acknowledged when the read models reflect what it says."""

    @broker.subscriber(
        GROWN_SUBJECT,
        queue=PROJECTOR,
        stream=JStream(GROWN_STREAM, declare=False),
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=True,
    )
    async def log_has_grown(message: NatsMessage) -> None:
        grown = _read(message.body)
        if grown is None or grown.log != log.id:
            return  # no relay of ours wrote it
        if await applier.reach(grown.position, APPLY_SECONDS) or grown.position > log.follower.head:
            return  # what the log does not hold is waited for once only
        raise NackMessage(delay=AGAIN_SECONDS)


def _read(body: bytes) -> Grown | None:
    try:
        return Grown.model_validate_json(body)
    except ValidationError:
        return None


def serve(
    settings: WorkerSettings,
    projector: Callable[[Log], Projector],
    duties: Callable[[Log], Sequence[Duty]] = no_duties,
) -> None:
    """Run a worker until it is asked to stop; raises what made it give up."""
    uvloop.run(Worker(settings, projector, duties).run())
