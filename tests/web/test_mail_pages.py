"""Guests fill in their one step in a browser; colleagues look at the mails that went out."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.clients import client_of
from tests.support.guests import sealed
from tests.web.conftest import App, keep

pytestmark = pytest.mark.browser

SIGNING: dict[str, Any] = {
    "key": "signing",
    "title": "Signing",
    "inputs": [{"key": "mail", "title": "Mail", "kind": "email"}],
    "roles": [
        {"key": "seller", "title": "Seller", "initiator": True},
        {"key": "buyer", "title": "Buyer", "guest": True, "email_from": "mail"},
        {"key": "system", "title": "System", "system": True},
    ],
    "stages": [{"key": "all", "title": "All", "steps": [
        {"key": "sign", "title": "Sign the agreement", "kind": "sign", "role": "buyer",
         "instructions": "Please read the agreement and sign it. If you decline, we will stop here.",
         "due": {"anchor": "run_start", "offset": 5},
         "fields": [{"key": "name", "title": "Your name", "kind": "text", "required": True},
                    {"key": "agreed", "title": "I have read it", "kind": "yes_no"},
                    {"key": "signature", "title": "Signature", "kind": "signature", "required": True}],
         "signature": {"on_decline": {"ends_run": "Not signed"}},
         "email": {"to": ["{mail}"], "subject": "Please sign, {mail}", "guest_link": True,
                   "body": "Hello,\n\nyour agreement is ready:\n\n{guest_link}\n\nThank you."}},
        {"key": "file", "title": "File it", "role": "seller", "after": ["sign"]},
    ]}],
}  # fmt: skip


@pytest.fixture
def signing(workspace: App) -> str:
    """A run that waits for a guest's signature; its id."""
    workspace.publish(SIGNING)
    inputs = {"mail": "ada@nordwind.example"}
    return str(workspace.post("/v1/runs", process="signing", name="Nordwind", inputs=inputs)["id"])


def link(app: App, run: str) -> str:
    """The link that a mail brings."""
    return f"{app.url}/guest/{sealed(app.services, run)}"


def test_a_guest_signs_without_an_account(workspace: App, signing: str, context: BrowserContext):
    """The form and nothing else; what is missing is said, then thanks, and the run goes on."""
    context.clear_cookies()
    page = context.new_page()
    page.goto(link(workspace, signing))
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign the agreement")
    expect(page.get_by_role("navigation")).to_have_count(0)
    page.get_by_label("Your name").fill("Ada König")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Signature")
    expect(page.get_by_label("Your name")).to_have_value("Ada König")
    keep(page, "guest-missing")
    page.get_by_label("Signature").fill("Ada König")
    keep(page, "guest")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Thank you")
    expect(page.get_by_role("list", name="Stages")).to_contain_text("All")
    did = page.get_by_role("region", name="What you did")
    expect(did).to_contain_text("Signed: Sign the agreement, as Ada König")
    expect(did).to_contain_text("I have read all that is shown here, and sign it.")
    keep(page, "guest-done")
    assert workspace.client.get(f"/v1/runs/{signing}").json()["stages"][0]["steps"][0]["by"] == "guest:buyer"
    workspace.trouble.clear()  # the browser itself logs the 409


def test_a_link_that_does_not_open_says_so(workspace: App, context: BrowserContext):
    """A page for people, not a problem document, and no way further in."""
    context.clear_cookies()
    page = context.new_page()
    page.goto(f"{workspace.url}/guest/no-link-of-ours")
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not open")
    keep(page, "guest-closed")
    workspace.trouble.clear()  # the browser itself logs the 404


def test_mails_are_listed_and_shown(workspace: App, signing: str, page: Page):
    """State, reader and subject in the list; the text behind it, without the guest's own link."""
    page.goto(f"{workspace.url}/outbox")
    row = page.get_by_role("link", name="Please sign, ada@nordwind.example")
    expect(row).to_be_visible()
    keep(page, "outbox")
    row.click()
    expect(page.get_by_role("article")).to_contain_text("your agreement is ready")
    expect(page.get_by_role("article")).to_contain_text("(a personal link)")
    keep(page, "mail")


def test_the_team_sees_that_a_guest_looked_and_revokes_the_link(
    workspace: App, signing: str, context: BrowserContext, page: Page
):
    """What a browser opened stands on the page of the run; the button there ends it, and the guest is told so."""
    page.goto(link(workspace, signing))
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign the agreement")
    team = context.new_page()
    team.goto(f"{workspace.url}/runs/{signing}")
    panel = team.get_by_role("region", name="Guests")
    expect(panel).to_contain_text("ada@nordwind.example")
    expect(panel.get_by_role("row")).to_have_count(2)
    keep(team, "guests-of-a-run")
    panel.get_by_text("Revoke the links").click()
    panel.get_by_label("Why?").fill("The wrong mailbox")
    panel.get_by_role("button", name="Revoke").click()
    expect(panel).to_contain_text("Links revoked")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("revoked")
    workspace.trouble.clear()  # the browser itself logs the 404


def test_the_page_of_a_guest_asks_for_a_code_where_the_process_wants_one(workspace: App):
    """A button sends it; without the right one the page comes again and says so, and nothing is signed."""
    roles = [SIGNING["roles"][0], {**SIGNING["roles"][1], "guest_code": True}, SIGNING["roles"][2]]
    workspace.publish({**SIGNING, "roles": roles})
    inputs = {"mail": "ada@nordwind.example"}
    run = str(workspace.post("/v1/runs", process="signing", name="Nordwind", inputs=inputs)["id"])
    place = link(workspace, run)
    signed = {"values:signature:signature": "Ada", "values:text:name": "Ada", "code": "12"}
    with client_of(headers={"Accept": "text/html"}) as guest:
        assert "Send me a code" in guest.get(place).text
        assert guest.post(f"{place}/code").headers["location"].endswith("?done=code")
        assert "is on its way" in guest.get(f"{place}?done=code").text
        told = guest.post(f"{place}/complete", data=signed)
        assert (told.status_code, "newest code" in told.text) == (409, True)
    assert workspace.client.get(f"/v1/runs/{run}").json()["stages"][0]["steps"][0]["state"] == "ready"
