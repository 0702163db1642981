"""What the timer asks of the read models: which alarms have come, when the next one does, which runs are active."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from domain.run.firing import Seen
from domain.words import Assignee, StepKey
from projections.engine.projection import blocks

Conn = Connection[Any]

SQL = {name: text.encode() for name, text in blocks("machine/alarm_queries").items()}
_MODELS = ["alarms", "run_steps"]


class Come(NamedTuple):
    """One alarm that has come; ``version`` is that of the run's stream when it was last seen to be open."""

    at: datetime
    run: UUID
    place: int
    step: StepKey
    alarm: str
    round: int
    assignee: Assignee | None
    moves: int
    version: int
    process: str
    process_version: int
    imported: bool

    @property
    def key(self) -> tuple[UUID, str, str, int, datetime]:
        """What makes it this alarm and no other."""
        return self.run, self.step, self.alarm, self.round, self.at

    @property
    def seen(self) -> Seen:
        """What it tells of the step."""
        return Seen(self.step, self.round, self.alarm, self.at, self.assignee, self.moves)


def come(connection: Conn, now: datetime, after: Come | None, limit: int) -> list[Come]:
    """The alarms whose instant is not after ``now``, the oldest first; ``after`` is the last one of the page before."""
    place = {} if after is None else {"at": after.at, "run": after.run, "place": after.place}
    name = {} if after is None else {"step": after.step, "alarm": after.alarm}
    none = dict.fromkeys(("at", "run", "place", "step", "alarm"))
    asked = {**none, **place, **name, "after": after is not None, "now": now, "limit": limit}
    return [Come(*row) for row in connection.execute(SQL["come"], asked)]


def next_alarm(connection: Conn, now: datetime) -> datetime | None:
    """The instant of the next alarm after ``now``; None when there is none."""
    row = connection.execute(SQL["next"], {"now": now}, prepare=True).fetchone()
    return None if row is None else row[0]


def oldest_alarm(connection: Conn) -> datetime | None:
    """The instant of the first alarm not fired yet; None when there is none, or no read model of them."""
    if not are_made(connection):
        return None
    row = connection.execute(SQL["oldest"]).fetchone()
    return None if row is None else row[0]


def are_made(connection: Conn) -> bool:
    """Whether the read models that the timer needs are there."""
    return connection.execute(SQL["made"]).fetchone() == (True,)


def events_behind(connection: Conn) -> int:
    """How many events the read models that the timer needs are behind the log."""
    row = connection.execute(SQL["behind"], {"names": _MODELS}).fetchone()
    return 0 if row is None else int(row[0])


def active_runs(connection: Conn, after: UUID | None, limit: int) -> list[UUID]:
    """Runs that have not ended, by id, above ``after``."""
    found = connection.execute(SQL["active_runs"], {"after": after, "limit": limit})
    return [run for (run,) in found]
