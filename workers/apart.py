"""Keeps one thing that fails from spoiling the others: it is told once, rests for a while, and they go on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import structlog

from workers.duty import NOBODYS
from workers.trouble import described

FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 60.0, 6 * 3_600.0
"""How long what failed rests: twice as long each time, so that it neither is forgotten nor fills the log."""

log = structlog.get_logger(__name__)


class Apart:
    """What one duty has set apart. It is known to this worker only: another one tries it once, and rests then too."""

    def __init__(self, event: str, clock: Callable[[], float] = monotonic) -> None:
        """``event`` is the name under which failures are logged."""
        self._event, self._clock = event, clock
        self._rests: dict[Hashable, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._rests)

    def rests(self, key: Hashable) -> bool:
        """Whether it failed, and is not tried again yet."""
        found = self._rests.get(key)
        return found is not None and self._clock() < found[0]

    def note(self, key: Hashable, error: BaseException, **named: Any) -> None:
        """It failed: it rests."""
        _, seconds = self._rests.get(key, (0.0, FIRST_REST_SECONDS / 2))
        seconds = min(seconds * 2, LONGEST_REST_SECONDS)
        self._rests[key] = self._clock() + seconds, seconds
        log.error(self._event, rests_seconds=seconds, **named, **described(error))

    def resting(self) -> list[Any]:
        """What rests now."""
        return [key for key in self._rests if self.rests(key)]

    def forget(self, key: Hashable) -> None:
        """It went well."""
        self._rests.pop(key, None)

    @contextmanager
    def each(self, key: Hashable, **named: Any) -> Iterator[None]:
        """Do something about this one thing; what is nobody's fault is raised, anything else noted."""
        try:
            yield
        except NOBODYS:
            raise
        except Exception as error:  # noqa: BLE001 - it is told, rests, and stops nothing else
            self.note(key, error, **named)
        else:
            self.forget(key)
