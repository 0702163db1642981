"""Who works here, for what the machine decides: runs that it starts, and steps that become ready by its deeds."""

from __future__ import annotations

import time
from typing import Any

from domain.definition import Definition
from domain.directory import EMPTY, Directory, names_somebody
from projections.people import directory as people
from store.log import Log

RECENT_SECONDS = 1.0


class Staff:
    """The directory, asked from threads: as new as the log for a start, as of a moment ago for the rest."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known = EMPTY
        self._upto: int | None = None
        self._until = float("-inf")

    def for_start(self, definition: Definition) -> Directory:
        """Everybody now, with turns and loads of the groups that the process draws from."""
        with self._log.lend() as connection:
            position, known = people.read(connection)
            known = people.follow(connection, known, position)[1]
            return people.with_turns(connection, known, people.drawn_from(definition))[1]

    def now(self) -> Directory:
        """Everybody as of this moment."""
        self._until = float("-inf")
        return self.recently()

    def naming(self, values: Any) -> Directory:
        """As new as these values need it: whoever they name may have been added just now."""
        return self.now() if names_somebody(values) else self.recently()

    def recently(self) -> Directory:
        """Everybody, as of a second ago at most."""
        if time.monotonic() >= self._until:
            with self._log.lend() as connection:
                upto, known = people.read(connection) if self._upto is None else (self._upto, self._known)
                self._upto, self._known = people.follow(connection, known, upto)
            self._until = time.monotonic() + RECENT_SECONDS
        return self._known
