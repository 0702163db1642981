"""A run that nobody can read any more: its project answers all the same, now and as of any moment."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.api.conftest import Api, project
from tests.api.test_people import ok
from tests.projections.histories import Fact, store


@pytest.fixture
def place(published: Api) -> tuple[str, str]:
    """A project with a run that was moved to a version that the log does not hold, and worked on after that."""
    opened = {"name": "Hires", "process": "onboarding", "stages": [
        {"key": "start", "title": "Start"}, {"key": "live", "title": "Live"}]}  # fmt: skip
    board = ok(published.client.post("/v1/projects", json=opened))["id"]
    broken = published.start(project=board, name="Broken")
    published.start(project=board, name="Sound")
    done = published.client.post(
        f"/v1/runs/{broken}/steps/contract/complete", json={"values": {"goals": "All"}}
    )
    assert done.status_code == 200, done.text
    plan = {
        "from_version": 1,
        "to_version": 9,
        "process": "onboarding",
        "plan": {},
        "choices": {},
        "reason": None,
    }
    store(published.services.log, [
        Fact(UUID(broken), "run_migrated", plan),
        Fact(UUID(broken), "step_started", {"step": "kickoff", "round": 1}),
    ])  # fmt: skip
    project(published.database, published.services.log)
    return board, broken


def cards(board: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Name, stage and version of every card."""
    return [
        (card["name"], card["stage"], card["version"])
        for column in board["columns"]
        for card in column["cards"]
    ]


def test_the_card_stands_where_it_was_before_what_cannot_be_read(
    published: Api, place: tuple[str, str]
) -> None:
    """Now, as of the newest position and as of this instant alike; its stream is parked, for everybody to see."""
    path = f"/v1/projects/{place[0]}/board"
    now = ok(published.client.get(path))
    asked = (
        {"as_of_position": published.head},
        {"as_of": now["as_of"]},
        {"as_of_position": published.head - 1},
    )
    for moment in asked:
        then = ok(published.client.get(path, params=moment))
        assert cards(then) == cards(now)
    assert sorted(name for name, _, _ in cards(now)) == ["Broken", "Sound"]
    with psycopg.connect(published.database.app_url) as connection:
        parked = connection.execute("select distinct stream from log.parked").fetchall()
    assert parked == [(UUID(place[1]),)]


@pytest.mark.parametrize(
    "view", ["board", "board/{card}/why", "attention", "since", "funnel", "list", "timeline"]
)
def test_every_view_of_the_project_answers(published: Api, place: tuple[str, str], view: str) -> None:
    """The run that cannot be read takes no other card with it."""
    path = f"/v1/projects/{place[0]}/{view.format(card=place[1])}"
    for asked in ("", f"?as_of_position={published.head}") if view in ("board", "attention") else ("",):
        answer = published.client.get(path + asked)
        assert answer.status_code == 200, answer.text
        assert "step_started" not in answer.text


def test_the_load_of_everybody_else_is_told(published: Api, place: tuple[str, str]) -> None:
    """The steps of the run are not counted, as nobody knows which they are; those of the other are."""
    (row,) = ok(published.client.get("/v1/workload", params={"project": place[0]}))["rows"]
    assert row["pieces"] == 3


def test_the_search_finds_everything_else(published: Api, place: tuple[str, str]) -> None:
    """Names as ever; the values of the run that cannot be read are not told, as nobody knows which are sensitive."""
    sound = next(row["id"] for row in ok(published.client.get("/v1/runs"))["rows"] if row["name"] == "Sound")
    path = f"/v1/runs/{sound}/steps/contract/complete"
    assert published.client.post(path, json={"values": {"goals": "All of it"}}).status_code == 200
    project(published.database, published.services.log)
    hits = ok(published.client.get("/v1/search", params={"q": "all"}))["hits"]
    assert [(hit["kind"], hit["id"]) for hit in hits] == [("value", sound)]
    assert ok(published.client.get("/v1/search", params={"q": "broken"}))["hits"]
