"""One task over HTTP, in full."""

from __future__ import annotations

import pytest

from tests.api.conftest import DANA, Api, project

COLUMNS = [{"key": "open", "title": "Open"}, {"key": "done", "title": "Done"}]


def added(api: Api, place: str, title: str) -> str:
    """The id of a new task."""
    answer = api.client.post("/v1/tasks", json={"project": place, "title": title, "stage": "open"})
    made: str = answer.json()["id"]
    return made


@pytest.fixture
def place(api: Api) -> str:
    """A project."""
    found: str = api.client.post("/v1/projects", json={"name": "Office", "stages": COLUMNS}).json()["id"]
    return found


def test_a_task_is_told_in_full(api: Api, place: str):
    """Card, checklist with who ticked what, comments with whom they name, and what it waits for."""
    task, other = added(api, place, "Move the desks"), added(api, place, "Order desks")
    for verb, body in (
        ("checklist", {"text": "Measure"}),
        ("checklist", {"text": "Carry"}),
        ("comment", {"text": "Ask @bo", "mentions": ["person:bo"]}),
        ("depend", {"on": other, "kind": "task"}),
    ):
        assert api.client.post(f"/v1/tasks/{task}/{verb}", json=body).status_code == 200
    project(api.database, api.services.log)
    lines = api.client.get(f"/v1/tasks/{task}").json()["checklist"]
    assert api.client.post(f"/v1/tasks/{task}/tick", json={"entry": lines[0]["entry"]}).status_code == 200
    assert api.client.post(f"/v1/tasks/{other}/complete", json={}).status_code == 200
    project(api.database, api.services.log)
    told = api.client.get(f"/v1/tasks/{task}").json()
    assert [(line["text"], line["done"], line["by"]) for line in told["checklist"]] == [
        ("Measure", True, DANA), ("Carry", False, None)
    ]  # fmt: skip
    assert [(said["text"], said["mentions"], said["by"]) for said in told["comments"]] == [
        ("Ask @bo", ["person:bo"], DANA)
    ]
    assert [(each["name"], each["over"]) for each in told["waits_for"]] == [("Order desks", True)]
    assert (told["card"]["checklist_done"], told["card"]["checklist_total"]) == (1, 2)
    undone = {"entry": lines[0]["entry"], "done": False}
    assert api.client.post(f"/v1/tasks/{task}/tick", json=undone).status_code == 200
    project(api.database, api.services.log)
    assert [line["by"] for line in api.client.get(f"/v1/tasks/{task}").json()["checklist"]] == [None, None]


def test_its_history_is_every_event(api: Api, place: str):
    """Oldest first, as recorded; an id of something else is no task."""
    task = added(api, place, "Move the desks")
    assert api.client.post(f"/v1/tasks/{task}/block", json={"reason": "No van"}).status_code == 200
    project(api.database, api.services.log)
    entries = api.client.get(f"/v1/tasks/{task}/history").json()["entries"]
    assert [entry["type"] for entry in entries] == ["task_added", "task_blocked"]
    for path in (f"/v1/tasks/{place}", f"/v1/tasks/{place}/history"):
        answer = api.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_task")
