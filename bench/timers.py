"""How long the timer needs for 10,000 dues that come at once, in 10,000 runs of the shipped customer onboarding.

Every run is somewhere between its start and its end; at one instant a step of each is due. What the process says of
that comes with it: most steps also remind on the day itself, and each reminder queues a mail. The yardstick is what
anyone can run in the same database: as many plain events appended in bulk to streams of their own, without any rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg

from application.milepost import Milepost
from bench.support import durable_server
from domain.definition import Definition
from domain.directory import EMPTY
from domain.document import stored_form
from domain.events import Event, ProcessVersionPublished, RunCommented
from domain.run import RUN, Run, fire, set_step_due
from domain.schedule import Calendar
from domain.words import MACHINE, Actor, Assignee, StepKey, process_stream
from interchange.documents.reading import read_document
from milepost.demo.cast import cast
from milepost.demo.player import Player
from projections.engine.live import Projector
from projections.machine.alarm_rows import ALARMS
from projections.run.rows import RUN_STEPS
from store.connect import connect
from store.log import Append, Log
from store.mapper import to_new_event
from store.migrations import migrate
from store.model import NewEvent
from workers import calendar_change
from workers.calendar_change import CalendarChange
from workers.timers import Timers

RUNS = 10_000
SHAPES = 40
"""Different histories; each is that of many runs."""
RECOMPUTED = 1_000
"""Runs of which the dues are computed anew."""
DUE = datetime(2026, 6, 10, 15, tzinfo=UTC)
OFFICE = Calendar()
DANA = Actor("person:dana")
COPY_IN = """
copy log.event (position, stream, version, type, schema_version, data, meta, occurred_at, recorded_at, hash) from stdin
"""
OVERDUE = "select count(*) from log.event where type = 'step_became_overdue' and position > %s"
NO_HASH = "\\x" + bytes(32).hex()


def run(scale: float) -> dict[str, float]:
    """``overdue_seconds`` from the instant to the last of the dues in the log, and what it is compared with."""
    runs = max(SHAPES, int(RUNS * scale))
    with durable_server() as server:
        migrate(server.owner_url)
        shapes = _shapes()
        with psycopg.connect(server.owner_url) as connection:
            stored = _fill(connection, shapes, runs)
        with Projector(server.app_url, projections=(RUN_STEPS, ALARMS)) as projector:
            projector.catch_up()
            with Log(server.app_url) as log:
                return {"runs": float(runs), "events_before": float(stored)} | _measured(
                    server.app_url, log, projector, runs
                )


def _measured(url: str, log: Log, projector: Projector, runs: int) -> dict[str, float]:
    timers, before = Timers(log, OFFICE, lambda: DUE), log.head()
    began = perf_counter()
    timers.round()
    seconds = perf_counter() - began
    fired = log.head() - before
    with connect(url, "bench") as connection:
        row = connection.execute(OVERDUE, [before]).fetchone()
    if row != (runs,):
        raise RuntimeError(f"{row} of {runs} dues are in the log")
    began = perf_counter()
    projector.catch_up()
    shown = perf_counter() - began
    plain = _plain(log, fired)
    recomputed = _recompute(url, log, runs)
    again = log.head()
    timers.round()
    if log.head() != again:
        raise RuntimeError("something was fired twice")
    return {
        "overdue_seconds": seconds,
        "events": float(fired),
        "events_per_s": fired / seconds,
        "read_model_seconds": shown,
        "plain_append_seconds": plain,
        "ratio_plain_append": seconds / plain,
        "recomputed_runs_per_s": recomputed,
    }


def _recompute(url: str, log: Log, runs: int) -> float:
    """Runs per second whose dues are set by another calendar, each read from the log: closed for a week."""
    closed = frozenset(DUE.date() + timedelta(days=number) for number in range(1, 8))
    calendar = Calendar("closed for a week", holidays=closed)
    change = CalendarChange(Milepost(log), calendar, lambda: DUE)
    done = min(runs, RECOMPUTED)
    with connect(url, "bench") as connection:
        change.advance(connection)
        began = perf_counter()
        for _ in range(-(-done // calendar_change.RUNS)):
            change.advance(connection)
        return done / (perf_counter() - began)


def _plain(log: Log, events: int) -> float:
    """Seconds for as many plain events, appended in bulk to streams of their own."""
    data = RunCommented(
        comment=UUID(int=1), text="An event of some length, as those of timers are.", by=MACHINE, at=DUE
    )
    stored = to_new_event(data, {"process": "customer_onboarding", "process_version": 1})
    appends = [Append(UUID(int=1 << 100 | number), 0, [stored]) for number in range(events)]
    began = perf_counter()
    log.append_bulk(appends)
    return perf_counter() - began


# --- runs somewhere on their way ---


def _shapes() -> list[list[NewEvent]]:
    """Histories of runs whose next due is DUE, as they are stored."""
    path = Path(__file__).parent.parent / "processes" / "customer-onboarding.yaml"
    document, _ = read_document(path)
    assert document is not None
    definition = Definition(document.key, 1, document)
    found: list[list[NewEvent]] = []
    number = 0
    while len(found) < SHAPES:
        number += 1
        history = _history(definition, Random(number), number)
        if history:
            meta = {"process": definition.process, "process_version": 1}
            found.append([to_new_event(event, meta) for event in history])
    return found


class _Kept:
    """A run in memory with all its events."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.events: list[Event] = []

    def execute(self, decide: Callable[[Run | None], Sequence[Any]]) -> Sequence[Event]:
        """Decide, and keep the events."""
        events = decide(self.run)
        self.run = RUN.fold(events, self.run)
        self.events += events
        return events


def _history(definition: Definition, random: Random, number: int) -> list[Event]:
    """One run that was worked on until a minute before DUE; none when it has ended before or nothing is open."""
    kept, until = _Kept(), DUE - timedelta(minutes=1)
    began = until - timedelta(days=random.uniform(1, 45))
    player = Player(kept.execute, definition, cast(definition, number, Assignee(DANA)), OFFICE, random)
    player.perform(began, until, DANA, inputs=_inputs(number))
    assert kept.run is not None
    manual = [
        key for key, step in kept.run.steps.items() if step.is_open and definition.steps[key].kind == "task"
    ]
    forms = [
        key for key, step in kept.run.steps.items() if step.is_open and definition.steps[key].kind == "form"
    ]
    if kept.run.ended or not (manual or forms):
        return []
    _catch_up(kept, definition, until)
    kept.execute(
        lambda run: set_step_due(
            run or Run(), definition, (manual or forms)[0], DUE, by=DANA, at=until, calendar=OFFICE
        )
    )
    return kept.events


def _catch_up(kept: _Kept, definition: Definition, until: datetime) -> None:
    """What came before was fired in its time."""
    for key in list(kept.run.steps if kept.run else ()):
        for alarm in ("overdue", "escalation", *(f"reminder:{number}" for number in range(1, 5))):
            at = until + timedelta(minutes=2)
            kept.execute(_fired(definition, key, alarm, at))


def _fired(
    definition: Definition, key: StepKey, alarm: str, at: datetime
) -> Callable[[Run | None], list[Event]]:
    return lambda run: fire(
        run or Run(), definition, key, alarm, by=MACHINE, at=at, calendar=OFFICE, directory=EMPTY
    )


def _inputs(number: int) -> dict[str, Any]:
    return {
        "customer_name": f"Customer {number}",
        "primary_contact_name": "Ada Berg",
        "primary_contact_email": "ada@customer.example",
        "plan": "Business",
        "contract_value": 20_000,
        "needs_sso": number % 2 == 0,
        "needs_migration": number % 3 == 0,
        "go_live_target": (DUE + timedelta(days=30)).date().isoformat(),
    }


# --- many of them in a log ---


def _fill(connection: psycopg.Connection, shapes: list[list[NewEvent]], runs: int) -> int:
    """Store the histories as the owner of the log may, each under many streams; the number of events."""
    position = 0
    with connection.cursor().copy(COPY_IN) as copy:
        for stream, version, event in _rows(shapes, runs):
            position += 1
            at = event.occurred_at
            copy.write_row((position, stream, version, event.type, event.schema_version, event.data, event.meta,
                            at, at, NO_HASH))  # fmt: skip
    connection.execute("update log.head set position = %s, recorded_at = %s", [position, DUE])
    connection.execute("insert into log.calendar (id, name) values (1, %s)", [OFFICE.name])
    connection.commit()
    connection.execute("analyze log.event")
    connection.commit()
    return position


def _rows(shapes: list[list[NewEvent]], runs: int) -> Iterator[tuple[UUID, int, NewEvent]]:
    yield process_stream("customer_onboarding"), 1, _published()
    for number in range(runs):
        for version, event in enumerate(shapes[number % len(shapes)], 1):
            yield UUID(int=number + 1), version, event


def _published() -> NewEvent:
    path = Path(__file__).parent.parent / "processes" / "customer-onboarding.yaml"
    document, _ = read_document(path)
    assert document is not None
    event = ProcessVersionPublished(
        process=document.key, process_version=1, note="bench", document=stored_form(document), at=DUE, by=DANA
    )
    return to_new_event(event, {"process": document.key})
