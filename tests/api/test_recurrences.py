"""Recurring work over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api, project

COLUMNS = [{"key": "open", "title": "Open"}]


@pytest.fixture
def place(api: Api) -> str:
    """A project."""
    opened = api.client.post("/v1/projects", json={"name": "Office", "stages": COLUMNS})
    found: str = opened.json()["id"]
    return found


def body(place: str, **changed: Any) -> dict[str, Any]:
    """What sets up a weekly task."""
    usual = {
        "name": "Weekly report", "cron": "0 9 * * MON", "time_zone": "Europe/Berlin", "makes": "task", "project": place,
        "template": {"title": "Report of {week}", "stage": "open"},
    }  # fmt: skip
    return {**usual, **changed}


def test_a_schedule_is_previewed_set_up_changed_and_ended(api: Api, place: str):
    """The next five instants are shown before and after; every verb answers with what it recorded."""
    told = api.client.get(
        "/v1/recurrences/preview", params={"cron": "0 9 * * MON", "time_zone": "Europe/Berlin"}
    )
    assert (told.json()["schedule"], len(told.json()["coming"])) == ("At 09:00 on Monday", 5)
    made = api.client.post("/v1/recurrences", json=body(place))
    assert (made.status_code, made.json()["events"]) == (201, ["recurrence_set_up"])
    address = made.headers["location"]
    project(api.database, api.services.log)
    row = api.client.get(address).json()["rows"][0]
    assert (row["name"], row["state"], row["coming"]) == ("Weekly report", "active", told.json()["coming"])
    changed = {key: body(place)[key] for key in ("name", "time_zone", "template")} | {"cron": "0 8 * * TUE"}
    for verb, sent, event in (
        ("change", changed, "changed"),
        ("pause", {"reason": "Holidays"}, "paused"),
        ("resume", {}, "resumed"),
        ("end", {"reason": "No longer needed"}, "ended"),
    ):
        answer = api.client.post(f"{address}/{verb}", json=sent)
        assert answer.json()["events"] == [f"recurrence_{event}"]
    project(api.database, api.services.log)
    listed = api.client.get("/v1/recurrences", params={"project": place}).json()["rows"]
    assert [(row["state"], row["next_at"]) for row in listed] == [("ended", None)]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"cron": "often"}, 409, "bad_cron"),
        ({"time_zone": "Mars/Base"}, 409, "unknown_time_zone"),
        ({"template": {"title": "x"}}, 422, "invalid"),
        ({"template": {"title": "x", "stage": "nowhere"}}, 409, "unknown_stage"),
        ({"template": {"title": "x", "stage": "open", "colour": "red"}}, 422, "invalid"),
        ({"makes": "run", "process": "nothing", "template": {}}, 404, "unknown_process"),
        ({"makes": "run", "template": {}}, 409, "process_required"),
        ({"project": None}, 409, "project_required"),
    ],
)
def test_what_cannot_recur_is_refused_and_nothing_is_stored(
    api: Api, place: str, wrong: dict[str, Any], status: int, code: str
):
    """Each refusal says what is wrong; the log does not grow."""
    head = api.head
    answer = api.client.post("/v1/recurrences", json=body(place, **wrong))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert api.head == head


def test_unknown_recurring_work_is_a_problem(api: Api, place: str):
    """Its address, and a verb on the id of something else, answer 404."""
    for answer in (
        api.client.get("/v1/recurrences/01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"),
        api.client.post(f"/v1/recurrences/{place}/pause", json={"reason": "x"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_recurrence")
