"""What a repository needs to know of an aggregate: its name and how its events become its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True)
class Aggregate(Generic[S]):
    """One kind of stream. ``evolve(state, event)`` is total: it accepts whatever was ever stored.

    ``evolve_all``, where there is one, does the same for many events in one go, faster.
    """

    name: str
    evolve: Callable[[S | None, Any], S]
    evolve_all: Callable[[S | None, Iterable[Any]], S | None] | None = None

    def fold(self, events: Iterable[Any], state: S | None = None) -> S | None:
        """The state after all ``events``, from ``state`` on; None where nothing happened yet."""
        if self.evolve_all is not None:
            return self.evolve_all(state, events)
        for event in events:
            state = self.evolve(state, event)
        return state
