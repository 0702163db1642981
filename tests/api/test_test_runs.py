"""A test run can be worked on like any other, and no answer that counts or lists runs knows of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from tests.api.conftest import DANA, PROCESS, Api, project

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
COLUMNS = [{"key": "start", "title": "Start"}, {"key": "live", "title": "Live"}]
_FRESHNESS = frozenset({"position", "as_of", "behind"})


def answers(api: Api, place: str) -> dict[str, Any]:
    """Every answer that counts or lists what runs do, how fresh it is aside."""
    project(api.database, api.services.log)
    paths = [
        "processes", "processes/onboarding/stats", "processes/onboarding/insights", "processes/onboarding/forecast",
        "runs", "projects", f"projects/{place}/board", f"projects/{place}/attention", f"projects/{place}/since",
        f"projects/{place}/list", f"projects/{place}/funnel", "attention", "workload",
    ]  # fmt: skip
    found = {path: api.client.get(f"/v1/{path}") for path in paths}
    assert {path: answer.status_code for path, answer in found.items() if answer.status_code != 200} == {}
    return {path: without_freshness(answer.json()) for path, answer in found.items()}


def without_freshness(told: Any) -> Any:
    """The answer without what changes with every event."""
    if isinstance(told, dict):
        return {name: without_freshness(value) for name, value in told.items() if name not in _FRESHNESS}
    return [without_freshness(each) for each in told] if isinstance(told, list) else told


def test_a_test_run_counts_in_no_statistic(api: Api):
    """Open, with work done, a step skipped and one overdue, and in the end completed: nothing that is asked changes."""
    api.services.clock = lambda: NOON
    api.publish({**PROCESS, "roles": [{"key": "seller", "title": "Seller", "initiator": True}]})
    opened = {"name": "Spring", "stages": COLUMNS, "owner": DANA}
    place: str = api.client.post("/v1/projects", json=opened).json()["id"]
    api.start(project=place)
    before = answers(api, place)
    run = api.start(project=place, test=True, name="quagga", priority="urgent")
    assert answers(api, place) == before
    steps = f"/v1/runs/{run}/steps"
    assert (
        api.client.post(f"{steps}/contract/due", json={"due_at": "2026-03-03T12:00:00Z"}).status_code == 200
    )
    assert api.client.post(f"{steps}/contract/request-help", json={"reason": "a test"}).status_code == 200
    assert answers(api, place) == before
    done = api.client.post(f"{steps}/contract/complete", json={"values": {"goals": "quagga"}})
    assert done.status_code == 200
    for step in ("kickoff", "go"):
        assert api.client.post(f"{steps}/{step}/skip", json={"reason": "a test"}).status_code == 200
    assert answers(api, place) == before
    assert api.client.get(f"/v1/runs/{run}").json()["state"] == "completed"


def test_a_draft_is_tried_out_and_stays_as_it_was(api: Api):
    """Before anything is published: a test run of the draft, which later drafts and versions do not change."""
    draft = {**PROCESS, "roles": [{"key": "seller", "title": "Seller", "initiator": True}]}
    url = "/v1/processes/onboarding"
    assert api.client.put(f"{url}/draft", json=draft).status_code == 200
    run = api.start(draft=True, name="Trial")
    short = {**draft, "stages": [{**draft["stages"][0], "steps": draft["stages"][0]["steps"][:1]}]}
    assert api.client.put(f"{url}/draft", json=short).status_code == 200
    assert api.client.post(f"{url}/publish", json={"note": "Short"}).status_code == 200
    project(api.database, api.services.log)
    told = api.client.get(f"/v1/runs/{run}/forecast")
    assert (told.status_code, told.json()["reason"]) == (200, "a test run is not forecast")
    seen = api.client.get(f"/v1/runs/{run}").json()
    assert (seen["test"], seen["version"]) == (True, -1)
    assert [step["key"] for stage in seen["stages"] for step in stage["steps"]] == [
        "contract",
        "kickoff",
        "go",
    ]
    steps = f"/v1/runs/{run}/steps"
    done = api.client.post(f"{steps}/contract/complete", json={"values": {"goals": "x"}})
    assert done.status_code == 200
    for step in ("kickoff", "go"):
        assert api.client.post(f"{steps}/{step}/complete", json={}).status_code == 200
    project(api.database, api.services.log)
    assert api.client.get(f"/v1/runs/{run}").json()["state"] == "completed"
    assert api.client.get("/v1/runs").json()["rows"] == []
    with psycopg.connect(api.database.app_url) as connection:
        assert connection.execute("select count(*) from log.parked").fetchone() == (0,)


def test_a_draft_that_is_not_sound_is_not_tried_out(api: Api):
    """It is refused with every problem, as publishing it would be; so is a version and a draft at once."""
    broken = {**PROCESS, "roles": []}
    assert api.client.put("/v1/processes/onboarding/draft", json=broken).status_code == 200
    body = {"process": "onboarding", "name": "Trial", "draft": True}
    refused = api.client.post("/v1/runs", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "lint")
    both = api.client.post("/v1/runs", json={**body, "process_version": 1})
    assert (both.status_code, both.json()["code"]) == (422, "invalid")
    assert api.client.post("/v1/runs", json={**body, "process": "unheard_of"}).status_code == 404
