"""Streams as the application holds them in memory: folded up to a version."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

from eventsourcing.application import LRUCache
from eventsourcing.domain import MutableOrImmutableAggregate

from domain.aggregate import Aggregate
from store.events import StreamEvent

S = TypeVar("S")


class Loaded(NamedTuple):
    """A stream folded up to a version; ``position`` is that of its last event. What the library calls an aggregate.

    ``state`` is None, and the version 0, where nothing happened yet. ``kind`` is the name of its aggregate.
    """

    id: UUID
    version: int = 0
    position: int = 0
    state: Any = None
    kind: str = ""


Projector = Callable[[Loaded | None, Iterable[StreamEvent]], Loaded | None]


def projector(aggregate: Aggregate[S]) -> Projector:
    """How the library's repository makes a stream of this kind from its events, on from what it had."""

    def project(known: Loaded | None, events: Iterable[StreamEvent]) -> Loaded | None:
        found = list(events)
        if not found:
            return known
        state = aggregate.fold((each.event for each in found), None if known is None else known.state)
        last = found[-1]
        return Loaded(last.originator_id, last.originator_version, last.position, state, aggregate.name)

    return project


class NewestCache(LRUCache[UUID, MutableOrImmutableAggregate[UUID]]):
    """The streams used last. What is newer is never replaced by what is older, whoever comes later with it."""

    def put(self, key: UUID, value: MutableOrImmutableAggregate[UUID] | None) -> None:
        """Keep it, unless something newer is known."""
        with self.lock:
            link = self.cache.get(key)
            if link is not None:
                if value is not None and link[self.RESULT].version < value.version:
                    link[self.RESULT] = value
                return
        super().put(key, value)

    def newest(self, key: UUID) -> Loaded | None:
        """What is known of a stream, if anything is."""
        try:
            return cast("Loaded", self.get(key))
        except KeyError:
            return None
