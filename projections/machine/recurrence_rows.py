"""Recurring work as it stands: its schedule, when it comes next, and what the last times gave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never
from uuid import UUID

from domain import events as e
from domain.recurrence import RECURRENCE, Recurrence, next_instant
from projections.engine.fold import Fold, over
from projections.engine.projection import Projection, Row, Source, Subject, Table

RECURRENCE_TABLE = Table(
    "recurrence",
    (
        "recurrence", "name", "state", "cron", "time_zone", "catch_up", "makes", "project", "process", "template",
        "set_up_at", "set_up_by", "next_at", "last_at", "last_made", "last_passed_over", "made",
        "passed_over", "version",
    ),
)  # fmt: skip


class RecurrenceFacts:
    """One piece of recurring work; ``known`` is what the domain knows of it, ``described`` what it is by now."""

    def __init__(self) -> None:
        self.state = "active"
        self.described: e.RecurrenceSetUp | e.RecurrenceChanged | None = None
        self.makes = "task"
        self.project: UUID | None = None
        self.process: str | None = None
        self.set_up_at: datetime | None = None
        self.set_up_by: str | None = None
        self.known: Recurrence | None = None
        self.last_at: datetime | None = None
        self.last_made: UUID | None = None
        self.last_passed_over: str | None = None
        self.made = 0
        self.passed_over = 0


def _take(facts: RecurrenceFacts, event: e.AnyRecurrenceEvent) -> None:
    """The domain takes the event in too: it says when the work comes next."""
    facts.known = RECURRENCE.evolve(facts.known, event)
    match event:
        case e.RecurrenceSetUp():
            facts.described = event
            facts.makes, facts.project, facts.process = event.makes, event.project, event.process
            facts.set_up_at, facts.set_up_by = event.at, event.by
        case e.RecurrenceChanged():
            facts.described = event
        case e.RecurrencePaused():
            facts.state = "paused"
        case e.RecurrenceResumed():
            facts.state = "active"
        case e.RecurrenceEnded():
            facts.state = "ended"
        case e.OccurrenceMade():
            facts.last_at, facts.last_made, facts.last_passed_over = event.occurs_at, event.made, None
            facts.made += 1
        case e.OccurrencePassedOver():
            facts.last_at, facts.last_passed_over = event.occurs_at, event.reason
            facts.passed_over += 1
        case _:
            assert_never(event)


RECURRENCE_FACTS = Fold("recurrence_facts", RecurrenceFacts, over(e.AnyRecurrenceEvent, _take))


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    facts: RecurrenceFacts = subject.states[0]
    told, next_at = facts.described, None if facts.known is None else next_instant(facts.known)
    if told is None:
        raise ValueError("recurring work that nobody set up")
    yield 0, (
        subject.stream, told.name, facts.state, told.cron, told.time_zone, told.catch_up, facts.makes,
        facts.project, facts.process, told.template, facts.set_up_at,
        facts.set_up_by, next_at, facts.last_at, facts.last_made,
        facts.last_passed_over, facts.made, facts.passed_over, subject.version,
    )  # fmt: skip


RECURRENCES = Projection(
    "recurrences",
    2,
    (RECURRENCE_TABLE,),
    {"recurrence": Source((RECURRENCE_FACTS,), _rows)},
    sql="machine/recurrence_rows",
)
