"""The target of a run that is for one of its stages, as boards, lists, calendars and forecasts tell it over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import Api, project

STAGES = [{"key": "live", "title": "Live"}, {"key": "adopted", "title": "Adopted"}]
DOCUMENT: dict[str, Any] = {
    "key": "onboarding",
    "title": "Onboarding",
    "target_from": "inputs.go_live",
    "target_stage": "live",
    "inputs": [{"key": "go_live", "title": "Go-live", "kind": "date"}],
    "roles": [{"key": "engineer", "title": "Engineer"}],
    "stages": [
        {**STAGES[0], "target_days": 1, "steps": [{"key": "go", "title": "Switch live", "role": "engineer"}]},
        {**STAGES[1], "steps": [{"key": "review", "title": "Review", "role": "engineer"}]},
    ],
}


@pytest.fixture
def place(api: Api) -> str:
    """A project with the stages of the process."""
    api.publish(DOCUMENT)
    told = api.client.post(
        "/v1/projects", json={"name": "Customers", "owner": "person:dana", "stages": STAGES}
    )
    made: str = told.json()["id"]
    return made


def started(api: Api, place: str | None = None, go_live: str | None = None) -> str:
    """A run that is to be live on this day; its id."""
    inputs = {} if go_live is None else {"go_live": go_live}
    return api.start(project=place, inputs=inputs, roles={"engineer": "person:bo"})


def read(api: Api, path: str) -> Any:
    """An answer, with the read models up to the log."""
    project(api.database, api.services.log)
    told = api.client.get(path)
    assert told.status_code == 200, told.text
    return told.json()


def card(api: Api, place: str) -> dict[str, Any]:
    """The only card of the board."""
    (found,) = [
        one for column in read(api, f"/v1/projects/{place}/board")["columns"] for one in column["cards"]
    ]
    return dict(found)


def test_a_target_for_a_stage_is_late_while_that_stage_is_open_only(api: Api, place: str):
    """Late on the day after; from going live on it is reached, and no card, row or count speaks of it."""
    api.add("dana", "bo")
    begun = datetime.now(UTC)
    day = (begun + timedelta(days=7)).date().isoformat()
    run = started(api, place, day)
    shown = card(api, place)
    assert (shown["target_stage"], shown["target_reached_at"], shown["state"]) == (
        "live",
        None,
        "in_progress",
    )
    assert [dot["target_at"] for dot in shown["stages"]] == [shown["target_at"], None]
    api.services.clock = lambda: begun + timedelta(days=9)
    assert card(api, place)["state"] == "late"
    (row,) = [each for each in read(api, f"/v1/projects/{place}/attention")["rows"] if each["kind"] == "late"]
    assert row["why"].startswith("Live was to be over by ")
    assert row["action"]["label"].startswith("Live by ")
    assert read(api, f"/v1/projects/{place}/board")["overdue"] == 1
    assert api.client.post(f"/v1/runs/{run}/steps/go/complete", json={}).status_code == 200
    reached = card(api, place)
    assert (reached["state"], reached["target_at"]) == ("in_progress", shown["target_at"])
    assert reached["target_reached_at"] is not None
    assert [dot["state"] for dot in reached["stages"]] == ["done", "in_progress"]
    assert read(api, f"/v1/projects/{place}/attention")["rows"] == []
    assert read(api, f"/v1/projects/{place}/board")["overdue"] == 0
    api.client.post(f"/v1/runs/{run}/steps/go/reopen", json={"reason": "It fell over"})
    again = card(api, place)
    assert (again["state"], again["target_reached_at"]) == ("late", None)


def test_views_say_what_a_target_is_for(api: Api, place: str):
    """The run, the list, the timeline and the calendar name the stage; a run without a target names none."""
    run = started(api, place, "2031-01-08")
    bare = started(api)
    assert read(api, f"/v1/runs/{run}")["target_stage"] == "live"
    assert read(api, f"/v1/runs/{bare}")["target_stage"] is None
    assert read(api, f"/v1/runs/{run}/forecast")["target_stage"] == "live"
    bars = read(api, f"/v1/projects/{place}/timeline")["rows"][0]["bars"]
    assert "Target: Live" in [bar["title"] for bar in bars]
    entries = read(api, f"/v1/calendar?project={place}&begin=2031-01-01T00:00:00Z&end=2031-02-01T00:00:00Z")[
        "entries"
    ]
    assert [entry["title"] for entry in entries] == ["Target: Live"]


def test_a_target_that_was_moved_is_told_with_what_it_is_for(api: Api, place: str):
    """What changed since: through Live by another day."""
    run = started(api, place, "2031-01-08")
    read(api, f"/v1/projects/{place}/board")
    before = datetime.now(UTC).isoformat()
    api.client.post(f"/v1/runs/{run}/target", json={"target_at": "2031-01-15T17:00:00Z"})
    project(api.database, api.services.log)
    told = api.client.get(f"/v1/projects/{place}/since", params={"from": before}).json()
    assert told["lines"] == ["Acme is to be through Live by 15 Jan 2031, not by 8 Jan 2031"]
