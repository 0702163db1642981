"""The eventsourcing library's recorder on this log: what an application stores and reads its events with."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    EventStore,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)

from store.bulk import Bulk
from store.events import LogEvent, StreamEvent
from store.log import Log
from store.model import Append, Command, NewEvent, Recorded

Unmoved = Mapping[UUID, int]
"""Streams that nothing is appended to, and the versions that they have to be at for what is appended elsewhere."""
_ANYWHERE: Unmoved = {}
_PLAIN, _WRAPPED = '{"encoding":"json"}', '{"encoding":"base64"}'
"""The meta of events of other applications of the library, which say nothing of themselves."""


class LogAggregateRecorder(AggregateRecorder):
    """Records and selects the events of single aggregates."""

    def __init__(self, log: Log) -> None:
        """``log`` is started and stopped by whoever made it."""
        self.log = log

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command: Command | None = None,
        unmoved: Unmoved = _ANYWHERE,
        **_kwargs: Any,
    ) -> Sequence[int] | None:
        """Append all of these or none, and their command with them.

        ``unmoved`` are other streams, and the versions that they have to be at for it. Raises what ``Log.append``
        raises; a Conflict is an IntegrityError of the library.
        """
        self._append(stored_events, command, unmoved)
        return None

    def _append(
        self, stored_events: Sequence[StoredEvent], command: Command | None, unmoved: Unmoved
    ) -> list[int]:
        if not stored_events and command is None:
            return []
        return list(self.log.append(_unit(stored_events, unmoved), command).positions)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of one aggregate, with versions above ``gt`` up to ``lte``."""
        after = -1 if gt is None else gt
        found = self.log.select_stream(_stream(originator_id), after, lte, descending=desc, limit=limit)
        return [_stored(event) for event in found]


class LogRecorder(LogAggregateRecorder, ApplicationRecorder):
    """Also reads all events in the order of their positions, follows them, and stores for coroutines and in bulk."""

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command: Command | None = None,
        unmoved: Unmoved = _ANYWHERE,
        **_kwargs: Any,
    ) -> Sequence[int] | None:
        """As the aggregate recorder does; returns the positions."""
        return self._append(stored_events, command, unmoved)

    async def insert_events_async(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command: Command | None = None,
        unmoved: Unmoved = _ANYWHERE,
    ) -> Sequence[int]:
        """As ``insert_events``, for a coroutine: those of one group are stored, and woken, together."""
        if not stored_events and command is None:
            return []
        accepted = await self.log.append_async(_unit(stored_events, unmoved), command)
        return list(accepted.positions)

    def insert_bulk(self, aggregates: Iterable[Sequence[StoredEvent]]) -> Bulk:
        """Each aggregate's events on their own, in groups so small that nobody waits long behind them."""
        return self.log.append_bulk(append for stored in aggregates for append in appends_of(stored))

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events by position, from ``start`` to ``stop``, of these topics."""
        after = (start or 0) - (1 if inclusive_of_start and start else 0)
        found = self.log.read(after, limit, topics or None)
        return [_notification(event) for event in found if stop is None or event.position <= stop]

    def max_notification_id(self) -> int | None:
        """The newest position; None for an empty log."""
        return self.log.head() or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Everything above ``gt``, for ever."""
        return _LogSubscription(self, gt, topics)


class LogEventStore(EventStore[UUID]):
    """The library's event store, for coroutines and in bulk too."""

    recorder: LogRecorder

    def append(self, events: Sequence[StreamEvent], **kwargs: Any) -> Sequence[int]:
        """As ``put``; the positions alone."""
        return self.recorder.insert_events(self._stored(events), **kwargs) or ()

    async def append_async(self, events: Sequence[StreamEvent], **kwargs: Any) -> Sequence[int]:
        """As ``append``, for a coroutine."""
        return await self.recorder.insert_events_async(self._stored(events), **kwargs)

    def _stored(self, events: Sequence[StreamEvent]) -> list[StoredEvent]:
        return [self.mapper.to_stored_event(event) for event in events]

    def put_bulk(self, aggregates: Iterable[Sequence[StreamEvent]]) -> Bulk:
        """As ``LogRecorder.insert_bulk``."""
        return self.recorder.insert_bulk(
            list(map(self.mapper.to_stored_event, events)) for events in aggregates
        )


class _LogSubscription(Subscription[ApplicationRecorder]):
    """Reads page after page; at the end waits for the log to grow."""

    def __init__(self, recorder: LogRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._log = recorder.log
        self._notifications = self._follow(gt or 0)

    def __next__(self) -> Notification:
        if self._has_been_stopped:
            raise StopIteration
        return next(self._notifications)

    def _follow(self, after: int) -> Iterator[Notification]:
        while not self._has_been_stopped:
            head = self._log.head()
            while found := self._page(after, head):
                yield from found
                after = found[-1].id
            after = max(after, head)
            self._log.follower.wait(after, timeout=0.25)

    def _page(self, after: int, head: int) -> Sequence[Notification]:
        return self._recorder.select_notifications(after, 500, head, self._topics, inclusive_of_start=False)


def _unit(stored_events: Sequence[StoredEvent], unmoved: Unmoved) -> list[Append]:
    if len(stored_events) == 1 and not unmoved:  # most of what people ask for
        one = stored_events[0]
        return [Append(_stream(one.originator_id), one.originator_version - 1, (_new_event(one),))]
    return [*appends_of(stored_events), *(Append(stream, at, ()) for stream, at in unmoved.items())]


def appends_of(stored_events: Iterable[StoredEvent]) -> Iterator[Append]:
    """What the log takes: events of one aggregate together. IntegrityError when their versions have a gap."""
    for originator_id, run in groupby(stored_events, key=lambda event: event.originator_id):
        events = list(run)
        versions = [event.originator_version for event in events]
        if versions != list(range(versions[0], versions[0] + len(events))):
            raise IntegrityError(f"versions of {originator_id} are not consecutive: {versions}")
        yield Append(_stream(originator_id), versions[0] - 1, [_new_event(event) for event in events])


def _stream(originator_id: UUID | str) -> UUID:
    return originator_id if isinstance(originator_id, UUID) else UUID(originator_id)


def _new_event(event: StoredEvent) -> NewEvent:
    """JSON is kept byte for byte; other bytes are wrapped in a JSON string, and meta says so."""
    if isinstance(event, LogEvent):
        return NewEvent(
            event.topic, event.schema_version, event.state.decode(), event.meta, event.occurred_at
        )
    now = datetime.now(UTC)  # an event of another application says nothing of when it occurred
    try:
        orjson.loads(event.state)
    except orjson.JSONDecodeError:
        return NewEvent(event.topic, 1, f'"{b64encode(event.state).decode()}"', _WRAPPED, now)
    return NewEvent(event.topic, 1, event.state.decode(), _PLAIN, now)


def _stored(event: Recorded) -> StoredEvent:
    if event.meta in (_PLAIN, _WRAPPED):
        return StoredEvent(event.stream, event.version, event.type, _state(event))
    return LogEvent(
        event.stream, event.version, event.type, _state(event), event.schema_version, event.meta,
        event.occurred_at, event.position,
    )  # fmt: skip


def _state(event: Recorded) -> bytes:
    return b64decode(orjson.loads(event.data)) if event.meta == _WRAPPED else event.data.encode()


def _notification(event: Recorded) -> Notification:
    return Notification(event.stream, event.version, event.type, _state(event), event.position)
