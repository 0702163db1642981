"""Bad input gets a problem, never a failure of ours, and changes nothing."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.matrix import RULES
from tests.api.conftest import Api

REQUESTS = 1_500
TEXTS = [
    "",
    " ",
    "x",
    "\0",
    "a\0b",
    "ä" * 300,
    "'; drop table log.event; --",
    "../..",
    "%s",
    "{}",
    "\u202e",
    "😀" * 5_000,
]
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    10**400,
    1.5,
    1e308,
    [],
    {},
    [[[[[]]]]],
    {"a": {"b": None}},
    *TEXTS,
]
RAW = [
    b"", b"{", b"[]", b"null", b"nan", b'{"a":NaN}', b'{"a":1e999}', b'"\\ud800"', b'{"text":"\\ud800"}', b"\xff\xfe",
    b'{"text":"\\u0000"}', b"[" * 10_000, b'{"values":' * 60 + b"1" + b"}" * 60, b'{"values":' + b"[" * 40 + b"]" * 40 + b"}",
]  # fmt: skip
PLACES = [
    "x",
    "%00",
    "0" * 400,
    "%F0%9F%98%80",
    "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55",
    "a b",
    "..",
    "-1",
    "%ff",
]
QUERIES = ["", "?min_position=-1", "?min_position=x", "?limit=99999999999999999999", "?after=%00", "?process=%00",
           "?person=%00", "?nonsense=1", "?types=%00", "?state=%00", "?version=0", "?before=1&after=99999999999"]  # fmt: skip
MEMBERS = [
    "process",
    "process_version",
    "name",
    "inputs",
    "roles",
    "project",
    "priority",
    "target_at",
    "subject",
    "test",
    "values",
    "outcome",
    "reason",
    "dependents",
    "assignee",
    "due_at",
    "waiting_on",
    "until",
    "note",
    "text",
    "mentions",
    "step",
    "role",
    "stage",
    "after",
    "before",
    "stages",
    "member",
    "access",
    "title",
    "due_on",
    "labels",
    "entry",
    "done",
    "on",
    "kind",
    "key",
    "owner",
    "document",
    "actor",
    "scopes",
]


def address(pick: random.Random, route: str, ids: list[str]) -> str:
    """A path with good or odd things in its places, and an odd query now and then."""
    path = route.split(" ")[1]
    for place in ("{id}", "{step}", "{key}", "{version}"):
        path = path.replace(place, pick.choice(PLACES + ids * 4))
    return path + pick.choice(QUERIES)


def content(pick: random.Random) -> dict[str, Any]:
    """The body of a request: raw bytes, or an object with odd members."""
    if pick.random() < 0.3:
        kind = pick.choice(
            ["application/json", "text/plain", "application/xml", "", "application/json; charset=latin-1"]
        )
        return {"content": pick.choice(RAW), "headers": {"Content-Type": kind}}
    return {"json": {pick.choice(MEMBERS): pick.choice(ODD) for _ in range(pick.randint(0, 6))}}


@pytest.mark.parametrize("seed", range(2))
def test_no_request_breaks_the_server(published: Api, seed: int):
    """Over all routes: never a 5xx, refusals are problem documents, and what is refused leaves the log as it was."""
    pick = random.Random(seed)
    ids = [published.start(), "contract", "onboarding"]
    routes = [route for route in RULES if not route.endswith(("/v1/changes", "/health/ready", "/v1/session"))]
    for _ in range(REQUESTS // 2):
        route = pick.choice(routes)
        method, path = route.split(" ")[0], address(pick, route, ids)
        before = published.head
        try:
            answer = published.client.request(method, path, **(content(pick) if method != "GET" else {}))
        except httpx.InvalidURL:
            continue
        assert answer.status_code < 500, (method, path, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", (method, path, answer.text)
            assert published.head == before, (method, path)


def test_what_is_too_large_is_refused(published: Api):
    """A body above the limit is 413, declared or not; so is an event above the cap of the log."""
    run = published.start()
    head = published.head
    path = f"/v1/runs/{run}/comment"
    many = b"x" * 600_000
    for body in (many, (part for part in [many[:300_000], many[300_000:]])):
        answer = published.client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    values = {"values": {"goals": "x" * 400_000}}
    answer = published.client.post(f"/v1/runs/{run}/steps/contract/save", json=values)
    assert 400 <= answer.status_code < 500
    assert published.head == head


def test_unknown_addresses_and_methods_are_problems(published: Api):
    """404 and 405 are problem documents too."""
    for method, path, status in (
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/runs", 405),
        ("GET", "/v1/runs/", 404),
    ):
        answer = published.client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_ids_of_answers_are_uuids(published: Api):
    """What a command makes has an id that sorts by time."""
    assert UUID(published.start()).version == 7
