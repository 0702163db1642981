"""Recurring work as it stands: its schedule, when it comes next, and what the last times gave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.events import (
    Event,
    OccurrenceMade,
    OccurrencePassedOver,
    RecurrenceChanged,
    RecurrenceEnded,
    RecurrencePaused,
    RecurrenceResumed,
    RecurrenceSetUp,
)
from domain.recurrence import RECURRENCE, Recurrence, next_instant
from projections.engine.fold import Data, Fold, Handler, instant
from projections.engine.projection import Projection, Row, Source, Subject, Table

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
    """One piece of recurring work; ``known`` is what the domain knows of it."""

    def __init__(self) -> None:
        self.state = "active"
        self.told: dict[str, Any] = {}
        self.makes = "task"
        self.project: str | None = None
        self.process: str | None = None
        self.set_up_at: datetime | None = None
        self.set_up_by: str | None = None
        self.known: Recurrence | None = None
        self.last_at: datetime | None = None
        self.last_made: str | None = None
        self.last_passed_over: str | None = None
        self.made = 0
        self.passed_over = 0


def _set_up(facts: RecurrenceFacts, data: Data, at: datetime, by: str | None) -> None:
    facts.told = {name: data[name] for name in _TOLD}
    facts.makes, facts.project, facts.process = data["makes"], data.get("project"), data.get("process")
    facts.set_up_at, facts.set_up_by = at, by


def _changed(facts: RecurrenceFacts, data: Data, _at: datetime, _by: str | None) -> None:
    facts.told = {name: data[name] for name in _TOLD}


def _resumed(facts: RecurrenceFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    facts.state = "active"


def _paused(facts: RecurrenceFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    facts.state = "paused"


def _ended(facts: RecurrenceFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    facts.state = "ended"


def _made(facts: RecurrenceFacts, data: Data, _at: datetime, _by: str | None) -> None:
    facts.last_at, facts.last_made, facts.last_passed_over = instant(data["occurs_at"]), data["made"], None
    facts.made += 1


def _passed_over(facts: RecurrenceFacts, data: Data, _at: datetime, _by: str | None) -> None:
    facts.last_at, facts.last_passed_over = instant(data["occurs_at"]), data["reason"]
    facts.passed_over += 1


def _known(event: type[Event], tell: Handler) -> Handler:
    """Let the domain take the event in too: it says when the work comes next."""

    def handler(facts: RecurrenceFacts, data: Data, at: datetime, by: str | None) -> None:
        facts.known = RECURRENCE.fold([event.model_validate({**data, "at": at, "by": by})], facts.known)
        tell(facts, data, at, by)

    return handler


RECURRENCE_FACTS = Fold(
    "recurrence_facts",
    RecurrenceFacts,
    {
        event.type: _known(event, tell)
        for event, tell in (
            (RecurrenceSetUp, _set_up),
            (RecurrenceChanged, _changed),
            (RecurrencePaused, _paused),
            (RecurrenceResumed, _resumed),
            (RecurrenceEnded, _ended),
            (OccurrenceMade, _made),
            (OccurrencePassedOver, _passed_over),
        )
    },
)


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    facts: RecurrenceFacts = subject.states[0]
    told, next_at = facts.told, None if facts.known is None else next_instant(facts.known)
    yield 0, (
        subject.stream, told["name"], facts.state, told["cron"], told["time_zone"], told["catch_up"], facts.makes,
        None if facts.project is None else UUID(facts.project), facts.process, told["template"], facts.set_up_at,
        facts.set_up_by, next_at, facts.last_at, None if facts.last_made is None else UUID(facts.last_made),
        facts.last_passed_over, facts.made, facts.passed_over, subject.version,
    )  # fmt: skip


RECURRENCES = Projection(
    "recurrences",
    2,
    (RECURRENCE_TABLE,),
    {"recurrence": Source((RECURRENCE_FACTS,), _rows)},
    sql="machine/recurrence_rows",
)
