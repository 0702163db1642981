"""The page of a person, to which the search leads."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from api.access.grants import SCOPES
from application.directory import Directories
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


def test_who_leaves_is_deactivated_and_handed_over_on_one_form(workspace: App, visitor: httpx.Client):
    """The page says what is open; it goes to whom the form names, in words. Who is no administrator has no form."""
    workspace.post("/v1/people", person="fay", name="Fay Berg")
    workspace.post("/v1/people", person="gil", name="Gil Roth")
    workspace.task(workspace.project(), "Call the bank", assignee="person:fay")
    query = {"min_position": workspace.head}
    assert "/people/fay/deactivate" not in visitor.get("/people/fay", params=query).text
    headers = {"Accept": "text/html"}
    with client_of(workspace.url, follow_redirects=True, headers=headers) as admin:
        sign_in(admin, workspace.link("person:owner", *SCOPES))
        shown = admin.get("/people/fay", params=query).text
        assert "Open with them: 1" in shown
        csrf = re.search('name="csrf" value="([^"]+)"', shown)
        assert csrf is not None
        form = {"csrf": csrf[1], "to": "Gil Roth", "reason": "Moved away"}
        address, own = "/people/fay/deactivate", {"Origin": workspace.url}
        assert admin.post(address, data={**form, "csrf": "x"}, headers=own).status_code == 403
        told = admin.post(address, data=form, headers=own)
        assert (told.status_code, "Moved away" in told.text) == (200, True)
        assert "Call the bank" in admin.get("/people/gil", params={"min_position": workspace.head}).text


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


def test_people_are_brought_in_by_a_page_that_shows_first_what_it_would_do(workspace: App):
    """Nothing happens before the second button; a fault is named by line and column; text of a sheet stays text."""
    workspace.services.app.directories = Directories(workspace.services.log)
    head, sheet = workspace.head, f"key,name,manager\ncy,Cy {CANARY},\nada,Ada,cy\n"
    with client_of(workspace.url, follow_redirects=True, headers={"Accept": "text/html"}) as admin:
        sign_in(admin, workspace.link("person:owner", *SCOPES))
        tried = brought(workspace, admin, sheet)
        assert (tried.status_code, workspace.head) == (200, head)
        assert "What it would do" in tried.text
        assert CANARY not in tried.text
        wrong = brought(workspace, admin, sheet + "x,,\n")
        assert (wrong.status_code, workspace.head) == (422, head)
        for part in ("Nothing was done", "<td>name</td>", "Leave these lines out"):
            assert part in wrong.text
        done = brought(workspace, admin, text=sheet, carry_out="yes")
        assert (done.status_code, "Done" in done.text, workspace.head) == (200, True, head + 2)


def test_the_page_that_brings_people_in_is_for_administrators(workspace: App, visitor: httpx.Client):
    """Whoever is none is told so, and nothing is looked up for them."""
    head = workspace.head
    assert brought(workspace, visitor, "key,name\nx,X\n").status_code == 403
    assert workspace.head == head


def brought(workspace: App, client: httpx.Client, sheet: str | None = None, **form: str) -> httpx.Response:
    """The answer of the page to a sheet as a file, or to a form."""
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/import-people").text)
    files = None if sheet is None else {"sheet": ("people.csv", sheet, "text/csv")}
    data = {"csrf": token[1] if token else "", **form}
    return client.post("/import-people", data=data, files=files, headers={"Origin": workspace.url})


def test_rights_are_given_and_taken_on_the_page_of_a_person(workspace: App) -> None:
    """By an administrator, without script; a refusal is said in words, and others see neither rights nor forms."""
    workspace.post("/v1/people", person="lea", name="Lea Berg")
    headers = {"Accept": "text/html", "Origin": workspace.url}
    with client_of(workspace.url, follow_redirects=True, headers=headers) as admin:
        sign_in(admin, workspace.link("person:owner", *SCOPES))
        page = admin.get("/people/lea", params={"min_position": workspace.head}).text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]  # type: ignore[index]

        def send(verb: str, **body: str) -> httpx.Response:
            return admin.post(f"/people/lea/{verb}", data={"csrf": csrf, **body})

        given = send("grant-role", role="auditor", until="2099-03-31", process="", reason="The yearly audit")
        for part in ("What they may do, and why", "Auditor", "The yearly audit", "Withdraw"):
            assert part in given.text
        named = send("name-deputy", deputy="Bo", until="2099-03-31", reason="Away until April")
        assert (named.status_code, "acts for Lea Berg" in named.text) == (200, True)
        late = send("grant-role", role="auditor", until="2001-03-31", reason="Too late")
        assert (late.status_code, "must lie ahead" in late.text) == (409, True)
        assert send("grant-role", role="king", reason="x").status_code == 422
        assert admin.post("/people/lea/grant-role", data={"csrf": "x", "role": "auditor"}).status_code == 403
        taken = send("withdraw-role", role="auditor", reason="Over")
        assert "The yearly audit" not in taken.text
    with client_of(workspace.url, follow_redirects=True, headers=headers) as other:
        sign_in(other, workspace.link("person:bo", "read", "work"))
        assert "rights-h" not in other.get("/people/lea").text
        assert "Acts for Lea Berg" in other.get("/people/bo").text
