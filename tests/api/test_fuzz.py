"""Bad input gets a problem, never a failure of ours, and changes nothing.

The requests are made from the application's own OpenAPI document: every route, its parameters, the schema of its body.
`MILEPOST_TEST_FUZZ` says how many; without it there are enough for every day.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from uuid import UUID

import httpx

from api.access.matrix import RULES
from bench.odd_requests import Maker, Operation, operations
from tests.api.conftest import Api

REQUESTS = int(os.environ.get("MILEPOST_TEST_FUZZ", "1000"))


def test_the_document_tells_every_route_that_is_fuzzed(api: Api):
    """The OpenAPI document has all of the interface, save itself, the sign-in form, the calendar feed, and SCIM.

    That describes itself (`/scim/v2/Schemas`).
    """
    told = {each.name for each in operations(api.client.get("/openapi.json").json())}
    of_scim = {name for name in RULES if " /scim/v2/" in name}
    assert set(RULES) - told - of_scim <= {"GET /openapi.json", "POST /sign-in", "GET /calendar/{name}"}


def test_no_request_breaks_the_server(published: Api):
    """Over all routes: never an unplanned 5xx, refusals are problem documents, and what is refused changes nothing."""
    document = published.client.get("/openapi.json").json()
    all_of_them = operations(document)
    ids = [published.start(), "contract", "onboarding", "1"]
    maker = Maker(random.Random(0), document["components"]["schemas"], ids)
    counts: Counter[str] = Counter()
    for number in range(REQUESTS):
        operation = all_of_them[number % len(all_of_them)]
        if counts[operation.name] >= 5 and operation.name == "DELETE /v1/tokens/{id}":
            continue  # each revocation waits for a lease
        counts[operation.name] += check(published, maker, operation)
    assert min(counts[each.name] for each in all_of_them) > 0


def check(api: Api, maker: Maker, operation: Operation) -> bool:
    """Send one request of this operation and look at its answer; False when no client can send it."""
    maker.begin()
    path, before = maker.address(operation), api.head
    headers, more = maker.headers(operation), maker.content(operation)
    if "content" in more:
        headers["Content-Type"] = maker.pick.choice(
            ["application/json", "text/plain", "application/json; charset=x"]
        )
    try:
        with api.client.stream(operation.method, path, headers=headers, **more) as answer:
            text = (
                ""
                if answer.headers.get("content-type", "").startswith("text/event-stream")
                else answer.read()
            )
    except (httpx.InvalidURL, ValueError):
        return False  # the client refuses to send it
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", (operation.name, path, text)
        assert api.head == before, (operation.name, path, text)
        planned = answer.status_code < 500 or answer.json()["code"] == "not_there_yet"
        assert planned, (operation.name, path, headers, more, text)
    return True


def test_what_is_too_large_is_refused(published: Api):
    """A body above the limit is 413, declared or not; so is an event above the cap of the log."""
    run = published.start()
    head = published.head
    path = f"/v1/runs/{run}/comment"
    many = b"x" * ((1 << 20) + 1)
    for body in (many, (many[at : at + 100_000] for at in range(0, len(many), 100_000))):
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


def test_trace_is_not_taken(published: Api):
    """Nobody gets back what their request held, the credential in it above all."""
    head = published.head
    for path in ("/", "/v1/me", "/v1/runs", "/health/live"):
        answer = published.client.request("TRACE", path)
        assert answer.status_code in (404, 405)
        assert "Bearer" not in answer.text
    assert published.head == head


def test_ids_of_answers_are_uuids(published: Api):
    """What a command makes has an id that sorts by time."""
    assert UUID(published.start()).version == 7
