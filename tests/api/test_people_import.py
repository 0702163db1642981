"""People come by a sheet: tried out first, done whole or not at all, and the same sheet twice changes nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from application.directory import Directories
from tests.api.conftest import Api

SHEET = (
    "key,name,email,manager,weekly_hours,groups\n"
    "cy,Cy Ek,cy@example.com,ada,32,legal;it\n"
    "ada,Ada,ada@example.com,,40,\n"
)


@pytest.fixture
def api(api: Api) -> Api:
    """A server where only they are who were added."""
    api.services.app.directories = Directories(api.services.log)
    return api


def sent(api: Api, sheet: str | bytes, **query: bool) -> httpx.Response:
    """The answer to a sheet."""
    content = sheet if isinstance(sheet, bytes) else sheet.encode()
    return api.client.post(
        "/v1/people/import", content=content, params=query, headers={"Content-Type": "text/csv"}
    )


def done(api: Api, sheet: str, **query: bool) -> dict[str, Any]:
    """What a sheet did."""
    answer = sent(api, sheet, **query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_dry_run_says_what_would_be_done_and_does_nothing(api: Api):
    """The same figures as the real one, and no event."""
    head = api.head
    tried = done(api, SHEET, dry_run=True)
    assert api.head == head
    real = done(api, SHEET)
    assert (tried["done"], real["done"]) == (False, True)
    for figure in ("added", "changed", "unchanged", "groups", "members", "faults"):
        assert tried[figure] == real[figure]
    assert (real["added"], real["groups"]) == (["ada", "cy"], ["legal", "it"])
    assert real["position"] == api.head > head


def test_the_same_sheet_twice_changes_nothing(api: Api):
    """Everybody is as the sheet has them already."""
    done(api, SHEET)
    head = api.head
    again = done(api, SHEET)
    assert (again["added"], again["changed"], again["members"], again["unchanged"]) == ([], [], [], 2)
    assert api.head == head


def test_a_fault_anywhere_and_nothing_is_done(api: Api):
    """Each is named by line and column; asked for, the sound lines are done and the faults told."""
    head, wrong = api.head, SHEET + "BAD KEY,,nowhere,nobody,x,\n"
    answer = sent(api, wrong)
    assert (answer.status_code, api.head) == (422, head)
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
        ("line 4, weekly_hours", "bad_hours"),
        ("line 4, key", "bad_key"),
        ("line 4, name", "bad_text"),
        ("line 4, email", "bad_email"),
    ]
    some = done(api, wrong, partial=True)
    assert (some["added"], len(some["faults"]), some["done"]) == (["ada", "cy"], 4, True)


def test_what_is_no_sheet_is_refused(api: Api):
    """Other encodings, bytes that cannot be stored, nothing at all, and more than a body may have."""
    head = api.head
    for content, status in (
        (b"\xff\xfe", 422),
        (b"key,name\na\0,b\n", 422),
        (b"", 422),
        (b"key,name\n" + b"x" * (1 << 20), 413),
    ):
        assert sent(api, content).status_code == status
    assert sent(api, SHEET, nonsense=True).status_code == 422
    assert api.head == head


@pytest.mark.parametrize("scopes", [("read", "work"), ("read", "work", "manage")])
def test_a_sheet_is_an_administrators(api: Api, scopes: tuple[str, ...]):
    """Whoever is none brings nobody in, and is not told either who would be new."""
    head = api.head
    with api.as_("person:bo", *scopes) as client:
        for query in ({}, {"dry_run": True}):
            answer = client.post(
                "/v1/people/import", content=SHEET, params=query, headers={"Content-Type": "text/csv"}
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert api.head == head
