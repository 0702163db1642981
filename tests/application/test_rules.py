"""Rules that span aggregates hold wherever something is asked for: by people, by schedules, by steps of other runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from application import processes, projects, recurrences, runs, steps, tasks
from application.asked import Asked
from application.blocking import finish
from application.ids import uuid7
from application.milepost import Milepost
from application.placing import LAST
from application.recurrences import Schedule
from application.runs import NewRun
from application.tasks import NewTask
from domain.document import Document
from domain.events import ProjectStage
from domain.recurrence import made_id
from domain.words import Actor, Assignee, Rejected, StageKey, StepKey
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from tests.support.databases import Database
from tests.support.people import WelcomingDirectories, WelcomingGate
from workers.recurrences import Recurring

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
DANA = Actor("person:dana")
MANAGER = Asked(DANA, NINE, frozenset({"read", "work", "manage", "admin"}))
DOCUMENT: dict[str, Any] = {
    "key": "sale",
    "title": "Sale",
    "roles": [{"key": "seller", "title": "Seller"}],
    "stages": [
        {"key": "sold", "title": "Sold", "steps": [
            {"key": "offer", "title": "Offer", "role": "seller", "kind": "form",
             "fields": [{"key": "papers", "title": "Papers", "kind": "files"}]}]},
        {"key": "live", "title": "Live", "steps": [{"key": "go", "title": "Go", "role": "seller"}]},
    ],
}  # fmt: skip
NEW = NewRun("sale", roles={"seller": Assignee("person:dana")})  # type: ignore[dict-item]  # a plain key will do
DAILY = "0 8 * * *"


class House:
    """An application with a published process and an open project whose first column takes one card."""

    def __init__(self, log: Log, url: str) -> None:
        self.log, self.url = log, url
        self.app = Milepost(log)
        self.app.directories = WelcomingDirectories(log)
        self.app.gate = WelcomingGate(self.app)
        finish(processes.save_draft(self.app, Document.model_validate(DOCUMENT), MANAGER))
        finish(processes.publish(self.app, "sale", MANAGER, note="First"))
        self.project = self.opened()

    def opened(self, *, hard: bool = True) -> UUID:
        """A new project; ``hard``: its first column takes one card, and no more."""
        project = uuid7()
        stages = (
            ProjectStage(key=StageKey("sold"), title="Sold", wip_limit=1 if hard else None, wip_hard=hard),
            ProjectStage(key=StageKey("live"), title="Live"),
        )
        finish(projects.open_project(self.app, project, MANAGER, name="Spring", stages=stages))
        return project

    def task(self, project: UUID, stage: str = "sold") -> UUID:
        """A task there."""
        task = uuid7()
        finish(tasks.add_task(self.app, task, NewTask(project, "Call", StageKey(stage)), MANAGER))
        return task

    def run(self, project: UUID | None = None) -> UUID:
        """A run, on that board."""
        run = uuid7()
        new = NewRun("sale", roles=NEW.roles, project=project)
        finish(runs.start_run(self.app, run, new, MANAGER))
        return run

    def settle(self) -> None:
        """Bring the read models to the head of the log."""
        with Projector(self.url, self.log, projections=PROJECTIONS) as projector:
            projector.catch_up()

    def recurring(self, makes: Any, project: UUID | None, process: str | None = None) -> UUID:
        """Daily work, set up the day before."""
        recurrence = uuid7()
        template = {"title": "Close", "stage": "sold"} if makes == "task" else {"roles": dict(NEW.roles)}
        finish(recurrences.set_up(
            self.app, recurrence, Schedule("Daily", DAILY, "UTC", template),
            replace(MANAGER, at=datetime(2026, 3, 1, 9, tzinfo=UTC)), makes=makes, project=project, process=process,
        ))  # fmt: skip
        return recurrence

    def passed_over(self, recurrence: UUID) -> list[str]:
        """Let the time come; why its work was not made."""
        self.settle()
        Recurring(self.app, lambda: datetime(2026, 3, 2, 8, 0, 1, tzinfo=UTC))._once()
        stored = self.log.read_stream(recurrence)
        return [event.data for event in stored if event.type == "occurrence_passed_over"]


@pytest.fixture
def house(database: Database, log: Log) -> House:
    """With one process and one project."""
    return House(log, database.app_url)


def code(work: Callable[[], Any]) -> str:
    """The code of the refusal."""
    with pytest.raises(Rejected) as refused:
        work()
    return refused.value.code


def asked(ask: Callable[..., Any], *told: Any, **named: Any) -> Any:
    """What comes of it."""
    return finish(ask(*told, **named))


def test_a_closed_project_takes_no_work_by_any_path(house: House):
    """Neither runs that are started or shown there, nor tasks, nor what a schedule makes."""
    app, project = house.app, house.opened(hard=False)
    run, task = house.run(), house.task(project)
    of_tasks, of_runs = house.recurring("task", project), house.recurring("run", project, "sale")
    finish(projects.close(app, project, MANAGER, reason="Done"))
    assert code(lambda: house.run(project)) == "project_closed"
    assert code(lambda: finish(runs.link_run(app, run, MANAGER, project=project))) == "project_closed"
    assert code(lambda: house.task(project)) == "project_closed"
    moved = {"stage": StageKey("live"), "where": LAST}
    assert code(lambda: finish(tasks.move_task(app, task, MANAGER, **moved))) == "project_closed"  # type: ignore[arg-type]
    assert code(lambda: house.recurring("task", project)) == "project_closed"
    assert code(lambda: house.recurring("run", project, "sale")) == "project_closed"
    assert "this project is closed" in house.passed_over(of_tasks)[0]
    assert "this project is closed" in house.passed_over(of_runs)[0]


def test_a_retired_process_starts_no_run_by_any_path(house: House):
    """Whoever sets recurring work up is told at once, and what was set up before makes nothing, and says why."""
    recurrence = house.recurring("run", None, "sale")
    finish(processes.retire(house.app, "sale", MANAGER, reason="Replaced"))
    assert code(house.run) == "process_retired"
    assert code(lambda: house.recurring("run", None, "sale")) == "process_retired"
    assert "takes no new runs" in house.passed_over(recurrence)[0]


def test_a_column_that_takes_no_more_takes_no_more_by_any_path(house: House):
    """Tasks that are added or moved, runs that are shown there by hand, and what a schedule makes."""
    app, project = house.app, house.project
    house.task(project)
    other = house.task(project, "live")
    recurrence = house.recurring("task", project)
    house.settle()
    moved = {"stage": StageKey("sold"), "where": LAST}
    assert code(lambda: house.task(project)) == "column_full"
    assert code(lambda: finish(tasks.move_task(app, other, MANAGER, **moved))) == "column_full"  # type: ignore[arg-type]
    assert "holds 1 open cards" in house.passed_over(recurrence)[0]
    run = house.run(project)
    finish(steps.complete_step(app, run, StepKey("offer"), MANAGER, values={}))
    house.settle()
    shown = {"stage": StageKey("sold"), "reason": "Again"}
    assert code(lambda: finish(runs.override_stage(app, run, MANAGER, **shown))) == "column_full"  # type: ignore[arg-type]


def test_what_a_schedule_made_before_it_died_is_not_passed_over(house: House):
    """The work is there, and only that was not written down: it counts as made, whatever takes no more by now."""
    app, project = house.app, house.project
    of_tasks, of_runs = house.recurring("task", project), house.recurring("run", house.opened(), "sale")
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    new = NewTask(project, "Close", StageKey("sold"))
    finish(tasks.add_task(app, made_id(of_tasks, at), new, MANAGER))
    finish(runs.start_run(app, made_id(of_runs, at), NEW, MANAGER))
    finish(processes.retire(app, "sale", MANAGER, reason="Replaced"))
    for recurrence in (of_tasks, of_runs):
        assert house.passed_over(recurrence) == []
        assert house.log.read_stream(recurrence)[-1].type == "occurrence_made"


def test_tasks_wait_in_no_ring_by_any_path(house: House):
    """Who waits for whom is looked at across tasks."""
    app, project = house.app, house.opened(hard=False)
    first, second = house.task(project), house.task(project)
    finish(tasks.add_dependency(app, first, MANAGER, on=second, kind="task"))
    assert (
        code(lambda: finish(tasks.add_dependency(app, second, MANAGER, on=first, kind="task")))
        == "dependency_cycle"
    )
    assert code(lambda: finish(tasks.complete(app, first, MANAGER))) == "still_waiting"


def test_a_file_that_is_not_kept_is_named_by_no_path(house: House):
    """Whoever gives values, gives contents that are there."""
    ghost = {"name": "a.pdf", "type": "application/pdf", "size": 1, "sha256": "0" * 64}
    app, run, offer = house.app, house.run(), StepKey("offer")
    values = {"papers": [ghost]}
    for ask in (steps.complete_step, steps.save_values, steps.add_evidence):
        assert code(partial(asked, ask, app, run, offer, MANAGER, values=values)) == "unknown_file"
    assert code(lambda: finish(runs.change_inputs(app, run, MANAGER, inputs=values))) == "unknown_file"
    new = NewRun("sale", roles=NEW.roles, inputs=values)
    assert code(lambda: finish(runs.start_run(app, uuid7(), new, MANAGER))) == "unknown_file"


def test_only_who_steers_a_project_shows_its_cards_elsewhere(house: House):
    """As administrator, or as the project's owner; who has nothing to do with it is told of no run."""
    run = house.run(house.project)
    stranger = Asked(Actor("person:bo"), NINE, frozenset({"read", "work"}))
    for ask in (
        lambda: runs.override_stage(house.app, run, stranger, stage=StageKey("live"), reason="Early"),
        lambda: runs.clear_stage_override(house.app, run, stranger),
    ):
        assert code(partial(asked, ask)) == "unknown_run"


def test_what_is_not_there_is_said_so(house: House):
    """The id of a task is no run, and nobody's id is nothing."""
    app, task = house.app, house.task(house.project)
    for stream in (task, uuid4()):
        assert code(partial(asked, runs.resume_run, app, stream, MANAGER)) == "unknown_run"
    assert code(lambda: finish(steps.start_step(app, house.run(), StepKey("no"), MANAGER))) == "unknown_step"
