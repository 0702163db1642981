"""Promises of every list: its pages lead to its end and say how many rows come then; an export is all of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any, get_args

import pytest

from projections.lists.cards import GroupKey
from tests.api.conftest import DANA, Api, project
from tests.api.test_automation import get_stuck

RUNS, EVENTS = 7, 8
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
STAGE = {"key": "work", "title": "Work"}
PROCESS: dict[str, Any] = {
    "key": "check",
    "title": "Check",
    "roles": [{"key": "seller", "title": "Seller", "initiator": True}],
    "stages": [{**STAGE, "steps": [
        {"key": "ask", "title": "Ask", "role": "seller", "after": [],
         "email": {"to": ["ada@nordwind.example"], "subject": "Hello", "body": "Hello"}},
        {"key": "call", "title": "Call", "kind": "http", "after": [],
         "http": {"url": "https://crm.example.com/x"}}]}],
}  # fmt: skip


@pytest.fixture
def place(api: Api) -> str:
    """A project with seven stuck runs of Dana's and a task; its id."""
    return furnished(api)


@pytest.fixture(scope="module")
def listing(shared: Api) -> tuple[Api, str]:
    """A server with such a project, for all tests that only look."""
    return shared, furnished(shared)


def furnished(api: Api) -> str:
    """A project with seven stuck runs of Dana's and a task; its id."""
    api.publish(PROCESS)
    assert api.client.post("/v1/people", json={"person": "dana", "name": "Dana"}).is_success
    made: str = api.client.post(
        "/v1/projects", json={"name": "Spring", "stages": [STAGE, {"key": "over", "title": "Over"}]}
    ).json()["id"]
    started = [
        api.start(
            process="check",
            roles={},
            name=f"Run {number}",
            project=made,
            priority=("high", "low")[number % 2],
        )
        for number in range(RUNS)
    ]
    project(api.database, api.services.log)
    for run in started:
        get_stuck(api, run)
    body = {"project": made, "title": "=1+1", "stage": "over", "assignee": DANA, "due_on": "2026-03-05"}
    assert api.client.post("/v1/tasks", json=body).status_code == 201
    project(api.database, api.services.log)
    return made


def rows_of(answer: dict[str, Any]) -> list[Any]:
    """The rows of a list's answer, whatever it calls them."""
    if "groups" in answer:
        return [{**card, "of": group["key"]} for group in answer["groups"] for card in group["cards"]]
    rows: list[Any] = answer["entries"] if "entries" in answer else answer["rows"]
    return rows


def walked(api: Api, path: str, query: dict[str, Any], limit: int) -> Iterator[Any]:
    """All rows, page by page; each page must lead to the next and say how many come after it."""
    after: Any = None
    found: list[Any] = []
    following: list[int] = []
    while True:
        asked = {**query, "limit": limit, **({} if after is None else {"after": after})}
        told = api.client.get(path, params=asked)
        assert told.status_code == 200, told.text
        page = told.json()
        rows = rows_of(page)
        assert len(rows) <= limit
        found += rows
        following.append(len(found) + page["more"])
        assert (page["more"] == 0) == (page["next_after"] is None)
        after = page["next_after"]
        if after is None:
            break
    assert set(following) == {len(found)}, "what each page says comes after it"
    yield from found


LISTS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("/v1/runs", {}, RUNS),
    ("/v1/runs", {"state": "running"}, RUNS),
    ("/v1/inbox", {}, RUNS + 1),
    ("/v1/attention", {}, RUNS + 1),
    ("/v1/projects/{place}/attention", {}, RUNS + 1),
    ("/v1/incidents", {}, RUNS),
    ("/v1/actions", {"kind": "email"}, RUNS),
    ("/v1/actions", {}, 2 * RUNS),
    ("/v1/outbox", {"state": "queued"}, RUNS),
    ("/v1/projects/{place}/timeline", {}, RUNS + 1),
    ("/v1/projects/{place}/list", {}, RUNS + 1),
    ("/v1/projects/{place}/list", {"sort": "state", "group": "state"}, RUNS + 1),
    ("/v1/projects/{place}/list", {"sort": "name", "group": "priority"}, RUNS + 1),
    ("/v1/projects/{place}/list", {"state": "needs_help"}, RUNS),
    ("/v1/runs/{run}/history", {}, EVENTS),
)


def test_the_pages_of_a_list_are_the_whole_list(listing: tuple[Api, str]):
    """Three rows at a time, in the order of the whole, every row once; behind the last page there is nothing."""
    api, place = listing
    run = api.client.get("/v1/runs", params={"limit": 1}).json()["rows"][0]["id"]
    for path, query, count in LISTS:
        at = path.format(place=place, run=run)
        whole = rows_of(api.client.get(at, params=query).json())
        assert len(whole) == count, (path, query)
        for limit in (3, 500):
            assert [identity(row) for row in walked(api, at, query, limit)] == list(map(identity, whole))
        if "runs" not in path:
            beyond = api.client.get(at, params={**query, "limit": 3, "after": 1_000}).json()
            assert (rows_of(beyond), beyond["more"], beyond["next_after"]) == ([], 0, None)


def identity(row: dict[str, Any]) -> tuple[Any, ...]:
    """Which row it is, and in which group."""
    return tuple(row.get(name) for name in ("id", "run", "step", "action", "kind", "version", "of"))


def test_a_group_counts_what_other_pages_show_of_it(listing: tuple[Api, str]):
    """Every page names the whole size of the groups it shows."""
    api, place = listing
    path = f"/v1/projects/{place}/list"
    for group in get_args(GroupKey):
        whole = api.client.get(path, params={"group": group}).json()
        assert all(each["count"] == len(each["cards"]) for each in whole["groups"])
        sizes = {each["key"]: each["count"] for each in whole["groups"]}
        for after in range(whole["count"]):
            page = api.client.get(path, params={"group": group, "limit": 1, "after": after}).json()
            (shown,) = page["groups"]
            assert shown["count"] == sizes[shown["key"]]


EXPORTS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("/v1/projects/{place}/list", {"ended": "true"}, RUNS + 1),
    ("/v1/projects/{place}/list", {"state": "needs_help", "sort": "state"}, RUNS),
    ("/v1/runs", {}, RUNS),
    ("/v1/inbox", {}, RUNS + 1),
    ("/v1/attention", {}, RUNS + 1),
    ("/v1/runs/{run}/history", {}, EVENTS),
)


def test_an_export_is_everything(listing: tuple[Api, str], monkeypatch: pytest.MonkeyPatch):
    """Whatever the limit of a page is; the answer says how long it is, so that a broken transfer is seen."""
    api, place = listing
    monkeypatch.setattr("api.feeds.paged._BATCH", 2)
    monkeypatch.setattr("projections.lists.cards._BATCH", 2)
    monkeypatch.setattr("api.handling.exports._IN_MEMORY_BYTES", 100)
    run = api.client.get("/v1/runs", params={"limit": 1}).json()["rows"][0]["id"]
    for path, query, count in EXPORTS:
        asked = {**query, "format": "csv", "limit": 1, "min_position": api.head}
        told = api.client.get(path.format(place=place, run=run), params=asked)
        assert (told.status_code, told.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        assert int(told.headers["content-length"]) == len(told.content)
        assert int(told.headers["milepost-rows"]) == count, path
        rows = list(csv.DictReader(StringIO(told.content.decode("utf-8-sig"))))
        assert len({tuple(row.values()) for row in rows}) == len(rows) == count
        assert not any(cell.startswith("=") for row in rows for cell in row.values())


def test_a_group_that_came_up_since_the_list_was_counted_is_told(
    listing: tuple[Api, str], monkeypatch: pytest.MonkeyPatch
):
    """Cards change between two questions: a group that only the page has says how many it shows there."""
    api, place = listing
    monkeypatch.setattr("projections.lists.cards._Asked.counts", lambda _: {})
    asked: dict[str, str | int] = {"group": "state", "min_position": api.head}
    told = api.client.get(f"/v1/projects/{place}/list", params=asked)
    assert told.status_code == 200
    assert sum(group["count"] for group in told.json()["groups"]) == RUNS + 1


def test_an_export_that_fails_on_its_way_is_no_file(
    listing: tuple[Api, str], monkeypatch: pytest.MonkeyPatch
):
    """What cannot be read to its end is answered with a problem: never with a beginning that looks like the whole."""
    api, _ = listing
    monkeypatch.setattr("api.feeds.paged._BATCH", 2)
    monkeypatch.setattr("api.feeds.paged._pages", broken)
    told = api.client.get("/v1/runs", params={"format": "csv"})
    assert told.status_code >= 500
    assert "csv" not in told.headers["content-type"]


def broken(first: Any, *_: Any) -> Iterator[Any]:
    """One row, then the database goes away."""
    yield first.rows[0]
    raise ConnectionError("the server closed the connection")


def test_a_calendar_holds_every_due(api: Api, place: str):
    """Of a person with more work than a page of their inbox: what is undated takes no place away from dues."""
    api.services.clock = lambda: NOON
    with api.as_("person:bo") as bo:
        for number in range(210):
            dated = {"due_on": f"2026-03-{10 + number % 5}"} if number >= 205 else {}
            body = {
                "project": place,
                "title": f"Task {number}",
                "stage": "over",
                "assignee": "person:bo",
                **dated,
            }
            assert bo.post("/v1/tasks", json=body).status_code == 201
        project(api.database, api.services.log)
        window = {"begin": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}
        mine = bo.get("/v1/calendar", params=window).json()["entries"]
        assert [entry["title"] for entry in mine] == [f"Task {number}" for number in range(205, 210)]
        theirs = bo.get("/v1/calendar", params={**window, "project": place}).json()["entries"]
        assert len(theirs) == 6
        url = bo.post("/v1/calendar-links", json={}).json()["url"]
        api.services.clock = lambda: NOON + timedelta(minutes=1)
        assert bo.get(url).text.count("BEGIN:VEVENT") == 5
