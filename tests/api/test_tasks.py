"""One task over HTTP, in full."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from application.waited_for import WaitedFor
from domain.schedule import Calendar
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


def test_a_cancelled_task_is_a_cancelled_card(api: Api, place: str):
    """Not one that was skipped: the ends are never mixed up."""
    task = added(api, place, "Call")
    assert api.client.post(f"/v1/tasks/{task}/cancel", json={"reason": "No need"}).status_code == 200
    project(api.database, api.services.log)
    board = api.client.get(f"/v1/projects/{place}/board").json()
    assert [card["state"] for column in board["columns"] for card in column["cards"]] == ["cancelled"]


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


def test_tasks_do_not_wait_for_each_other_in_a_circle(api: Api, place: str):
    """Neither directly nor by way of a third one; that would let all of them wait for ever."""
    first, second, third = (added(api, place, title) for title in ("Desks", "Van", "Driver"))
    for task, on in ((first, second), (second, third)):
        assert api.client.post(f"/v1/tasks/{task}/depend", json={"on": on, "kind": "task"}).status_code == 200
    for on in (second, first):
        told = api.client.post(f"/v1/tasks/{third}/depend", json={"on": on, "kind": "task"})
        assert (told.status_code, told.json()["code"]) == (409, "dependency_cycle")
    assert api.client.post(f"/v1/tasks/{first}/depend", json={"on": third, "kind": "task"}).status_code == 200


def test_tasks_stand_in_the_order_in_which_they_were_added(api: Api, place: str):
    """One after the other, the first of them not yet on the board when the next one comes; and behind those there."""
    titles = [f"Task {number}" for number in range(9)]
    for title in titles[:5]:
        added(api, place, title)
    project(api.database, api.services.log)
    for title in titles[5:]:
        added(api, place, title)
    project(api.database, api.services.log)
    (column, _) = api.client.get(f"/v1/projects/{place}/board").json()["columns"]
    assert [card["name"] for card in column["cards"]] == titles


def test_a_card_put_where_it_is_has_not_moved(api: Api, place: str):
    """Between its own neighbours nothing is stored; between others it moves, and in another column too."""
    first, second, third = (added(api, place, title) for title in ("A", "B", "C"))
    project(api.database, api.services.log)
    cards = api.client.get(f"/v1/projects/{place}/board").json()["columns"][0]["cards"]
    ranks = [card["rank"] for card in cards]

    def moved(card: str, stage: str, after: str | None, before: str | None) -> list[str]:
        body = {"stage": stage, "after": after, "before": before}
        events: list[str] = api.client.post(f"/v1/tasks/{card}/move", json=body).json()["events"]
        return events

    assert moved(second, "open", ranks[0], ranks[2]) == []
    assert moved(first, "open", None, ranks[1]) == []
    assert moved(third, "open", ranks[1], None) == []
    assert moved(second, "done", ranks[0], ranks[2]) == ["task_moved"]
    assert moved(first, "open", ranks[2], None) == ["task_moved"]


def test_no_ring_comes_of_commands_at_the_same_moment(api: Api, place: str, monkeypatch: pytest.MonkeyPatch):
    """A waits for B, B for C and C for A, each decided before the others are stored: one of them is refused."""
    ids = [added(api, place, title) for title in ("A", "B", "C")]
    ring = list(zip(ids, [*ids[1:], ids[0]], strict=True))
    read = WaitedFor.read
    left = ring[1:]

    def read_and_let_another_come_first(waited: WaitedFor) -> Any:
        versions = read(waited)
        if left:
            task, on = left.pop(0)
            told.append(api.client.post(f"/v1/tasks/{task}/depend", json={"on": on, "kind": "task"}))
        return versions

    told: list[Any] = []
    monkeypatch.setattr(WaitedFor, "read", read_and_let_another_come_first)
    told.append(api.client.post(f"/v1/tasks/{ring[0][0]}/depend", json={"on": ring[0][1], "kind": "task"}))
    assert [answer.status_code for answer in told] == [200, 200, 409]
    assert told[-1].json()["code"] == "dependency_cycle"
    assert told[-1].json()["way"] == ids[1:]


def test_a_task_that_waits_is_not_done(api: Api, place: str):
    """Neither before the other task is over nor when that is reopened; it may be told to wait no longer."""
    task, other = added(api, place, "Move the desks"), added(api, place, "Order desks")
    path = f"/v1/tasks/{task}"
    assert api.client.post(f"{path}/depend", json={"on": other, "kind": "task"}).status_code == 200
    told = api.client.post(f"{path}/complete", json={})
    assert (told.status_code, told.json()["code"], told.json()["waits_for"]) == (
        409,
        "still_waiting",
        [other],
    )
    assert api.client.post(f"/v1/tasks/{other}/complete", json={}).status_code == 200
    assert api.client.post(f"/v1/tasks/{other}/reopen", json={"reason": "Wrong desks"}).status_code == 200
    assert api.client.post(f"{path}/complete", json={}).status_code == 409
    assert api.client.post(f"{path}/undepend", json={"on": other, "kind": "task"}).status_code == 200
    assert api.client.post(f"{path}/complete", json={}).status_code == 200


def test_a_task_waits_for_a_run_to_end(published: Api):
    """A run that goes on holds it; cancelled or completed, it holds it no longer."""
    place = published.client.post("/v1/projects", json={"name": "Office", "stages": COLUMNS}).json()["id"]
    task, run = added(published, place, "Celebrate"), published.start()
    depends = {"on": run, "kind": "run"}
    assert published.client.post(f"/v1/tasks/{task}/depend", json=depends).status_code == 200
    assert published.client.post(f"/v1/tasks/{task}/complete", json={}).json()["code"] == "still_waiting"
    assert published.client.post(f"/v1/runs/{run}/cancel", json={"reason": "Gone"}).status_code == 200
    assert published.client.post(f"/v1/tasks/{task}/complete", json={}).status_code == 200


def test_a_task_that_waits_is_in_no_inbox(api: Api, place: str):
    """The inbox holds ready work; the task comes into it when what it waits for is over."""
    task, other = added(api, place, "Move the desks"), added(api, place, "Order desks")
    for each in (task, other):
        api.client.post(f"/v1/tasks/{each}/assign", json={"assignee": DANA})
    api.client.post(f"/v1/tasks/{task}/depend", json={"on": other, "kind": "task"})

    def ready() -> list[str]:
        project(api.database, api.services.log)
        return [row["title"] for row in api.client.get("/v1/inbox").json()["rows"]]

    assert ready() == ["Order desks"]
    api.client.post(f"/v1/tasks/{other}/complete", json={})
    assert ready() == ["Move the desks"]


def test_a_task_is_judged_by_the_organisation_s_calendar(api: Api, place: str):
    """Its day ends where the organisation is, on its page as on the board."""
    api.services.app.calendar = Calendar(zone=ZoneInfo("America/New_York"))
    made = {"project": place, "title": "Move", "stage": "open", "due_on": "2026-03-02"}
    task = api.client.post("/v1/tasks", json=made).json()["id"]
    project(api.database, api.services.log)
    (card,) = api.client.get(f"/v1/projects/{place}/board").json()["columns"][0]["cards"]
    told = api.client.get(f"/v1/tasks/{task}").json()["card"]
    assert told["due_at"] == card["due_at"] == "2026-03-02T22:00:00+00:00"
