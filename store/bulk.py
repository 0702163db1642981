"""Bulk appends: imports and migrations that leave room for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import monotonic

from store.errors import Conflict
from store.model import Append
from store.unit import ThreadTicket, Unit
from store.writer import MAX_BYTES, MAX_UNITS, Writer

_TARGET_SECONDS = 0.005
"""What one group may take; a person's command waits for at most one of them."""
_FEWEST, _MOST = 20, 500
"""Events in a group."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """What became of a bulk append: events stored, the newest position among them, and the appends that lost."""

    events: int
    last_position: int
    conflicts: tuple[Conflict, ...]


class _Pace:
    """How many events the next group may have, from how long the last one took."""

    def __init__(self) -> None:
        self.events = 100

    def took(self, seconds: float) -> None:
        """Grow at most twofold, shrink at once."""
        factor = min(_TARGET_SECONDS / max(seconds, 1e-6), 2.0)
        self.events = int(min(max(self.events * factor, _FEWEST), _MOST))


def append_bulk(writer: Writer, appends: Iterable[Append]) -> Bulk:
    """Store each append on its own, in order; one with more events than a group may have is stored in pieces."""
    pace = _Pace()
    events = last = 0
    conflicts: list[Conflict] = []
    for group in _groups(appends, pace):
        began = monotonic()
        tickets = [ThreadTicket() for _ in group]
        writer.put_bulk([Unit([piece], None, ticket) for piece, ticket in zip(group, tickets, strict=True)])
        for ticket in tickets:
            try:
                accepted = ticket.wait()
            except Conflict as conflict:
                conflicts.append(conflict)
            else:
                last = accepted.last_position
                events += len(accepted.positions)
        pace.took(monotonic() - began)
    return Bulk(events, last, tuple(conflicts))


def _groups(appends: Iterable[Append], pace: _Pace) -> Iterator[list[Append]]:
    group: list[Append] = []
    events = size = 0
    for piece in _pieces(appends):
        piece_bytes = sum(len(event.data) + len(event.meta) for event in piece.events)
        full = (
            events + len(piece.events) > pace.events
            or size + piece_bytes > MAX_BYTES
            or len(group) >= MAX_UNITS
        )
        if group and full:
            yield group
            group, events, size = [], 0, 0
        group.append(piece)
        events += len(piece.events)
        size += piece_bytes
    if group:
        yield group


def _pieces(appends: Iterable[Append]) -> Iterator[Append]:
    for append in appends:
        if len(append.events) <= _MOST:
            yield append
            continue
        for start in range(0, len(append.events), _MOST):
            yield Append(append.stream, append.expected_version + start, append.events[start : start + _MOST])
