"""Recomputes the hash chain of every stream from the stored bytes, and says where the log was tampered with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from store.model import Recorded

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
GENESIS = bytes(32)
"""What the first event of a stream is chained to."""


class Source(Protocol):
    """What verification reads: a Log."""

    def head(self) -> int:
        """The newest position."""

    def export(self, after: int, upto: int) -> Iterator[list[Recorded]]:
        """Events with their hashes, in batches."""

    def hashes_before(self, position: int, streams: Iterable[UUID]) -> dict[UUID, tuple[int, bytes]]:
        """The last version and hash of each stream at or below ``position``."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first event that does not hold: where, and what is wrong with it."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verified:
    """How many events were checked, and the first one that is broken."""

    events: int
    broken: Broken | None


def chain(previous: bytes, event: Recorded) -> bytes:
    """The hash of an event after the event with hash ``previous`` in its stream.

    SHA-256 over the previous hash and, separated by single spaces, position, stream, version, schema version,
    occurred_at and recorded_at in microseconds since 1970, the lengths in bytes of type, data and meta, and those
    three together.
    """
    kind, data, meta = event.type.encode(), event.data.encode(), event.meta.encode()
    head = (
        f"{event.position} {event.stream} {event.version} {event.schema_version} {_microseconds(event.occurred_at)} "
        f"{_microseconds(event.recorded_at)} {len(kind)} {len(data)} {len(meta)} "
    )
    return sha256(b"".join((previous, head.encode(), kind, data, meta))).digest()


def verify(
    log: Source, after: int = 0, upto: int | None = None, progress: Callable[[int], None] | None = None
) -> Verified:
    """Check every event above ``after`` up to ``upto`` (the head): dense positions, dense versions, unbroken chains.

    ``progress`` is called with the number of events checked so far. What lies before ``after`` is trusted.
    """
    end = log.head() if upto is None else upto
    checker = _Checker(log, after)
    for batch in log.export(after, end):
        broken = checker.check(batch)
        if broken is not None:
            return Verified(checker.events, broken)
        if progress is not None:
            progress(checker.events)
    if after + checker.events < end:
        return Verified(checker.events, Broken(after + checker.events + 1, "the event is missing"))
    return Verified(checker.events, None)


class _Checker:
    """Remembers where each stream's chain is."""

    def __init__(self, log: Source, after: int) -> None:
        self._log = log
        self._after = after
        self._chains: dict[UUID, tuple[int, bytes]] = {}
        self.events = 0

    def check(self, batch: list[Recorded]) -> Broken | None:
        """Take the next events; the first one that does not hold."""
        self._remember(batch)
        for event in batch:
            reason = self._reason(event)
            if reason is not None:
                return Broken(min(event.position, self._after + self.events + 1), reason)
            self._chains[event.stream] = event.version, event.hash
            self.events += 1
        return None

    def _remember(self, batch: list[Recorded]) -> None:
        unknown = {event.stream for event in batch} - self._chains.keys()
        if self._after and unknown:
            self._chains.update(self._log.hashes_before(self._after, unknown))

    def _reason(self, event: Recorded) -> str | None:
        if event.position != self._after + self.events + 1:
            return "the event is missing"
        last, previous = self._chains.get(event.stream, (None, GENESIS))
        if event.version not in ((0, 1) if last is None else (last + 1,)):
            return f"stream {event.stream} goes from version {last or 0} to {event.version}"
        if chain(previous, event) != event.hash:
            return (
                f"the hash of version {event.version} of stream {event.stream} does not match what is stored"
            )
        return None


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
