"""Recurring work as it stands: its schedule, when it comes next, and what the last times gave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.instants import upcoming
from projections.fold import Data, Fold, instant
from projections.projection import Projection, Row, Source, Subject, Table

RECURRENCE_TABLE = Table(
    "recurrence",
    (
        "recurrence", "name", "state", "cron", "time_zone", "catch_up", "makes", "project", "process", "template",
        "set_up_at", "set_up_by", "next_at", "last_at", "last_made", "last_passed_over", "made",
        "passed_over", "version",
    ),
)  # fmt: skip
_TOLD = ("name", "cron", "time_zone", "catch_up", "template")


class RecurrenceFacts:
    """One piece of recurring work; ``until`` is the instant up to which all is dealt with."""

    def __init__(self) -> None:
        self.state = "active"
        self.told: dict[str, Any] = {}
        self.makes = "task"
        self.project: str | None = None
        self.process: str | None = None
        self.set_up_at: datetime | None = None
        self.set_up_by: str | None = None
        self.until: datetime | None = None
        self.last_at: datetime | None = None
        self.last_made: str | None = None
        self.last_passed_over: str | None = None
        self.made = 0
        self.passed_over = 0

    @property
    def next_at(self) -> datetime | None:
        """When it comes next; None while it does not."""
        if self.state != "active" or self.until is None:
            return None
        found = upcoming(self.told["cron"], self.told["time_zone"], self.until, 1)
        return found[0] if found else None


def _set_up(facts: RecurrenceFacts, data: Data, at: datetime, by: str | None) -> None:
    facts.told = {name: data[name] for name in _TOLD}
    facts.makes, facts.project, facts.process = data["makes"], data.get("project"), data.get("process")
    facts.set_up_at, facts.set_up_by, facts.until = at, by, at


def _changed(facts: RecurrenceFacts, data: Data, at: datetime, _by: str | None) -> None:
    facts.told = {name: data[name] for name in _TOLD}
    _reach(facts, at)


def _resumed(facts: RecurrenceFacts, _data: Data, at: datetime, _by: str | None) -> None:
    facts.state = "active"
    _reach(facts, at)


def _paused(facts: RecurrenceFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    facts.state = "paused"


def _ended(facts: RecurrenceFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    facts.state = "ended"


def _made(facts: RecurrenceFacts, data: Data, _at: datetime, _by: str | None) -> None:
    facts.last_at, facts.last_made, facts.last_passed_over = instant(data["occurs_at"]), data["made"], None
    facts.made += 1
    _reach(facts, facts.last_at)


def _passed_over(facts: RecurrenceFacts, data: Data, _at: datetime, _by: str | None) -> None:
    facts.last_at, facts.last_passed_over = instant(data["occurs_at"]), data["reason"]
    facts.passed_over += 1
    _reach(facts, facts.last_at)


def _reach(facts: RecurrenceFacts, at: datetime | None) -> None:
    if at is not None and (facts.until is None or at > facts.until):
        facts.until = at


RECURRENCE_FACTS = Fold(
    "recurrence_facts",
    RecurrenceFacts,
    {
        "recurrence_set_up": _set_up,
        "recurrence_changed": _changed,
        "recurrence_paused": _paused,
        "recurrence_resumed": _resumed,
        "recurrence_ended": _ended,
        "occurrence_made": _made,
        "occurrence_passed_over": _passed_over,
    },
)


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    facts: RecurrenceFacts = subject.states[0]
    told = facts.told
    yield 0, (
        subject.stream, told["name"], facts.state, told["cron"], told["time_zone"], told["catch_up"], facts.makes,
        None if facts.project is None else UUID(facts.project), facts.process, told["template"], facts.set_up_at,
        facts.set_up_by, facts.next_at, facts.last_at, None if facts.last_made is None else UUID(facts.last_made),
        facts.last_passed_over, facts.made, facts.passed_over, subject.version,
    )  # fmt: skip


RECURRENCES = Projection(
    "recurrences", 1, (RECURRENCE_TABLE,), {"recurrence": Source((RECURRENCE_FACTS,), _rows)}
)
