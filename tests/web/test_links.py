"""Links that are themselves the credential: looking at one changes nothing, and no other site acts with one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from psycopg import sql

from tests.support.clients import client_of
from tests.support.guests import sealed
from tests.support.mail_decisions import decision_link
from tests.support.receiver import receiver
from tests.web.conftest import App
from tests.web.test_mail_pages import SIGNING

OFFERS: dict[str, Any] = {
    "key": "offers", "title": "Offers",
    "roles": [{"key": "seller", "title": "Seller"}, {"key": "boss", "title": "Boss"}],
    "stages": [{"key": "all", "title": "All", "steps": [
        {"key": "offer", "title": "Offer", "kind": "form", "role": "seller",
         "fields": [{"key": "price", "title": "Price", "kind": "money", "unit": "EUR"}]},
        {"key": "review", "title": "Review the offer", "kind": "approval", "role": "boss", "after": ["offer"],
         "approval": {"covers": ["offer"]}}]}],
}  # fmt: skip
_SCANNERS: tuple[dict[str, str], ...] = (
    {},
    {"User-Agent": "MailScanner/2"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Purpose": "prefetch", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Origin": "https://evil.example"},
)
EVIL = """<!doctype html><title>Evil</title>
<img src="{link}"><iframe src="{link}"></iframe>
<script>
  fetch("{link}", {{mode: "no-cors", credentials: "include"}}).catch(() => 0);
  fetch("{url}/sign-in", {{method: "POST", mode: "no-cors", credentials: "include",
    headers: {{"Content-Type": "application/x-www-form-urlencoded"}}, body: "link={secret}"}}).catch(() => 0);
</script>
<form method="post" action="{url}/sign-in"><input name="link" value="{secret}"><button>Win a prize</button></form>
"""


@pytest.fixture
def links(workspace: App) -> dict[str, str]:
    """One of each kind of link that opens something by itself."""
    workspace.publish(SIGNING)
    run = workspace.post(
        "/v1/runs", process="signing", name="Nordwind", inputs={"mail": "ada@nordwind.example"}
    )["id"]
    guest = sealed(workspace.services, run)
    workspace.post("/v1/people", person="cy", name="Cy", email="cy@acme.example")
    roles = {"seller": "person:dana", "boss": "person:cy"}
    workspace.publish(OFFERS)
    offer = workspace.post("/v1/runs", process="offers", name="Nordwind", roles=roles)["id"]
    workspace.post(f"/v1/runs/{offer}/steps/offer/complete", values={"price": 100})
    decision = decision_link(workspace.services, offer, "review", "person:cy", "cy@acme.example")
    calendar = workspace.client.post("/v1/calendar-links", json={}).json()["url"]
    return {
        "sign in": workspace.link("person:bo"),
        "guest": f"{workspace.url}/guest/{guest}",
        "guest of a program": f"{workspace.url}/v1/guest/{guest}",
        "decision": f"{workspace.url}/decide/{decision}",
        "decision of a program": f"{workspace.url}/v1/mail-decisions/{decision}",
        "calendar": calendar.replace("http://127.0.0.1/", f"{workspace.url}/"),
    }


def held(app: App) -> dict[str, Any]:
    """What the tables of the log hold now, as one hash a table; when something was used last is no change of it."""
    found = {}
    with psycopg.connect(app.database.owner_url) as connection:
        connection.execute("update log.access_token set last_used_at = null")
        connection.execute("update log.session set last_used_at = null")
        tables = connection.execute("select tablename from pg_tables where schemaname = 'log'").fetchall()
        for (name,) in tables:
            held_by = sql.SQL("select md5(string_agg(t::text, ' ' order by t::text)) from log.{} t")
            found[name] = connection.execute(held_by.format(sql.Identifier(name))).fetchall()
    return found


def test_a_get_of_a_link_changes_nothing(workspace: App, links: dict[str, str]):
    """However often and by whatever program: no event, no session, no token, and the link does what it did."""
    before, head = held(workspace), workspace.head
    for what, link in links.items():
        for headers in _SCANNERS:
            with client_of() as scanner:
                assert scanner.head(link, headers=headers).status_code == 200, what
                shown = scanner.get(link, headers=headers)
                assert (shown.status_code, "set-cookie" in shown.headers) == (200, False), what
    assert (held(workspace), workspace.head) == (before, head)


@pytest.fixture
def evil(workspace: App) -> Iterator[tuple[str, str]]:
    """Another site that wants whoever looks at it to be signed in as Bo; and the link that it has for it."""
    link = workspace.link("person:bo")
    body = EVIL.format(link=link, url=workspace.url, secret=link.partition("link=")[2]).encode()
    with receiver(honours_keys=False, answer=lambda _: (200, {"content-type": "text/html"}, body)) as site:
        yield site.url.replace("127.0.0.1", "localhost"), link


@pytest.mark.browser
def test_another_site_signs_a_browser_in_as_nobody_else(
    workspace: App, evil: tuple[str, str], context: BrowserContext, page: Page
):
    """Pictures, frames, scripts, a form that the victim is lured to send, the link itself: Dana stays Dana.

    And the link is not used up by any of it.
    """
    site, link = evil
    page.goto(site)
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Win a prize").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Sign in as Bo")
    page.goto(f"{site}/?again")
    page.evaluate("link => { location.href = link }", link)
    page.wait_for_url(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in as Bo")
    expect(page.get_by_text("signed in as Dana")).to_be_visible()
    assert context.request.get(f"{workspace.url}/v1/me").json()["actor"] == "person:dana"
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{workspace.url}/")
    assert context.request.get(f"{workspace.url}/v1/me").json()["actor"] == "person:bo"
    workspace.trouble.clear()  # the browser logs what it was refused, and that it asked the other site
