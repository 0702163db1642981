"""What no browser sends: every page answers it as any other mistake, and changes nothing."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode

import httpx
import pytest

from tests.support.clients import client_of, sign_in
from tests.support.guests import sealed
from tests.web.conftest import App


@pytest.fixture(scope="module")
def workspace(shared_workspace: App) -> App:
    """One for all: each test has a session, a project and runs of its own."""
    return shared_workspace


def said(visitor: httpx.Client, path: str) -> dict[str, str]:
    """What the first form of a page is sent with."""
    token = re.search(r'name="milepost-token" content="([^"]+)"', visitor.get(path).text)
    assert token is not None
    return {"csrf": token[1]}


def posted(visitor: httpx.Client, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
    """The answer to a form, as its sender sees it."""
    origin = {"Origin": str(visitor.base_url).rstrip("/")}
    return visitor.post(path, data=form, headers={**origin, **headers}, follow_redirects=False)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "", "//", "http://"])
def test_an_origin_that_is_no_address_is_another_site(workspace: App, visitor: httpx.Client, origin: str):
    """Whether somebody is signed in or not."""
    run = workspace.run(workspace.project())
    form = {**said(visitor, "/"), "reason": "No room"}
    with client_of(workspace.url) as nobody:
        link = workspace.link().partition("link=")[2]
        refused = nobody.post("/sign-in", data={"link": link}, headers={"Origin": origin})
        assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    for path in (f"/runs/{run}/pause", f"/v1/runs/{run}/pause"):
        assert posted(visitor, path, form, Origin=origin).status_code == 403
    assert workspace.client.get(f"/v1/runs/{run}").json()["state"] == "running"


def test_a_get_link_signs_a_browser_in_as_nobody_else(workspace: App, visitor: httpx.Client):
    """Fetching it, from wherever, leaves the session as it is; another site's form does not press its button."""
    link = workspace.link("person:bo")
    before = (dict(visitor.cookies), visitor.get("/v1/me").json()["actor"])
    for headers in (
        {},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"},
        {"Origin": "https://evil.example"},
    ):
        assert "set-cookie" not in visitor.get(link, headers=headers).headers
        assert "set-cookie" not in visitor.head(link, headers=headers).headers
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    for headers in (
        {"Origin": "https://evil.example"},
        elsewhere,
        {"Origin": "null"},
        {**elsewhere, "Origin": workspace.url},
    ):
        refused = visitor.post("/sign-in", data={"link": link.partition("link=")[2]}, headers=headers)
        assert (refused.status_code, "set-cookie" in refused.headers) == (403, False), headers
    assert (dict(visitor.cookies), visitor.get("/v1/me").json()["actor"]) == before
    with client_of(workspace.url) as theirs:
        assert sign_in(theirs, link).status_code == 303


def test_a_token_that_is_none_of_ours_is_another_session_s(workspace: App, visitor: httpx.Client):
    """Whatever bytes it hides."""
    run = workspace.run(workspace.project())
    for token in (b"\xff\x00", bytes(range(256)), b"\x00" * 128, b"x"):
        form = {"csrf": urlsafe_b64encode(token).decode(), "reason": "No room"}
        assert posted(visitor, f"/runs/{run}/pause", form).status_code == 403


def test_where_a_form_stood_may_be_anything(workspace: App, visitor: httpx.Client):
    """What is no address leads home."""
    run = workspace.run(workspace.project())
    form = {**said(visitor, "/"), "priority": "high"}
    answer = posted(visitor, f"/runs/{run}/priority", form, Referer="http://[")
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/")


NAMES = ("process", "values", "inputs", "roles", "changes", "text", "stage", "name", "project")


def test_no_name_in_a_form_breaks_a_page(workspace: App, visitor: httpx.Client):
    """Names that no form of ours has, and text that cannot be stored: refused or left aside."""
    project = workspace.project()
    run, task = workspace.run(project), workspace.task(project, "Order gifts")
    form = {
        "process": "onboarding",
        "project": project,
        "roles:seller": "Dana",
        "id": project,
        **said(visitor, "/"),
    }
    paths = ("/runs", f"/runs/{run}/steps/handoff/complete", f"/runs/{run}/move", f"/runs/{run}/inputs", "/tasks",
             f"/tasks/{task}/move", "/views", "/people/dana/end-access", "/processes/onboarding/publish")  # fmt: skip
    broken = [
        (path, name, text)
        for path in paths
        for name in NAMES
        for text in ("x", "\0")
        if posted(visitor, path, {**form, name: text}).status_code >= 500
    ]
    assert broken == []


@pytest.mark.parametrize("charset", ["undefined", "unicode_escape", "utf-7", "idna", "latin-1", "utf-16"])
def test_a_form_in_another_charset_is_refused(workspace: App, visitor: httpx.Client, charset: str):
    """Pages ask for UTF-8; what a form in anything else says, nobody could be sure of."""
    kind = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    content = part.format("link", "\\ud800") + part.format("reason", "\\ud800") + "--b--\r\n"
    run = workspace.run(workspace.project())
    for path in ("/sign-in", f"/runs/{run}/pause"):
        headers = {**kind, "Origin": workspace.url, "Accept": "application/json"}
        answer = visitor.post(path, content=content, headers=headers)
        assert (answer.status_code, answer.json().get("accepted")) == (422, ["utf-8"])


def test_whoever_signed_out_is_nobody(workspace: App, visitor: httpx.Client):
    """The page that says so holds no account and no token any more; where it did not work, it does not say so."""
    form = said(visitor, "/")
    told = posted(visitor, "/sign-out", form)
    assert "You are signed out" in told.text
    assert "milepost-token" not in told.text
    assert "Signed in as" not in told.text
    program = posted(workspace.client, "/sign-out", {})
    assert (program.status_code, "You are signed out" in program.text) == (404, False)


def test_a_guest_s_form_takes_no_other_names(workspace: App):
    """As that of everybody else."""
    document = {"key": "sale", "title": "Sale", "inputs": [{"key": "mail", "title": "Mail", "kind": "email"}],
        "roles": [{"key": "seller", "title": "Seller"}, {"key": "buyer", "title": "Buyer", "guest": True}],
        "stages": [{"key": "all", "title": "All", "steps": [
            {"key": "sign", "title": "Sign", "kind": "form", "role": "buyer",
             "fields": [{"key": "goals", "title": "Goals", "kind": "text", "required": True}]}]}]}  # fmt: skip
    workspace.publish(document)
    told = workspace.post(
        "/v1/runs", process="sale", name="Nord", roles={"seller": "person:dana", "buyer": "guest:ada"}
    )
    link = sealed(workspace.services, told["id"], "sign")
    with client_of(workspace.url) as guest:
        assert guest.get(f"/guest/{link}").status_code == 200
        for name in NAMES:
            assert guest.post(f"/guest/{link}/complete", data={name: "x"}).status_code in (409, 422), name


def test_signing_in_again_ends_the_session_before_at_once(workspace: App, visitor: httpx.Client):
    """No lease of it is left in the process that signed somebody else in."""
    before = dict(visitor.cookies)
    assert visitor.get("/").status_code == 200
    assert sign_in(visitor, workspace.link("person:bo")).is_success
    with client_of(workspace.url, cookies=before) as old:
        assert old.get("/v1/me").status_code == 401
