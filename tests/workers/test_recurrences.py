"""Recurring work on a real log: made once, on its project's board or as a run, whatever stopped in between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest

from application.milepost import Milepost
from domain.document import Document, stored_form
from domain.events import (
    Event,
    ProcessVersionPublished,
    ProjectOpened,
    ProjectStage,
    RecurrenceChanged,
    RecurrenceSetUp,
    TaskAdded,
)
from domain.process import PROCESS
from domain.project import PROJECT, Project, close
from domain.rank import between
from domain.recurrence import RECURRENCE, made_id
from domain.run import RUN
from domain.task import TASK
from domain.words import Actor, StageKey, process_stream
from projections import queries
from projections.engine.live import Projector
from projections.machine.recurrence_queries import recurrences
from projections.registry import PROJECTIONS
from projections.visible import EVERYTHING
from store.connect import connect
from store.log import Log
from tests.projections.histories import staff, store
from tests.support.databases import Database
from workers.recurrences import Recurring

DANA = Actor("person:dana")
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIRST = NINE + timedelta(days=1)
PLAN: dict[str, Any] = {"name": "Daily check", "cron": "0 9 * * *", "time_zone": "UTC"}
TASK_TEMPLATE = {
    "title": "Check {date}", "stage": "open", "assignee": "person:bo", "due_in_days": 2,
    "checklist": ["Doors", "Lights"],
}  # fmt: skip
DOCUMENT = {
    "key": "rounds", "title": "Rounds", "inputs": [{"key": "site", "title": "Site", "kind": "text", "required": True}],
    "roles": [{"key": "guard", "title": "Guard", "initiator": True}],
    "stages": [{"key": "go", "title": "Go", "steps": [{"key": "walk", "title": "Walk", "role": "guard"}]}],
}  # fmt: skip


class Place:
    """A log with a project and a process, and a worker's round under a clock that the test sets."""

    def __init__(self, database: Database, log: Log) -> None:
        self.url, self.log, self.now = database.app_url, log, NINE
        self.app = Milepost(log)
        self.project, self.recurrence = uuid4(), uuid4()
        columns = (ProjectStage(key=StageKey("open"), title="Open"),)
        self.put(PROJECT, self.project, ProjectOpened(name="Office", stages=columns, by=DANA, at=NINE))
        document = stored_form(Document.model_validate(DOCUMENT))
        version = ProcessVersionPublished(
            process="rounds", process_version=1, note="", document=document, by=DANA, at=NINE
        )
        self.put(PROCESS, process_stream("rounds"), version)

    def put(self, aggregate: Any, stream: UUID, *events: Event) -> None:
        """Store these events."""
        self.app.execute(aggregate, stream, lambda _: list(events))

    def set_up(self, **told: Any) -> None:
        """Set up recurring work."""
        usual: dict[str, Any] = {"makes": "task", "project": self.project, "template": TASK_TEMPLATE}
        self.put(RECURRENCE, self.recurrence, RecurrenceSetUp(**{**PLAN, **usual, **told}, by=DANA, at=NINE))

    def round(self, at: datetime) -> float:
        """One round of the worker at this time, with read models that are up to date before and after."""
        self.now = at
        self.project_all()
        recurring = Recurring(Milepost(self.log), lambda: self.now)
        pause_seconds = anyio.run(recurring.once)
        self.project_all()
        return pause_seconds

    def project_all(self) -> None:
        """Bring the read models to the head."""
        with Projector(self.url, self.log, projections=PROJECTIONS) as projector:
            projector.catch_up()

    def cards(self) -> Sequence[Any]:
        """The cards on the board, in order."""
        with connect(self.url, "test") as connection:
            return queries.board(connection, self.project, now=self.now).columns[0].cards

    def row(self) -> Any:
        """The recurring work as the list shows it."""
        with connect(self.url, "test") as connection:
            return recurrences(connection, visible=EVERYTHING).rows[0]


def _closed(project: Project | None) -> Sequence[Event]:
    assert project is not None
    return close(project, "Done", by=DANA, at=FIRST)


@pytest.fixture
def place(database: Database, log: Log) -> Place:
    """A place of this test's own, where Dana and Bo work."""
    store(log, [*staff("dana"), *staff("bo")])
    return Place(database, log)


def test_nothing_is_made_before_its_time(place: Place):
    """The worker looks again when the next instant comes, at the latest after a few seconds."""
    place.set_up()
    assert place.round(FIRST - timedelta(seconds=2)) == 2.0
    assert len(place.cards()) == 0
    assert place.row().next_at == FIRST


def test_a_task_is_made_from_the_template(place: Place):
    """Its texts name the day, its due counts from the instant, its checklist is there; it stands last."""
    place.set_up()
    place.round(FIRST + timedelta(seconds=1))
    made = made_id(place.recurrence, FIRST)
    task = place.app.load(TASK, made)
    assert task is not None
    assert (task.title, task.assignee, task.due_on) == (
        "Check 2026-03-03",
        "person:bo",
        FIRST.date() + timedelta(days=2),
    )
    assert [entry.text for entry in task.checklist.values()] == ["Doors", "Lights"]
    row = place.row()
    assert (row.made, row.last_made, row.last_at, row.next_at) == (1, made, FIRST, FIRST + timedelta(days=1))
    assert (row.schedule, len(row.coming)) == ("At 09:00 every day", 5)


def test_a_change_a_second_later_loses_nothing(place: Place):
    """The list says what is still to come, the worker makes it as it was told then, and goes on in the new way."""
    place.set_up()
    changed = {**PLAN, "cron": "0 12 * * *", "template": {**TASK_TEMPLATE, "title": "Other"}}
    place.put(
        RECURRENCE, place.recurrence, RecurrenceChanged(**changed, by=DANA, at=FIRST + timedelta(seconds=1))
    )
    place.project_all()
    assert place.row().next_at == FIRST
    place.round(FIRST + timedelta(seconds=3))
    assert [card.name for card in place.cards()] == ["Check 2026-03-03"]
    assert place.row().next_at == FIRST + timedelta(hours=3)


def test_what_is_made_up_for_stands_in_order(place: Place):
    """Several days at once: the first stands first, though nobody sees one before the next is made."""
    place.set_up(catch_up="all")
    place.round(FIRST + timedelta(days=6))
    names = [card.name for card in place.cards()]
    assert names == sorted(names)
    assert len(names) == 7


def test_it_stands_behind_all_that_its_column_shows(place: Place):
    """A card that is in no column of the project is shown in the first, and what is made there comes after it."""
    card = uuid4()
    rank = between(between(None, None, card=card), None, card=card)
    added = TaskAdded(
        project=place.project, stage=StageKey("attic"), title="Old", rank=rank, by=DANA, at=NINE
    )
    place.put(TASK, card, added)
    place.set_up()
    place.round(FIRST + timedelta(seconds=1))
    assert [card.name for card in place.cards()] == ["Old", "Check 2026-03-03"]


def test_due_in_no_days_is_the_day_of_the_schedule(place: Place):
    """Nine in Auckland is the evening before in UTC: due is the day on which it is nine there."""
    template = {**TASK_TEMPLATE, "title": "Check {date}", "due_in_days": 0}
    place.set_up(time_zone="Pacific/Auckland", template=template)
    place.round(FIRST)
    (card,) = place.cards()
    task = place.app.load(TASK, card.id)
    assert task is not None
    assert (task.title, str(task.due_on)) == ("Check 2026-03-03", "2026-03-03")


def test_looking_twice_makes_nothing_twice(place: Place):
    """Also when the worker stopped after making the task and before recording that."""
    place.set_up()
    place.round(FIRST)
    place.round(FIRST)
    assert len(place.cards()) == 1
    second = FIRST + timedelta(days=1)
    recurring = Recurring(place.app, lambda: second)
    known = place.app.load(RECURRENCE, place.recurrence)
    assert known is not None
    recurring._make_task(known, second, made_id(place.recurrence, second), second)
    place.round(second)
    place.round(second)
    assert [card.name for card in place.cards()] == ["Check 2026-03-03", "Check 2026-03-04"]


def test_after_an_outage_only_the_last_is_made_up_for(place: Place):
    """Three days away: the newest day's task is made, and the list says how many were passed over."""
    place.set_up()
    place.round(FIRST + timedelta(days=2, hours=1))
    assert [card.name for card in place.cards()] == ["Check 2026-03-05"]
    assert (place.row().made, place.row().passed_over) == (1, 1)


def test_a_run_is_started_by_the_schedule(place: Place):
    """Whoever set the schedule up plays the part of the one who starts the run."""
    place.set_up(
        makes="run",
        project=None,
        process="rounds",
        template={"name": "Rounds of {date}", "inputs": {"site": "North"}},
    )
    place.round(FIRST)
    run = place.app.load(RUN, made_id(place.recurrence, FIRST))
    assert run is not None
    assert run.name == "Rounds of 2026-03-03"
    assert list(run.roles.values()) == ["person:dana"]
    assert run.started_by == "system:milepost"


def test_what_cannot_be_made_is_passed_over_with_the_reason(place: Place):
    """A closed project or a missing input stops nothing else, is seen in the list, and is not tried for ever."""
    place.set_up(makes="run", project=None, process="rounds", template={})
    place.round(FIRST)
    assert "site" in place.row().last_passed_over
    other = uuid4()
    told = {**PLAN, "makes": "task", "project": place.project, "template": TASK_TEMPLATE}
    place.put(RECURRENCE, other, RecurrenceSetUp(**told, by=DANA, at=FIRST))
    place.app.execute(PROJECT, place.project, _closed)
    place.round(FIRST + timedelta(days=1))
    known = place.app.load(RECURRENCE, other)
    assert known is not None
    assert known.until == FIRST + timedelta(days=1)
    assert len(place.cards()) == 0


def test_a_defect_in_one_schedule_is_told_there_and_stops_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    """What the machine cannot make is passed over with the reason; the other schedule makes its work."""
    place.set_up()
    other = uuid4()
    usual: dict[str, Any] = {"makes": "task", "project": place.project, "template": TASK_TEMPLATE}
    told = RecurrenceSetUp(**{**PLAN, **usual, "name": "Other"}, by=DANA, at=NINE)
    place.put(RECURRENCE, other, told)
    make = Recurring._make_task

    def defective(self: Recurring, known: Any, occurs_at: datetime, stream: UUID, now: datetime) -> None:
        if known.name == "Other":
            raise ValueError("a defect")
        make(self, known, occurs_at, stream, now)

    monkeypatch.setattr(Recurring, "_make_task", defective)
    place.round(FIRST)
    assert [card.name for card in place.cards()] == ["Check 2026-03-03"]
    stored = [event for event in place.log.read_stream(other) if event.type == "occurrence_passed_over"]
    assert len(stored) == 1
    assert "the machine failed: ValueError" in stored[0].data
