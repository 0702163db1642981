"""Whoever only looks changes nothing: GET, HEAD and OPTIONS of every address leave log and tables as they were."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from api.access.grants import SCOPES
from api.access.matrix import RULES as OF_PROGRAMS
from tests.api.conftest import Api
from tests.api.furnished import QUERIES, filled, furnish
from tests.support.clients import client_of, sign_in
from tests.support.waiting import wait_until
from tests.web.conftest import App
from web.routes import RULES as OF_BROWSERS

STREAMS = {"/v1/events", "/v1/changes"}
_TABLES = """
select table_schema || '.' || table_name from information_schema.tables
where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') order by 1
"""
_OF_NO_MEANING = ("last_used_at",)
"""When a token or session was last used is noted once a minute; it is told, and nothing goes by it."""


def state(app: App) -> dict[str, str]:
    """A digest of every row of every table, and of the head of the log."""
    with psycopg.connect(app.database.owner_url) as connection:
        tables = [str(name) for (name,) in connection.execute(_TABLES)]
        rows = {
            table: sorted(str(row[0]) for row in connection.execute(
                f"select (to_jsonb(t) - '{_OF_NO_MEANING[0]}')::text from {table} t"))  # noqa: S608 - names from the catalogue
            for table in tables
        }  # fmt: skip
    digests = {table: hashlib.sha256("\n".join(of).encode()).hexdigest() for table, of in rows.items()}
    return {"head": str(app.head), **digests}


@pytest.fixture(scope="module")
def workspace(shared_workspace: App) -> App:
    """One for all."""
    return shared_workspace


@pytest.fixture
def callers(workspace: App) -> Iterator[list[httpx.Client]]:
    """A browser's session, and a program that may do everything."""
    with client_of(workspace.url, headers={"Accept": "text/html"}) as browser:
        assert sign_in(browser, workspace.link("person:dana", *SCOPES)).is_redirect
        yield [browser, workspace.client]


def addresses(places: dict[str, str]) -> list[str]:
    """Every address that answers GET, with what is there in its places."""
    known = {**places, "link": "x", "sha256": "0" * 64, "name": "app.js", "id": places["runs"]}
    found = []
    for rule in sorted({*OF_PROGRAMS, *OF_BROWSERS}):
        method, path = rule.split()
        if method != "GET" or path in STREAMS:
            continue
        query = "&".join(f"{name}={value}" for name, value in QUERIES.get(path, {}).items())
        found.append(filled(path, {**known, **_whose(path, known)}) + (f"?{query}" if query else ""))
    return found


def _whose(path: str, known: dict[str, str]) -> dict[str, str]:
    """What ``{id}`` or ``{key}`` stands for where the part before it says nothing of it."""
    before = [part for part in path.split("/") if part]
    return {part: known["runs"] for part in before if part not in known and not part.startswith("{")}


def test_looking_changes_nothing(workspace: App, callers: list[httpx.Client]):
    """Over every address of the matrix, by a browser and by a program, by each of the three methods."""
    places = furnish(Api(workspace.url, workspace.database, workspace.services, workspace.client))
    wait_until(lambda: workspace.reached() >= workspace.head, "the read models")
    asked = addresses(places)
    before, shown = state(workspace), set[str]()
    for client in callers:
        for address in asked:
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = client.request(method, address)
                assert answer.status_code < 500, (method, address, answer.text)
                shown |= {address} if answer.is_success else set()
    assert state(workspace) == before
    assert len(shown) > 0.8 * len(asked), sorted(set(asked) - shown)


def test_no_address_that_changes_something_answers_to_another_method(workspace: App):
    """A form sent by GET is no form: what only POST, PUT and DELETE may do is not to be had by looking."""
    writing = {rule.split()[1] for rule in {*OF_PROGRAMS, *OF_BROWSERS} if not rule.startswith("GET ")}
    reading = {rule.split()[1] for rule in {*OF_PROGRAMS, *OF_BROWSERS} if rule.startswith("GET ")}
    before = workspace.head
    for path in sorted(writing - reading):
        for method in ("GET", "HEAD"):
            address = path.replace("{", "").replace("}", "")
            assert workspace.client.request(method, address).status_code in (401, 404, 405, 422), (
                method,
                path,
            )
    assert workspace.head == before
