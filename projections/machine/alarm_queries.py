"""What the timer asks of the read models: which alarms have come, when the next one does, which runs are active."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from domain.run.firing import Seen
from domain.words import Assignee, StepKey
from projections.statements import ask, statements, value_of, values_of

Conn = Connection[Any]

SQL = statements("machine/alarm_queries")
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
    return ask(connection, SQL["come"], Come, **asked)


def next_alarm(connection: Conn, now: datetime) -> datetime | None:
    """The instant of the next alarm after ``now``; None when there is none."""
    found: datetime | None = value_of(connection, SQL["next"], now=now)
    return found


def oldest_alarm(connection: Conn) -> datetime | None:
    """The instant of the first alarm not fired yet; None when there is none, or no read model of them."""
    if not are_made(connection):
        return None
    found: datetime | None = value_of(connection, SQL["oldest"])
    return found


def are_made(connection: Conn) -> bool:
    """Whether the read models that the timer needs are there."""
    return bool(value_of(connection, SQL["made"]))


def events_behind(connection: Conn) -> int:
    """How many events the read models that the timer needs are behind the log."""
    behind: int = value_of(connection, SQL["behind"], names=_MODELS)
    return behind


def active_runs(connection: Conn, after: UUID | None, limit: int) -> list[UUID]:
    """Runs that have not ended, by id, above ``after``."""
    return values_of(connection, SQL["active_runs"], after=after, limit=limit)
