"""The eventsourcing library's recorder interfaces on this log: its applications and test cases run on it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    OperationalError,
    StoredEvent,
    Subscription,
)

from store.errors import Conflict, InvalidEvent, LogError
from store.log import Log
from store.model import Append, NewEvent, Recorded

_PLAIN, _WRAPPED = "{}", '{"encoding":"base64"}'


class PostgresLogAggregateRecorder(AggregateRecorder):
    """Records and selects the events of single aggregates."""

    def __init__(self, log: Log) -> None:
        """``log`` is started and stopped by the caller."""
        self.log = log

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append all of these or none (``occurred_at`` by keyword); IntegrityError when a version is taken."""
        self._append(stored_events, **kwargs)
        return None

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
        return [StoredEvent(event.stream, event.version, event.type, _state(event)) for event in found]

    def _append(
        self, stored_events: Sequence[StoredEvent], occurred_at: datetime | None = None
    ) -> Sequence[int]:
        at = occurred_at or datetime.now(UTC)
        try:
            return self.log.append(list(_appends(stored_events, at))).positions
        except (Conflict, InvalidEvent) as error:
            raise IntegrityError(str(error)) from error
        except LogError as error:
            raise OperationalError(str(error)) from error


class PostgresLogRecorder(PostgresLogAggregateRecorder, ApplicationRecorder):
    """Also reads all events in the order of their positions, and follows them."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """As the aggregate recorder does; returns the positions."""
        return list(self._append(stored_events, **kwargs))

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


class _LogSubscription(Subscription[ApplicationRecorder]):
    """Reads page after page; at the end waits for the log to grow."""

    def __init__(self, recorder: PostgresLogRecorder, gt: int | None, topics: Sequence[str]) -> None:
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


def _appends(stored_events: Sequence[StoredEvent], at: datetime) -> Iterator[Append]:
    for originator_id, run in groupby(stored_events, key=lambda event: event.originator_id):
        events = list(run)
        versions = [event.originator_version for event in events]
        if versions != list(range(versions[0], versions[0] + len(events))):
            raise IntegrityError(f"versions of {originator_id} are not consecutive: {versions}")
        new = tuple(_new_event(event, at) for event in events)
        yield Append(_stream(originator_id), versions[0] - 1, new)


def _stream(originator_id: UUID | str) -> UUID:
    return originator_id if isinstance(originator_id, UUID) else UUID(originator_id)


def _new_event(event: StoredEvent, at: datetime) -> NewEvent:
    """JSON is kept byte for byte; other bytes are wrapped in a JSON string, and meta says so."""
    try:
        orjson.loads(event.state)
    except orjson.JSONDecodeError:
        return NewEvent(event.topic, 1, f'"{b64encode(event.state).decode()}"', _WRAPPED, at)
    return NewEvent(event.topic, 1, event.state.decode(), _PLAIN, at)


def _state(event: Recorded) -> bytes:
    return b64decode(orjson.loads(event.data)) if event.meta == _WRAPPED else event.data.encode()


def _notification(event: Recorded) -> Notification:
    return Notification(event.stream, event.version, event.type, _state(event), event.position)
