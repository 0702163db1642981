"""The load of people over HTTP, from real runs and tasks, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from interchange.logs.importer import Request, import_log
from tests.api.conftest import Api, project
from tests.api.test_people import add, ok
from tests.interchange.support import csv_log

WEDNESDAY = datetime(2026, 3, 4, 10, tzinfo=UTC)
STEPS: list[dict[str, Any]] = [
    {"key": "draw", "title": "Draw", "role": "maker", "estimate_hours": 6, "weight": 2,
     "due": {"anchor": "run_start", "offset": 4}},
    {"key": "build", "title": "Build", "role": "maker", "estimate_hours": 8,
     "due": {"anchor": "run_start", "offset": 7}},
    {"key": "test", "title": "Test", "role": "tester", "estimate_hours": 4,
     "due": {"anchor": {"step_done": "build"}, "offset": 2}},
    {"key": "extra", "title": "Extra", "role": "tester", "estimate_hours": 9,
     "when": {"field": "inputs.big", "operator": "equals", "value": True}},
    {"key": "mail", "title": "Mail", "kind": "email", "email": {"to": ["a@b.org"], "subject": "s", "body": "b"}},
]  # fmt: skip
DOCUMENT = {
    "key": "made", "title": "Made", "inputs": [{"key": "big", "title": "Big", "kind": "yes_no"}],
    "roles": [{"key": "maker", "title": "Maker"}, {"key": "tester", "title": "Tester", "group": "testers"}],
    "stages": [{"key": "s", "title": "S", "steps": STEPS}],
}  # fmt: skip


@pytest.fixture
def working(api: Api) -> Api:
    """A Wednesday on which Bo makes something that two testers will test."""
    api.services.clock = lambda: WEDNESDAY
    add(api, "cy", "di", group="testers")
    ok(api.client.post("/v1/people", json={"person": "bo", "name": "Bo", "weekly_hours": 40.0}))
    api.publish(DOCUMENT)
    ok(api.client.post("/v1/runs", json={"process": "made", "roles": {"maker": "person:bo"}}))
    return api


def rows(api: Api, **query: Any) -> dict[str | None, dict[str, Any]]:
    """The answer by person."""
    project(api.database, api.services.log)
    return {row["who"]: row for row in ok(api.client.get("/v1/workload", params=query))["rows"]}


def test_the_load_of_a_run_by_week(working: Api):
    """Drawing (12 hours in five days) is spread, building counts where it is due, testing has no due yet."""
    found = rows(working, weeks=2)
    this, following = found["person:bo"]["weeks"]
    assert (this["ready"], following["ready"], following["coming"]) == (7.2, 4.8, 8.0)
    assert (this["capacity"], this["free"], following["capacity"]) == (24.0, 16.8, 40.0)
    assert (found["person:cy"]["later"], found["person:di"]["later"]) == (2.0, 2.0)
    assert set(found) == {"person:bo", "person:cy", "person:di"}


def test_a_pause_moves_the_dues_of_steps_that_are_still_locked(working: Api):
    """What is due so many days after the start is due later by the working days for which the run stood still."""
    run = working.start(process="made", roles={"maker": "person:cy"})
    ok(working.client.post(f"/v1/runs/{run}/pause", json={"reason": "Holidays"}))
    working.services.clock = lambda: WEDNESDAY + timedelta(days=7)
    ok(working.client.post(f"/v1/runs/{run}/resume", json={}))
    weeks = rows(working, weeks=3)["person:cy"]["weeks"]
    assert [week["coming"] for week in weeks] == [0.0, 8.0, 0.0]


def test_what_waits_or_is_late_is_told_apart(working: Api):
    """A task that is late, one that is blocked, and a step for which help is asked are in no week."""
    opened = {"name": "P", "stages": [{"key": "todo", "title": "To do"}]}
    board = ok(working.client.post("/v1/projects", json=opened))["id"]
    task = {"project": board, "title": "Call", "stage": "todo", "assignee": "person:di"}
    ok(working.client.post("/v1/tasks", json={**task, "due_on": "2026-03-03"}))
    blocked = ok(working.client.post("/v1/tasks", json=task))["id"]
    ok(working.client.post(f"/v1/tasks/{blocked}/block", json={"reason": "No phone"}))
    found = rows(working, project=board)
    assert set(found) == {"person:di"}
    assert (found["person:di"]["overdue"], found["person:di"]["waiting"]) == (1.0, 1.0)


def test_of_imported_runs_only_what_was_begun_is_work(api: Api, tmp_path: Path):
    """Their process does not say what comes next, so that nothing is counted as still to come."""
    rows_ = ["a,call,start,Bo,2026-03-02T08:00:00Z", "a,write,complete,Bo,2026-03-02T09:00:00Z"]
    rows_ += ["b,visit,complete,Bo,2026-03-02T08:00:00Z"]
    import_log(Request(csv_log(tmp_path / "log.csv", *rows_), "csv", "old"), api.services.log)
    assert sum(row["pieces"] for row in rows(api).values()) == 1


@pytest.mark.parametrize("query", [{"weeks": 0}, {"weeks": 27}, {"weeks": "many"}, {"project": "x"}])
def test_a_wrong_question_is_refused(api: Api, query: dict[str, Any]):
    """Weeks are 1 to 26, a project is an id."""
    assert api.client.get("/v1/workload", params=query).status_code == 422
