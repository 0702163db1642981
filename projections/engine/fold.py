"""The shape of a fold: the events of one stream, one after the other, change one state held in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from domain.events import Event

Handler = Callable[[Any, Any], None]
"""(state, event): changes the state in place."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Which events change the state, and how; ``make`` gives the state of a stream without events."""

    name: str
    make: Callable[[], Any]
    handlers: Mapping[type[Event], Handler]

    def take(self, state: Any, event: Event) -> None:
        """Change the state as the event says; one that does not concern it changes nothing."""
        if (handler := self.handlers.get(type(event))) is not None:
            handler(state, event)


def over(union: Any, take: Handler) -> Mapping[type[Event], Handler]:
    """One function for every event of an aggregate: a match that is closed over this union."""
    return dict.fromkeys(get_args(union), take)


def instant(text: str | datetime | None) -> datetime | None:
    """The aware instant that a stored row holds as ISO 8601 text; what was never stored is an instant already."""
    return datetime.fromisoformat(text) if isinstance(text, str) else text
