"""Whoever has an answer already is not sent it again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.api.conftest import Api, project
from tests.api.document import described
from tests.api.furnished import QUERIES, filled, furnish


@pytest.fixture
def places(api: Api) -> dict[str, str]:
    """Something of every kind, as the read models know it."""
    now = datetime.now(UTC)
    api.services.clock = lambda: now  # so that nothing grows older between two looks at it
    made = furnish(api)
    project(api.database, api.services.log)
    return made


def test_every_view_is_told_once_to_whoever_has_it(api: Api, places: dict[str, str]):
    """304 without a body for the ETag that came before, as long as nothing of what is told has changed."""
    odd, asked = {}, 0
    paths = [
        path
        for path, item in described()["paths"].items()
        if "304" in item.get("get", {"responses": ()})["responses"]
    ]
    for path in paths:
        address, query = filled(path, {**places, "migrations": places["run"]}), QUERIES.get(path)
        first = api.client.get(address, params=query)
        if first.status_code != 200:
            continue  # there is none of these
        asked += 1
        again = api.client.get(address, params=query, headers={"If-None-Match": first.headers["etag"]})
        seen = (again.status_code, again.content, again.headers.get("etag"), again.headers["cache-control"])
        if seen != (304, b"", first.headers["etag"], "private, no-cache"):
            odd[path] = seen
    assert odd == {}
    assert asked > 30


def test_an_answer_is_the_same_however_fresh_it_is(api: Api, places: dict[str, str]):
    """What happens elsewhere moves the position, which is told beside the 304; what changes the answer is sent."""
    address = f"/v1/runs/{places['runs']}"
    first = api.client.get(address)
    known = {"If-None-Match": first.headers["etag"]}
    api.client.post(f"/v1/tasks/{places['tasks']}/comment", json={"text": "Elsewhere"})
    moved = project(api.database, api.services.log)
    same = api.client.get(address, headers=known)
    assert (same.status_code, same.headers["milepost-position"]) == (304, str(moved))
    assert int(first.headers["milepost-position"]) < moved
    api.client.post(f"{address}/priority", json={"priority": "urgent"})
    project(api.database, api.services.log)
    other = api.client.get(address, headers=known)
    assert (other.status_code, other.json()["priority"]) == (200, "urgent")
    assert other.headers["etag"] != first.headers["etag"]


def test_what_may_not_be_seen_is_not_confirmed(api: Api, places: dict[str, str]):
    """The ETag of somebody's answer tells another nothing that they may not ask for."""
    address = f"/v1/runs/{places['runs']}"
    tag = api.client.get(address).headers["etag"]
    with api.as_("person:outsider", "work") as outsider:
        assert outsider.get(address, headers={"If-None-Match": tag}).status_code == 403
