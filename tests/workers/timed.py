"""Runs with alarms, a clock that tests move, and timers on it: what the tests of the timer share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from application.milepost import Milepost
from domain.definition import Definition
from domain.document import Document
from domain.process import PROCESS, Process, publish, save_draft
from domain.run import RUN, Run, start_run
from domain.schedule import Calendar
from domain.words import Actor, process_stream
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from store.model import Recorded
from tests.support.people import EVERYBODY, knowing
from workers.timers import Timers

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DANA = Actor("person:dana")
OFFICE = Calendar()
TOLD = (
    "step_became_overdue",
    "step_reminder_raised",
    "step_escalated",
    "step_skipped",
    "step_wait_timed_out",
)
LADDER = [{"offset": -1, "unit": "hours"}, {"offset": 2, "unit": "hours"}]
DOCUMENT: dict[str, Any] = {
    "key": "sale",
    "title": "Sale",
    "roles": [
        {"key": "boss", "title": "Boss"},
        {"key": "seller", "title": "Seller", "initiator": True, "lead": "boss"},
        {"key": "engine", "title": "Engine", "system": True},
    ],
    "inputs": [{"key": "hours", "title": "Hours", "kind": "number"}],
    "reminders": LADDER,
    "escalate_after": {"offset": 3, "unit": "hours"},
    "stages": [
        {
            "key": "work",
            "title": "Work",
            "steps": [
                {"key": "offer", "title": "Offer", "role": "seller", "after": [],
                 "due": {"anchor": "run_start", "offset": 4, "unit": "hours"}},
                {"key": "pause", "title": "Let it rest", "role": "engine", "kind": "wait", "after": [],
                 "due": {"anchor": "run_start", "offset": 5, "unit": "hours"},
                 "wait": {"event": "customer.answered",
                          "until": {"anchor": "run_start", "offset": 6, "unit": "hours"}}},
                {"key": "survey", "title": "Survey", "role": "seller", "after": [], "required": False,
                 "due": {"anchor": "run_start", "offset": 1, "unit": "business_days"},
                 "reminders": [{"offset": 30, "unit": "hours", "counted_from": "ready"}],
                 "overdue": {"skip_after": {"offset": 2, "unit": "business_days"}}},
            ],
        }
    ],
}  # fmt: skip


@dataclass
class Clock:
    """The time of a test."""

    now: datetime = MONDAY

    def __call__(self) -> datetime:
        """What the time is."""
        return self.now

    def move(self, **by: float) -> None:
        """So much later, or earlier."""
        self.now += timedelta(**by)


@dataclass
class Office:
    """A log with a published process, its read models, and timers."""

    url: str
    log: Log
    calendar: Calendar = OFFICE
    clock: Clock = field(default_factory=Clock)
    document: dict[str, Any] = field(default_factory=lambda: DOCUMENT)

    def __post_init__(self) -> None:
        self.app = Milepost(self.log, calendar=OFFICE)
        self.projector = Projector(self.url, self.log, projections=PROJECTIONS)
        self.timers = self.another()
        stream = process_stream("sale")
        document = Document.model_validate(self.document)
        self.app.execute(PROCESS, stream, lambda state: save_draft(state, document, by=DANA, at=MONDAY))
        self.app.execute(
            PROCESS, stream, lambda state: publish(state or Process(), "first", by=DANA, at=MONDAY)
        )

    def close(self) -> None:
        """Let go of the database."""
        self.projector.close()

    def another(self) -> Timers:
        """Timers of another worker on the same clock."""
        return Timers(self.log, self.calendar, self.clock)

    @property
    def definition(self) -> Definition:
        """The process that runs follow."""
        return self.app.definition("sale", 1)

    def start(self, **more: Any) -> UUID:
        """A new run, begun now."""
        run = uuid4()
        definition = self.definition
        given = {"by": DANA, "at": self.clock(), "calendar": self.calendar, "directory": EVERYBODY, **more}
        self.app.execute(RUN, run, lambda state: start_run(state, definition, **given))
        return run

    def do(self, run: UUID, decision: Any, *args: Any, **more: Any) -> None:
        """Somebody decides something about the run."""
        given = {"by": DANA, "at": self.clock(), **knowing(decision), **more}
        self.app.execute(RUN, run, lambda state: decision(state, *args, **given))

    def round(self, timers: Timers | None = None) -> float:
        """Read models catch up, then timers look once."""
        self.projector.catch_up()
        return (timers or self.timers).round()

    def settle(self) -> None:
        """Rounds until nothing is left to do now."""
        pause_seconds, before = 0.0, -1
        while pause_seconds == 0.0 or before != self.log.head():
            before = self.log.head()
            pause_seconds = self.round()

    def state(self, run: UUID) -> Run:
        """The run as it is."""
        found = self.app.load(RUN, run)
        assert found is not None
        return found

    def told(self, run: UUID | None = None) -> list[Recorded]:
        """What timers recorded, in the order of the log."""
        found = self.log.read(0, 100_000, TOLD)
        return [each for each in found if run is None or each.stream == run]

    def names(self, run: UUID | None = None) -> list[str]:
        """The types of what timers recorded."""
        return [each.type for each in self.told(run)]
