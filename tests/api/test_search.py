"""Search: names by any part, words by their beginnings, and no value that the searcher may not see."""

from __future__ import annotations

import re
from typing import Any

import httpx
import psycopg
import pytest

from projections.lists.search import _SQL
from projections.visible import EVERYTHING
from tests.api.conftest import DANA, Api, project

PROCESS: dict[str, Any] = {
    "key": "moving", "title": "Moving", "roles": [{"key": "mover", "title": "Mover"}],
    "inputs": [
        {"key": "city", "title": "City", "kind": "text"},
        {"key": "phone", "title": "Phone", "kind": "text", "personal": True},
    ],
    "stages": [{"key": "go", "title": "Go", "steps": [
        {"key": "pack", "title": "Pack the piano", "role": "mover", "fields": [
            {"key": "notes", "title": "Notes", "kind": "long_text"},
            {"key": "code", "title": "Door code", "kind": "text", "sensitive": True}]},
        {"key": "drive", "title": "Drive", "role": "mover"}]}],
}  # fmt: skip
COLUMNS = [{"key": "go", "title": "Go"}]


@pytest.fixture
def place(api: Api) -> str:
    """A project with a run that has values of every sort, and a task."""
    return furnished(api)


@pytest.fixture(scope="module")
def searched(shared: Api) -> Api:
    """A server with such a project, for all tests that only look."""
    furnished(shared)
    return shared


def furnished(api: Api) -> str:
    """A project with a run that has values of every sort, and a task; its id."""
    api.publish(PROCESS)
    opened = api.client.post(
        "/v1/projects", json={"name": "Removals", "stages": COLUMNS, "owner": "person:owner"}
    )
    found: str = opened.json()["id"]
    member = {"member": "person:mia", "access": "member"}
    assert api.client.post(f"/v1/projects/{found}/members", json=member).status_code == 200
    run = api.start(
        process="moving", name="Überland GmbH", project=found, roles={"mover": "person:sam"},
        inputs={"city": "Rotterdam", "phone": "canaryphone"},
    )  # fmt: skip
    values = {"values": {"notes": "Steinway grand, third floor", "code": "canarycode"}}
    assert api.client.post(f"/v1/runs/{run}/steps/pack/save", json=values).status_code == 200
    task = {
        "project": found,
        "title": "Rent a 100% electric van",
        "stage": "go",
        "description": "with a Steinway-proof lift",
    }
    assert api.client.post("/v1/tasks", json=task).status_code == 201
    project(api.database, api.services.log)
    return found


def hits(client: httpx.Client, text: str, **query: Any) -> list[tuple[str, str]]:
    """Kind and title of what is found."""
    answer = client.get("/v1/search", params={"q": text, **query})
    assert answer.status_code == 200, answer.text
    return [(hit["kind"], hit["title"]) for hit in answer.json()["hits"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("berl", [("run", "Überland GmbH")]),
        ("ÜBER", [("run", "Überland GmbH")]),
        ("piano", [("step", "Pack the piano")]),
        ("elect va", [("task", "Rent a 100% electric van")]),
        ("100%", [("task", "Rent a 100% electric van")]),
        ("rotter", [("value", "Rotterdam")]),
        ("stein grand", [("value", "Steinway grand, third floor")]),
        ("stein", [("task", "Rent a 100% electric van"), ("value", "Steinway grand, third floor")]),
        ("nothing like it", []),
        ("%", []),
        ("_", []),
        ("' & | !:* <->", []),
    ],
)
def test_what_fits_is_found(searched: Api, text: str, expected: list[tuple[str, str]]):
    """Parts of names, beginnings of words, whatever signs are typed."""
    assert hits(searched.client, text) == expected


PASTED = (
    "2026/0042", "anna.meier@kunde.example", "order_4711", "DS-7604NI-E1/4P/A", "Straße 7", "Müller-Lüdenscheidt",
    r"C:\new\table.xlsx", "https://shop.example/a?id=1&b=%20c", "it's “quoted” – so", "4e5", "50 % + 3",
    "O'Neill & Söhne <x>",
)  # fmt: skip
"""What people copy from elsewhere and paste."""


WHERE = ("name", "task", "subject", "input", "value")


def test_what_is_pasted_is_found_whole_and_in_parts(api: Api, place: str):
    """Numbers of orders, addresses, names of parts and streets: as they stand, in capitals, and word by word."""
    kept = {(where, text): stored(api, place, where, text) for text in PASTED for where in WHERE}
    project(api.database, api.services.log)
    for text in PASTED:
        for asked in (text, text.upper(), f"  {text}\n", *re.findall(r"[^\W_]{2,}", text)):
            answer = api.client.get("/v1/search", params={"q": asked, "limit": 100})
            found = {hit["id"] for hit in answer.json()["hits"]}
            assert [where for where in WHERE if kept[where, text] not in found] == [], (text, asked)


def stored(api: Api, place: str, where: str, text: str) -> str:
    """Put a text there; the id of the run or task that has it."""
    if where == "task":
        told = api.client.post("/v1/tasks", json={"project": place, "title": text, "stage": "go"})
        assert told.status_code == 201
        task: str = told.json()["id"]
        return task
    run = api.start(
        process="moving",
        name=text if where == "name" else "A run",
        subject=text if where == "subject" else None,
        roles={"mover": DANA},
        inputs={"city": text if where == "input" else "Delft"},
    )
    if where == "value":
        values = {"values": {"notes": text}}
        assert api.client.post(f"/v1/runs/{run}/steps/pack/save", json=values).status_code == 200
    return run


def test_every_search_has_an_index(searched: Api):
    """However many there are, no statement of the search has to read through all cards, steps, runs or values."""
    with psycopg.connect(searched.database.app_url, autocommit=True) as connection:
        for way in (
            "seqscan",
            "indexscan",
            "indexonlyscan",
        ):  # what a table of four rows is otherwise read by
            connection.execute(f"set enable_{way} = off".encode())
        plans = [
            row[0]
            for name in ("cards", "steps", "inputs", "values")
            for row in connection.execute(b"explain " + _SQL[name], _ASKED)
        ]
    used = set(re.findall(r"Bitmap Index Scan on (\w+)", "\n".join(plans)))
    names = ["card_name", "card_words", "run_subject_words", "inbox_title", "inbox_title_words"]
    assert used >= {*names, "run_words", "run_step_words"}


_ASKED = {
    "text": "order_4711", "whole": "order\\_4711", "part": "%order\\_4711%", "start": "order\\_4711%", "limit": 21,
    "who": "person:dana", "all": True, "projects": [], **EVERYTHING.asked,
}  # fmt: skip


def test_a_card_is_in_the_state_that_its_board_shows(api: Api, place: str):
    """A task whose day is over is late, though nothing has been recorded since."""
    task = {"project": place, "title": "Sell the crates", "stage": "go", "due_on": "2026-01-05"}
    assert api.client.post("/v1/tasks", json=task).status_code == 201
    project(api.database, api.services.log)
    (hit,) = api.client.get("/v1/search", params={"q": "crates"}).json()["hits"]
    assert (hit["kind"], hit["state"]) == ("task", "late")


def test_sensitive_and_personal_values_are_never_found(searched: Api):
    """Not even by those who may see them."""
    assert hits(searched.client, "canary") == []
    assert hits(searched.client, "canarycode") == []


def test_values_are_found_by_those_whom_the_run_concerns(searched: Api):
    """Its people and those who work in its project, who find its name as well; nobody else finds anything."""
    for who, concerned in (
        ("person:sam", True),
        ("person:mia", True),
        ("person:owner", True),
        ("person:eve", False),
    ):
        with searched.as_(who, "read") as client:
            assert bool(hits(client, "rotterdam")) == concerned, who
            assert hits(client, "überland") == ([("run", "Überland GmbH")] if concerned else [])


def test_who_left_the_project_finds_nothing_more(api: Api, place: str):
    """The log decides, although the read model does not know it yet."""
    with api.as_("person:mia", "read") as mia:
        assert hits(mia, "rotterdam") == [("value", "Rotterdam")]
        away = {"member": "person:mia"}
        assert api.client.post(f"/v1/projects/{place}/remove-member", json=away).status_code == 200
        assert hits(mia, "rotterdam") == []


def test_people_are_found_by_name_and_key(api: Api):
    """Those who left stand last."""
    for key, name in (("dora", "Dora Mann"), ("max", "Max Dorn")):
        assert api.client.post("/v1/people", json={"person": key, "name": name}).status_code == 201
    gone = api.client.post("/v1/people/dora/deactivate", json={"reason": "left"})
    assert gone.status_code == 200, gone.text
    project(api.database, api.services.log)
    assert hits(api.client, "dor") == [("person", "Max Dorn"), ("person", "Dora Mann")]


def test_a_limit_says_that_there_is_more_and_where(api: Api, place: str):
    """At most so many of each kind."""
    for number in range(3):
        api.start(process="moving", name=f"Same name {number}", roles={}, inputs={"city": "Delft"})
    project(api.database, api.services.log)
    answer = api.client.get("/v1/search", params={"q": "same", "limit": 2}).json()
    assert (len(answer["hits"]), answer["more"], answer["next_after"]) == (2, True, 2)
    rest = api.client.get("/v1/search", params={"q": "same", "limit": 2, "after": 2}).json()
    assert (rest["more"], rest["next_after"]) == (False, None)
    names = [hit["title"] for one in (answer, rest) for hit in one["hits"] if hit["kind"] == "run"]
    assert sorted(names) == [f"Same name {number}" for number in range(3)]


def test_a_view_is_saved_shared_and_removed(api: Api, place: str):
    """One's own first, then what others share; removed ones are gone; others cannot touch it."""
    page = f"/projects/{place}/list"
    made = api.client.post("/v1/views", json={"name": "Late", "page": page, "query": "state=late"})
    assert made.status_code == 201, made.text
    view = made.json()["id"]
    with api.as_("person:bo", "read") as bo:
        project(api.database, api.services.log)
        assert bo.get("/v1/views").json()["rows"] == []
        changed = {"name": "Late ones", "query": "state=late&sort=due", "shared": True}
        assert api.client.post(f"/v1/views/{view}/change", json=changed).status_code == 200
        project(api.database, api.services.log)
        seen = bo.get("/v1/views", params={"page": page}).json()["rows"]
        assert [(row["name"], row["owner"], row["address"]) for row in seen] == [
            ("Late ones", DANA, f"{page}?state=late&sort=due")
        ]
        assert bo.post(f"/v1/views/{view}/remove", json={}).json()["code"] == "not_allowed"
    assert api.client.post(f"/v1/views/{view}/remove", json={}).status_code == 200
    project(api.database, api.services.log)
    assert api.client.get("/v1/views").json()["rows"] == []
    assert api.client.post(f"/v1/views/{place}/remove", json={}).json()["code"] == "unknown_view"
