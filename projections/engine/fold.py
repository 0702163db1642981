"""The shape of a fold: the events of one stream, one after the other, change one state held in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Data = Mapping[str, Any]
Handler = Callable[[Any, Data, datetime, "str | None"], None]
"""(state, data of the event, occurred_at, actor): changes the state in place."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Which events change the state, and how; ``make`` gives the state of a stream without events."""

    name: str
    make: Callable[[], Any]
    handlers: Mapping[str, Handler]


def instant(text: str | datetime | None) -> datetime | None:
    """The aware instant that stored data holds as ISO 8601 text; what was never stored is an instant already."""
    return datetime.fromisoformat(text) if isinstance(text, str) else text
