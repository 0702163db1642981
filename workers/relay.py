"""The relay: follows the log in order and publishes it, one relay at a time, every event once and none left out.

What the stream holds decides where to go on, not the checkpoint: each message says after which one it comes
(Nats-Expected-Last-Sequence), so the stream has no hole and no double, whatever died in between, and a relay that lost
its lease without knowing cannot get a word in. Each message bears a mark that only a relay of this database can make:
what somebody else put into the stream is stepped over. The checkpoint in Postgres is how far the relay is, for people.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

import orjson
import psycopg
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from store.model import Recorded
from workers import cloudevents, publishing, transport
from workers.cloudevents import Message
from workers.lease import Lease, LeaseLost
from workers.publishing import PublishFailed
from workers.subjects import GROWN_STREAM, GROWN_SUBJECT, PROJECTOR, STREAM
from workers.transport import BrokerSettings
from workers.trouble import described

T = TypeVar("T")

BATCH = 500
STANDBY_SECONDS = 1.0
CHECK_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
STAND_SECONDS = 30.0
"""How long the relay stands before an event that it cannot publish, such as one that only a newer release knows."""

AWAY = (NatsError, PublishFailed, psycopg.OperationalError, LeaseLost, TimeoutError, OSError)

log = structlog.get_logger(__name__)


class StreamAhead(Exception):
    """The stream holds events that the log does not: the database was set back; going on would mix histories."""


class Growth(Protocol):
    """What tells that the log has grown: the log's follower."""

    async def wait_async(self, after: int, timeout: float) -> int:  # noqa: ASYNC109 - the shape of the follower's
        """The head, once it is above ``after`` or ``timeout`` seconds are over."""


@dataclass
class Place:
    """How far the stream is: the position of its last event and that message's number in the stream."""

    position: int
    sequence: int
    key: str


class Relay:
    """Publishes the log of one database to one broker. ``run`` it in every worker: one leads, the others stand by."""

    def __init__(
        self, log_id: UUID, database_url: str, growth: Growth, client: Client, settings: BrokerSettings
    ) -> None:
        self._log_id = log_id
        self._growth = growth
        self._client = client
        self._js = client.jetstream()
        self._settings = settings
        self._lease = Lease(database_url, "relay")
        self._thread = ThreadPoolExecutor(1, "relay")
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._unmarked = False
        self.leading = False
        self.position = 0

    async def run(self) -> None:
        """Relay until cancelled. Servers that are away are waited for; anything else is raised."""
        try:
            while True:
                await self._attempt()
        finally:
            self.leading = False
            await asyncio.shield(asyncio.wrap_future(self._thread.submit(self._lease.release)))
            self._thread.shutdown()

    async def _attempt(self) -> None:
        try:
            if await self._database(self._lease.acquire):
                self.leading = True
                await self._lead()
            await asyncio.sleep(STANDBY_SECONDS)
        except AWAY as error:
            log.warning("relay_waits", reason=type(error).__name__)
            await asyncio.sleep(self._pause_seconds)
            self._pause_seconds = min(self._pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        except StreamAhead:
            raise
        except Exception as error:  # noqa: BLE001 - nothing is left out, so it stands; the rest of the worker goes on
            log.error("relay_stands", position=self.position, **described(error))
            await asyncio.sleep(STAND_SECONDS)
        finally:
            self.leading = False

    async def _lead(self) -> None:
        """Publish for as long as the lease and the stream are ours; whatever goes wrong, the next attempt asks anew."""
        place = await self._resume()
        while True:
            head = await self._growth.wait_async(place.position, CHECK_SECONDS)
            if head > place.position:
                await self._announce(head)
                place = await self._forward(place)
                self._pause_seconds = FIRST_PAUSE_SECONDS
            else:
                await self._check(place)

    async def _resume(self) -> Place:
        """Create what is missing and find out where the stream ends."""
        readers = await self._database(self._lease.subscribers)
        info = await transport.ensure(self._client, self._settings, readers)
        key, self._unmarked = await self._database(self._lease.marks)
        place = Place(await self._last_position(info, key), info.state.last_seq, key)
        head = await self._database(self._lease.head)
        if place.position > head:
            raise StreamAhead(f"the stream ends at position {place.position}, the log at {head}")
        await self._database(lambda: self._lease.settle(place.position))
        self.position = place.position
        await self._announce(head)
        return place

    async def _last_position(self, info: StreamInfo, key: str) -> int:
        """The position of the last message that is ours; where there is none, of the last event too old to be kept.

        Whatever else lies on top of it (forged, copied, of another log) is stepped over and stays where it is.
        """
        foreign = 0
        for sequence in range(info.state.last_seq, max(info.state.first_seq, 1) - 1, -1):
            position = await self._own_position(sequence, key)
            if position is not None:
                break
            foreign += 1
        else:
            position = await self._database(lambda: self._lease.last_before(self._settings.max_age_seconds))
        if foreign:
            log.warning("relay_steps_over", messages=foreign, last_sequence=info.state.last_seq)
        return position

    async def _own_position(self, sequence: int, key: str) -> int | None:
        """The position of a message of the stream, if it is ours."""
        found = await self._message(sequence)
        if found is None:
            return None
        name, subject, payload = found
        position = cloudevents.own_position(self._log_id, name, sequence, subject, payload, key)
        if (
            position is None
            and self._unmarked
            and (old := cloudevents.position_of(self._log_id, name)) is not None
        ):
            rows = await self._database(lambda: self._lease.read(old - 1, 1))
            if [(each.subject, each.payload) for each in self._messages(rows)] == [(subject, payload)]:
                return old
        return position

    async def _message(self, sequence: int) -> tuple[str, str, bytes] | None:
        """Name, subject and payload of a message; None of one that is not there, or that nobody can read."""
        try:
            found = await self._js.get_msg(STREAM, sequence)
        except NotFoundError:
            return None
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - whoever may publish can send bytes that break the client's reading
            log.warning("message_is_unreadable", sequence=sequence, reason=type(error).__name__)
            return None
        # the client gives something else than text for what is not ASCII
        name = (found.headers or {}).get("Nats-Msg-Id")
        return str(name) if name is not None else "", found.subject or "", found.data or b""

    async def _forward(self, place: Place) -> Place:
        """Publish what the log holds beyond ``place``, up to one batch, and move the checkpoint after the last ack."""
        rows: list[Recorded] = await self._database(lambda: self._lease.read(place.position, BATCH))
        if not rows:
            return place
        sequence = await publishing.publish(self._client, self._messages(rows), place.sequence, place.key)
        await self._database(lambda: self._lease.move(place.position, rows[-1].position))
        if self._unmarked:
            await self._database(self._lease.all_marked)
            self._unmarked = False
        self.position = rows[-1].position
        return Place(self.position, sequence, place.key)

    def _messages(self, rows: Sequence[Recorded]) -> list[Message]:
        return [cloudevents.message(self._log_id, row) for row in rows]

    async def _announce(self, head: int) -> None:
        """Wake the workers; the newest wake-up replaces the one before."""
        body = orjson.dumps({"log": str(self._log_id), "position": head})
        await self._js.publish(GROWN_SUBJECT, body, timeout=publishing.ACK_SECONDS)

    async def _check(self, place: Place) -> None:
        """When nothing happens: is the lease ours, is all declared, and does the stream end where we left it?"""
        await self._database(self._lease.check)
        info = await self._js.stream_info(STREAM)
        await self._js.consumer_info(GROWN_STREAM, PROJECTOR)
        if info.state.last_seq != place.sequence:
            raise NotFoundError(description="the stream does not end where the relay left it")

    async def _database(self, ask: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, ask)
