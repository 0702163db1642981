"""A project as a list, a timeline, a calendar and a feed: the same cards as on its board."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from icalendar import Calendar as Feed

from tests.api.conftest import DANA, PROCESS, Api, project
from tests.support.clients import client_of

COLUMNS = [{"key": "start", "title": "Start"}, {"key": "live", "title": "Live"}]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def place(api: Api) -> str:
    """A project with a run that has a target, and three tasks."""
    return furnished(api)


@pytest.fixture(scope="module")
def listing(shared: Api) -> tuple[Api, str]:
    """A server with such a project, for all tests that only look."""
    return shared, furnished(shared)


def furnished(api: Api) -> str:
    """A project with a run that has a target, and three tasks; its id."""
    api.services.clock = lambda: NOON
    api.publish()
    opened = api.client.post("/v1/projects", json={"name": "Spring", "stages": COLUMNS, "owner": DANA})
    found: str = opened.json()["id"]
    target = (NOON + timedelta(days=30)).isoformat()
    api.start(project=found, target_at=target)
    for title, told in (
        ("Zebra", {"priority": "high", "due_on": "2026-03-06", "assignee": "person:bo"}),
        ("apple", {"priority": "low", "due_on": "2026-03-05", "labels": ["fruit", "red"]}),
        ("=cmd()", {"stage": "live"}),
    ):
        body = {"project": found, "title": title, "stage": "start", **told}
        assert api.client.post("/v1/tasks", json=body).status_code == 201
    project(api.database, api.services.log)
    return found


def listed(api: Api, place: str, **query: Any) -> Any:
    """The list."""
    answer = api.client.get(f"/v1/projects/{place}/list", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(found: Any) -> list[list[str]]:
    """The names in each group."""
    return [[card["name"] for card in group["cards"]] for group in found["groups"]]


def test_the_list_holds_the_cards_of_the_board_in_any_order(listing: tuple[Api, str]):
    """Sorted and grouped as asked; the count is that of the board under the same filter."""
    api, place = listing
    assert names(listed(api, place, sort="name")) == [["=cmd()", "Acme", "apple", "Zebra"]]
    assert names(listed(api, place, sort="due", kind="task")) == [["apple", "Zebra", "=cmd()"]]
    assert names(listed(api, place, sort="priority")) == [["Zebra", "apple", "=cmd()", "Acme"]]
    grouped = listed(api, place, sort="name", group="stage")
    assert [(group["title"], group["count"]) for group in grouped["groups"]] == [("Start", 3), ("Live", 1)]
    who = listed(api, place, group="who", kind="task")
    assert [group["title"] for group in who["groups"]] == ["nobody", "Bo"]
    for query in ({}, {"kind": "task"}, {"person": "person:bo"}, {"label": "fruit"}, {"text": "zeb"}):
        board = api.client.get(f"/v1/projects/{place}/board", params=query).json()
        assert listed(api, place, **query)["count"] == sum(
            len(column["cards"]) for column in board["columns"]
        )


def test_a_long_list_says_what_it_does_not_show(listing: tuple[Api, str]):
    """The limit is told, and how many more there are."""
    api, place = listing
    short = listed(api, place, limit=2)
    assert (short["count"], short["more"], sum(len(group["cards"]) for group in short["groups"])) == (4, 2, 2)


def test_as_csv_no_cell_is_a_formula(listing: tuple[Api, str]):
    """A spreadsheet opens it as text; labels are one cell, instants are ISO 8601."""
    api, place = listing
    answer = api.client.get(f"/v1/projects/{place}/list", params={"format": "csv", "sort": "name"})
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''Spring.csv"
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == ["'=cmd()", "Acme", "apple", "Zebra"]
    assert rows[2]["labels"] == "fruit, red"
    assert rows[2]["due_at"] == "2026-03-05T17:00:00Z"
    assert {row["stage"] for row in rows} <= {"Start", "Live"}, "stages have their titles"


def test_no_cell_is_a_formula_whatever_separates_the_cells(api: Api, place: str):
    """Every cell is in quotes, so that `;` or a tab splits none, and full-width signs begin no formula either."""
    titles = ["x;=1+1;y", "＝1+1", "＋1", "－1", "＠x", "−1", "\u200b=1+1", 'say "=1+1"', "a\tb"]
    for title in titles:
        body = {"project": place, "title": title, "stage": "start"}
        assert api.client.post("/v1/tasks", json=body).status_code == 201, title
    project(api.database, api.services.log)
    answer = api.client.get(f"/v1/projects/{place}/list", params={"format": "csv"})
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text)))
    given = {row["name"].removeprefix("'") for row in rows}
    assert given >= set(titles)
    harmless = {"x;=1+1;y", 'say "=1+1"', "a\tb"}
    assert {row["name"] for row in rows} >= {f"'{title}" for title in titles if title not in harmless}
    quoted = list(csv.reader(StringIO(text), quoting=csv.QUOTE_NONE))
    assert all(row[0].startswith('"') and row[-1].endswith('"') for row in quoted)
    assert '"x;=1+1;y"' in text


def test_stages_are_told_by_title_and_sorted_as_the_board_has_them(listing: tuple[Api, str]):
    """What the board calls its stages goes with the list; Start comes before Live, whatever the alphabet says."""
    api, place = listing
    told = api.client.get(f"/v1/projects/{place}/list", params={"sort": "stage"}).json()
    assert list(told["stages"].items()) == [("start", "Start"), ("live", "Live")]
    stages = [card["stage"] for group in told["groups"] for card in group["cards"]]
    assert stages == sorted(stages, key=list(told["stages"]).index)
    assert set(stages) == {"start", "live"}


def test_the_timeline_has_planned_and_actual_bars(listing: tuple[Api, str]):
    """A run's target and its stages, a task's due and its life; what goes on has no end."""
    api, place = listing
    rows = api.client.get(f"/v1/projects/{place}/timeline").json()["rows"]
    bars = {
        row["name"]: [(bar["kind"], bar["title"], bar["ends_at"] is None) for bar in row["bars"]]
        for row in rows
    }
    assert bars["Acme"] == [("planned", "Target", False), ("actual", "Start", True)]
    assert bars["Zebra"] == [("planned", "Due", False), ("actual", "Zebra", True)]


def test_what_has_ended_takes_no_more_time(api: Api, place: str):
    """A run that was called off in the middle of a stage is drawn up to its end, and so is every stage of it."""
    run = api.start(name="Bolt", project=place)
    api.services.clock = lambda: NOON + timedelta(days=2)
    assert api.client.post(f"/v1/runs/{run}/cancel", json={"reason": "Not wanted"}).status_code == 200
    project(api.database, api.services.log)
    rows = api.client.get(f"/v1/projects/{place}/timeline", params={"ended": True}).json()["rows"]
    (bars,) = [row["bars"] for row in rows if row["name"] == "Bolt"]
    assert [(bar["title"], bar["ends_at"]) for bar in bars] == [("Start", "2026-03-06T12:00:00+00:00")]


def test_no_stage_is_planned_beyond_the_target_of_its_run(api: Api):
    """Stages that may take twenty days each, in a run that is to be finished in ten: what is planned ends there."""
    api.publish({**PROCESS, "stages": [{**stage, "target_days": 20} for stage in PROCESS["stages"]]})
    opened = api.client.post("/v1/projects", json={"name": "Spring", "stages": COLUMNS})
    target = (datetime.now(UTC) + timedelta(days=10)).replace(microsecond=0)
    api.start(project=opened.json()["id"], target_at=target.isoformat())
    project(api.database, api.services.log)
    (row,) = api.client.get(f"/v1/projects/{opened.json()['id']}/timeline").json()["rows"]
    planned = [
        (bar["title"], datetime.fromisoformat(bar["ends_at"]))
        for bar in row["bars"]
        if bar["kind"] == "planned"
    ]
    assert planned == [("Target", target), ("Start", target)]


def test_the_calendar_is_of_a_project_or_of_a_person(listing: tuple[Api, str]):
    """Dues and targets in order; a person's are those of their inbox; the window bounds them."""
    api, place = listing
    found = api.client.get("/v1/calendar", params={"project": place}).json()["entries"]
    assert [(entry["kind"], entry["of"]) for entry in found] == [
        ("task", "apple"),
        ("task", "Zebra"),
        ("target", "Acme"),
    ]
    assert [entry["at"] for entry in found[:2]] == ["2026-03-05T17:00:00+00:00", "2026-03-06T17:00:00+00:00"]
    assert {entry["overdue"] for entry in found} == {True}  # by the clock of today
    mine = api.client.get("/v1/calendar", params={"person": "person:bo"}).json()["entries"]
    assert [(entry["title"], entry["at"]) for entry in mine] == [("Zebra", "2026-03-06T17:00:00+00:00")]
    none = {"project": place, "begin": "2027-01-01T00:00:00Z", "end": "2027-02-01T00:00:00Z"}
    assert api.client.get("/v1/calendar", params=none).json()["entries"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"begin": "2026-03-02T00:00:00Z", "end": "2026-03-01T00:00:00Z"},
        {"begin": "1990-03-02T00:00:00Z", "end": "2026-03-01T00:00:00Z"},
        {"begin": "yesterday"},
        {"project": "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55", "person": "person:bo"},
    ],
)
def test_a_window_that_cannot_be_is_refused(shared: Api, query: dict[str, str]):
    """The answer names the field."""
    answer = shared.client.get("/v1/calendar", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_a_feed_needs_its_address_only_and_ends_with_its_token(listing: tuple[Api, str]):
    """Calendar programs read it as iCalendar; the address opens nothing else, and nothing once it is revoked."""
    api, place = listing
    made = api.client.post("/v1/calendar-links", json={"project": place})
    assert made.status_code == 201
    url = made.json()["url"]
    with client_of() as stranger:
        answer = stranger.get(url)
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        events = Feed.from_ical(answer.content).walk("VEVENT")
        assert [str(event["summary"]) for event in events] == ["apple", "Zebra", "Target: Acme"]
        assert len({str(event["uid"]) for event in events}) == 3
        secret = url.rpartition("/")[2].partition(".ics")[0]
        beyond = stranger.get(f"{api.url}/v1/runs", headers={"Authorization": f"Bearer {secret}"})
        assert beyond.status_code == 403
        own = api.client.post("/v1/calendar-links", json={}).json()["url"]
        assert len(Feed.from_ical(stranger.get(own).content).walk("VEVENT")) == 0
        assert api.client.delete(f"/v1/tokens/{made.json()['id']}").status_code < 300
        assert stranger.get(url).status_code == 404
        assert stranger.get(f"{api.url}/calendar/mpt_unknown.ics").status_code == 404
        plain = api.token(DANA, "read")
        assert stranger.get(f"{api.url}/calendar/{plain}.ics").status_code == 404


def test_what_is_not_there_is_a_problem(shared: Api):
    """A list, timeline, calendar or link of no project."""
    ghost = "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"
    for answer in (
        shared.client.get(f"/v1/projects/{ghost}/list"),
        shared.client.get(f"/v1/projects/{ghost}/timeline"),
        shared.client.get("/v1/calendar", params={"project": ghost}),
        shared.client.post("/v1/calendar-links", json={"project": ghost}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_project")
