"""Where a card goes on a board: behind one card and before another, or last in its column."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from domain.rank import last, place


class Place(NamedTuple):
    """Behind the card with rank ``after`` and before the one with rank ``before`` (None: no such card)."""

    after: str | None = None
    before: str | None = None

    @property
    def is_said(self) -> bool:
        """Whether it names a card at all."""
        return self.after is not None or self.before is not None


LAST = Place()
"""Behind all others of its column."""


def rank_of(card: UUID, where: Place, now: str | None, last_rank: str | None = None) -> str:
    """The rank of the card there.

    ``now`` is its rank, where it stays in its column: kept where it fits already. Without one, and with nothing said,
    it goes behind ``last_rank``, the rank of the last card there.
    """
    if not now and not where.is_said:
        return last(last_rank, card=card)
    return place(now or None, where.after, where.before, card=card)
