"""What an event announces can be read: views wait for the position they are asked for, and are not "not found"."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api.conftest import Api, project
from tests.api.furnished import QUERIES, filled, furnish

OF_THE_LOG = {
    "/v1/processes/{key}/migrations", "/v1/runs/{id}/steps/{step}/content", "/v1/runs/{id}/guests", "/v1/rights",
    "/v1/people/{key}/rights",
}  # fmt: skip
"""Read where they are written, so that they reflect every position at once."""


@pytest.fixture
def unread(api: Api) -> dict[str, str]:
    """What stands in the places of addresses: all of it is in the log, and no read model knows it yet."""
    api.services.wait_seconds = 0
    return furnish(api)


def documented(api: Api) -> list[str]:
    """Every address of which the document says that it takes `min_position`, save those of single migrations."""
    document = api.client.get("/openapi.json").json()
    return [
        path
        for path, item in document["paths"].items()
        if any(told.get("name") == "min_position" for told in item.get("get", {}).get("parameters", ()))
        and not path.endswith("/migrations/{id}")
    ]


def test_every_view_honours_the_position_it_is_asked_for(api: Api, unread: dict[str, str]):
    """None answers from before it, and none takes a position that nobody can know."""
    told: dict[str, Any] = {}
    paths, head = documented(api), api.head
    for path in paths:
        query = {**QUERIES.get(path, {}), "min_position": str(head)}
        answer = api.client.get(filled(path, unread), params=query)
        told[path] = (answer.status_code, answer.json().get("code"))
        ahead = api.client.get(filled(path, unread), params={**query, "min_position": str(head + 1)})
        assert (ahead.status_code, ahead.json()["code"]) == (422, "ahead_of_log"), path
    assert len(paths) > 30
    expected = {path: (200, None) if path in OF_THE_LOG else (503, "not_there_yet") for path in paths}
    assert told == expected


def test_what_an_event_has_announced_is_not_called_unknown(api: Api, unread: dict[str, str]):
    """Who hears of it and asks before the read model has it is told to ask again; then it is there."""
    paths = [path for path in documented(api) if filled(path, unread) != path and "outbox" not in path]
    early = {path: api.client.get(filled(path, unread), params=QUERIES.get(path)) for path in paths}
    assert {path: answer.status_code for path, answer in early.items() if answer.status_code == 404} == {}
    told = early["/v1/runs/{id}"]
    assert (told.status_code, told.json()["code"], told.headers["retry-after"]) == (503, "not_there_yet", "1")
    project(api.database, api.services.log)
    late = {
        path: api.client.get(filled(path, unread), params=QUERIES.get(path)).status_code for path in paths
    }
    assert late == dict.fromkeys(paths, 200) | {"/v1/processes/{key}/diff": 404}, "there is no draft any more"


def test_what_was_never_there_is_unknown_at_once(api: Api, unread: dict[str, str]):
    """However far behind the read models are."""
    for path in (f"/v1/runs/{uuid4()}", f"/v1/tasks/{uuid4()}", "/v1/people/nobody", "/v1/processes/none"):
        assert api.client.get(path).status_code == 404, path
