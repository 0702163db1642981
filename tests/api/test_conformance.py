"""What the server does is what its document says: every operation is asked as the document allows."""

from __future__ import annotations

import os
from functools import cache
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode, openapi
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import Api, project
from tests.api.document import described
from tests.api.furnished import QUERIES, furnish

EXAMPLES = int(os.environ.get("MILEPOST_TEST_EXAMPLES", "2"))
"""Requests of each operation."""
PROMISES: list[Any] = [
    status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance,
]  # fmt: skip
PARTS = 12
"""The operations are asked in so many tests: files with many tests are given out first, and this one takes long."""
LEFT_OUT = {
    "GET /v1/changes",  # a stream does not end
    "DELETE /v1/access",  # ends the token that this test goes on with
}
BOUNDED = settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def places(shared: Api) -> dict[str, str]:
    """Something of every kind, as the read models know it; each part goes by what is there, whatever was done to it."""
    made = furnish(shared)
    project(shared.database, shared.services.log)
    shared.services.wait_seconds = 0
    return made


@cache
def operations() -> list[Any]:
    """Every operation of the document, in its order."""
    every = (cast("Any", found).ok() for found in openapi.from_dict(described()).get_all_operations())
    return [operation for operation in every if operation.label not in LEFT_OUT]


@pytest.mark.parametrize("part", range(PARTS))
def test_the_server_keeps_what_its_document_promises(shared: Api, places: dict[str, str], part: int):
    """Statuses, media types, headers and the schema of each answer; and it never fails."""
    broken: dict[str, str] = {}
    accepted = 0
    asked = operations()[part::PARTS]
    for operation in asked:
        try:
            accepted += ask(shared, operation, places)
        except (Exception, FailureGroup) as told:  # noqa: BLE001 - what is broken is told at the end, all of it
            broken[operation.label] = str(told)
    assert not broken, "\n".join(f"{label}: {told}" for label, told in broken.items())
    assert 3 * accepted >= len(asked), "most of what was looked at are refusals"


def ask(api: Api, operation: Any, places: dict[str, str]) -> bool:
    """A few requests of one operation, and whether one was accepted; raises what the answer to one of them breaks."""
    found = there(operation.path, places)
    query = QUERIES.get(operation.path, {})
    headers = {"Authorization": api.client.headers["Authorization"]}
    statuses: set[int] = set()

    @BOUNDED
    @given(operation.as_strategy(GenerationMode.POSITIVE, path_parameters=found))
    def keeps(case: Case[Any]) -> None:
        case.query = {**(case.query or {}), **query}
        response = case.call_and_validate(base_url=api.url, headers=headers, checks=PROMISES)
        statuses.add(response.status_code)
        planned = response.status_code < 500 or response.json()["code"] == "not_there_yet"
        assert planned, response.text

    keeps()
    return min(statuses) < 300


def there(path: str, places: dict[str, str]) -> dict[str, str]:
    """What is there in the places of an address; those that are not named here are made up."""
    parts = path.split("/")
    named = [(part.strip("{}"), before) for before, part in pairwise(parts) if "{" in part]
    found = {name: places.get(before if name in ("id", "key") else name) for name, before in named}
    return {name: value for name, value in found.items() if value is not None}
