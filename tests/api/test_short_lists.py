"""Lists that are short by their nature have pages like all others, and lead from the first row to the last."""

from __future__ import annotations

import pytest

from tests.api.conftest import PROCESS, Api, project
from tests.api.document import described
from tests.api.furnished import furnish

ROWS = {"/v1/tokens": "tokens"}


@pytest.fixture(scope="module")
def furnished(shared: Api) -> Api:
    """At least two of every kind, for all tests to look at."""
    api = shared
    furnish(api)
    api.publish({**PROCESS, "key": "leaving", "title": "Leaving"})
    second = {"name": "Autumn", "stages": [{"key": "a", "title": "A"}]}
    place = api.client.post("/v1/projects", json=second).json()["id"]
    recurring = {
        "name": "Open", "cron": "0 9 * * MON", "time_zone": "UTC", "makes": "run", "process": "leaving",
        "template": {"name": "Leave {week}"},
    }  # fmt: skip
    for path, body in (
        ("/v1/people", {"person": "dee", "name": "Dee"}),
        ("/v1/groups", {"group": "support", "title": "Support"}),
        ("/v1/recurrences", recurring),
        *(("/v1/views", {"name": name, "page": f"/projects/{place}/list", "query": ""}) for name in "ab"),
    ):
        assert api.client.post(path, json=body).status_code == 201, path
    api.token()
    project(api.database, api.services.log)
    return api


@pytest.mark.parametrize(
    "path",
    [
        "/v1/projects",
        "/v1/processes",
        "/v1/people",
        "/v1/groups",
        "/v1/recurrences",
        "/v1/views",
        "/v1/access",
        "/v1/tokens",
    ],
)
def test_a_list_leads_from_its_first_row_to_its_last(furnished: Api, path: str):
    """Page after page: every row once, in order, and each page says how many come."""
    name = ROWS.get(path, "rows")
    whole = furnished.client.get(path).json()
    assert (whole["more"], whole["next_after"], len(whole[name]) > 1) == (0, None, True)
    ids: list[object] = []
    after: int | None = 0
    while after is not None:
        page = furnished.client.get(path, params={"limit": 1, "after": after}).json()
        ids += [row_id(row) for row in page[name]]
        assert page["more"] == len(whole[name]) - len(ids)
        after = page["next_after"]
    assert ids == [row_id(row) for row in whole[name]]
    beyond = furnished.client.get(path, params={"after": 10_000}).json()
    assert (beyond[name], beyond["more"], beyond["next_after"]) == ([], 0, None)


def row_id(row: dict[str, object]) -> object:
    """What is a row's own."""
    return next(row[name] for name in ("id", "key", "person", "group") if name in row)


def test_every_list_has_the_same_pages():
    """`limit`, `after`, `more` and `next_after`: whoever follows one list can follow all."""
    document = described()
    schemas = document["components"]["schemas"]
    lists, odd = 0, []
    for path, item in document["paths"].items():
        content = item.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        told = schemas.get(name, {}).get("properties", {})
        if {"rows", "entries", "tokens"}.isdisjoint(told) or path in ONE or path in BY_TIME:
            continue
        lists += 1
        bounds = {each["name"]: each["schema"].get("maximum") for each in item["get"]["parameters"]}
        if not ({"more", "next_after"} <= told.keys() and bounds.get("limit") and "after" in bounds):
            odd.append(path)
    assert odd == []
    assert lists > 15


ONE = {"/v1/recurrences/{id}"}
"""A list of one."""
BY_TIME = {"/v1/calendar", "/v1/workload", "/v1/rights"}
"""Bounded by the days that are asked for, or by how few have a role of the house."""
