"""The page of a person, to which the search leads."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from api.access.grants import SCOPES
from tests.support.clients import client_of, get, sign_in
from tests.web.conftest import App

CANARY = "<script>alert('canary')</script>"


@pytest.fixture
def visitor(workspace: App) -> Iterator[httpx.Client]:
    """A browser session without a browser."""
    headers = {"Accept": "text/html"}
    with client_of(workspace.url, follow_redirects=True, headers=headers) as client:
        assert sign_in(client, workspace.link()).status_code == 200
        yield client


def test_the_search_leads_to_a_person(workspace: App, visitor: httpx.Client):
    """Name, manager, groups and open work; text of people stays text; a stranger's page does not exist."""
    workspace.post("/v1/people", person="max", name="Max Berg")
    workspace.post("/v1/people", person="kim", name=f"Kim {CANARY}", manager="person:max", weekly_hours=32)
    workspace.post("/v1/groups", group="legal", title="Legal")
    workspace.post("/v1/groups/legal/add-member", member="person:kim")
    workspace.task(workspace.project(), "Call the bank", assignee="person:kim")
    told = visitor.get("/people/kim", params={"min_position": workspace.head})
    assert told.status_code == 200
    assert CANARY not in told.text
    for part in ("canary", 'href="/people/max"', "Max Berg", "Legal", "Takes work", "Call the bank", "32"):
        assert part in told.text
    assert 'href="/people/max"' in visitor.get("/search", params={"q": "Max"}).text
    assert visitor.get("/people/nobody").status_code == 404
    assert visitor.get("/people/%00").status_code == 404


def test_who_left_is_shown_with_what_is_left(workspace: App, visitor: httpx.Client):
    """Since when and why, and how what is still theirs is given to somebody else."""
    workspace.task(workspace.project(), "Call the bank", assignee="person:bo")
    workspace.post("/v1/people/bo/deactivate", reason="Moved away")
    told = visitor.get("/people/bo", params={"min_position": workspace.head}).text
    for part in ("Left", "Moved away", "Call the bank", "milepost people hand-over bo"):
        assert part in told


def test_an_administrator_ends_a_session_from_the_page(workspace: App, visitor: httpx.Client):
    """Others do not see where somebody is signed in; who may ends one thing, or everything, with a button."""
    workspace.post("/v1/people", person="dee", name="Dee")
    token = workspace.token("person:dee", "read")
    assert "access-h" not in visitor.get("/people/dee", params={"min_position": workspace.head}).text
    headers = {"Accept": "text/html"}
    with client_of(workspace.url, follow_redirects=True, headers=headers) as admin:
        sign_in(admin, workspace.link("person:owner", *SCOPES))
        page = admin.get("/people/dee").text
        assert page.count("API token") == 1
        csrf, one = (re.search(f'name="{name}" value="([^"]+)"', page)[1] for name in ("csrf", "id"))  # type: ignore[index]
        forged = admin.post(
            "/people/dee/end-access", data={"csrf": "x", "id": one}, headers={"Origin": workspace.url}
        )
        assert forged.status_code == 403
        assert ended(workspace, token) is False
        told = admin.post(
            "/people/dee/end-access", data={"csrf": csrf, "id": one}, headers={"Origin": workspace.url}
        )
        assert (told.status_code, "API token" in told.text) == (200, False)
    assert ended(workspace, token)


def ended(workspace: App, token: str) -> bool:
    """Whether a token opens nothing any more."""
    answer = get(f"{workspace.url}/v1/me", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code == 401
