"""The page behind the link of a mail: what is to be approved, two buttons, and words where the link decides nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from domain.addresses import AddressBook
from domain.mails import Desk, compose
from domain.run import RUN
from domain.run.mail_action import MailAction
from domain.words import StepKey
from milepost.settings.link_secret import link_secret
from milepost.settings.settings import Settings
from milepost.wiring.mail import decision_links
from tests.support.clients import client_of, sign_in
from tests.support.mail_decisions import decision_link
from tests.web.conftest import App, keep

OFFER: dict[str, Any] = {
    "key": "mailed_offer",
    "title": "Offer",
    "roles": [{"key": "seller", "title": "Seller"}, {"key": "boss", "title": "Boss"}],
    "stages": [{"key": "all", "title": "All", "steps": [
        {"key": "offer", "title": "Offer", "kind": "form", "role": "seller", "fields": [
            {"key": "price", "title": "Price", "kind": "money", "unit": "EUR", "required": True}]},
        {"key": "review", "title": "Review", "kind": "approval", "role": "boss", "after": ["offer"],
         "approval": {"covers": ["offer"], "on_refusal": {"reopens": ["offer"]}}},
        {"key": "ship", "title": "Ship", "role": "seller", "after": ["review"]},
    ]}],
}  # fmt: skip


class Mailed:
    """An offer of Ann's that Bo has a mail about."""

    def __init__(self, app: App) -> None:
        self.app = app
        app.post("/v1/people", person="ann", name="Ann")
        app.post("/v1/people", person="bo", name="Bo", email="bo@a.example")
        app.publish(OFFER)
        roles = {"seller": "person:ann", "boss": "person:bo"}
        self.run = str(app.post("/v1/runs", process="mailed_offer", name="Deal", roles=roles)["id"])
        self.offered(100)

    def offered(self, price: int) -> None:
        """Ann makes an offer."""
        with client_of(self.app.url, self.app.token("person:ann", "read", "work")) as ann:
            told = ann.post(f"/v1/runs/{self.run}/steps/offer/complete", json={"values": {"price": price}})
            assert told.is_success, told.text

    @property
    def link(self) -> str:
        """Where the mail of now leads."""
        secret = decision_link(self.app.services, self.run, "review", "person:bo", "bo@a.example")
        return f"{self.app.url}/decide/{secret}"

    def state(self) -> str:
        """How the approval stands."""
        told = self.app.client.get(f"/v1/runs/{self.run}", params={"min_position": self.app.head}).json()
        return str(next(one["state"] for one in told["stages"][0]["steps"] if one["key"] == "review"))


@pytest.fixture
def mailed(app: App) -> Mailed:
    """An offer of 100 that waits for Bo."""
    return Mailed(app)


@pytest.fixture
def nobody(app: App) -> Iterator[httpx.Client]:
    """A browser that is not signed in, without a browser."""
    with client_of(app.url) as visitor:
        visitor.headers.update({"Origin": app.url, "Accept": "text/html"})
        yield visitor


def form_of(page: str) -> dict[str, str]:
    """What the form sends by itself."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_the_page_shows_what_is_approved_and_its_button_approves(mailed: Mailed, nobody: httpx.Client):
    """Two taps, without an account: the link and the button; the link is told to nobody."""
    shown = nobody.get(mailed.link)
    assert (shown.status_code, shown.headers["referrer-policy"]) == (200, "same-origin")
    assert re.search(r"100\sEUR", shown.text)
    assert "You decide as <strong>Bo</strong>" in shown.text
    assert "set-cookie" not in shown.headers
    assert mailed.state() == "ready"
    link = mailed.link
    done = nobody.post(f"{link}/approve", data={**form_of(shown.text), "said": "Fine"})
    assert (done.status_code, mailed.state()) == (303, "done")
    assert "Bo has approved it" in nobody.get(done.headers["location"]).text
    assert nobody.get("/").status_code == 401


def test_the_mail_of_an_approval_leads_to_its_page(
    mailed: Mailed, nobody: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As a worker writes it: the link that stands in Bo's mail opens there, and approves."""
    services, run = mailed.app.services, UUID(mailed.run)
    state = services.app.load(RUN, run)
    assert state is not None
    settings = Settings(home=tmp_path, link_secret="kept by the instance" * 2, public_url=mailed.app.url)
    monkeypatch.setattr(services, "link_secret", link_secret(settings))
    book = AddressBook.of(services.directories.blocking_now())
    desk = Desk(book, mailed.app.url, UTC, lambda *_: "", decision_links(settings))
    act = MailAction("reminder:1", StepKey("review"), facts={"assignees": ["person:bo"]})
    definition = services.app.definition(state.process, state.process_version)
    (mail,) = compose(run, state, definition, act, desk).mails
    link = re.search(r"https?://\S+/decide/\S+", mail.body)
    assert link is not None
    assert mail.to.address == "bo@a.example"
    done = nobody.post(f"{link[0]}/approve", data=form_of(nobody.get(link[0]).text))
    assert (done.status_code, mailed.state()) == (303, "done")


def test_a_refusal_wants_its_reason_on_the_page(mailed: Mailed, nobody: httpx.Client):
    """Without one the page comes again and says so; with one the offer goes back to Ann."""
    link = mailed.link
    form = form_of(nobody.get(link).text)
    again = nobody.post(f"{link}/refuse", data=form)
    assert again.status_code in (409, 422)
    assert "<button" in again.text
    assert mailed.state() == "ready"
    form = form_of(again.text)
    done = nobody.post(f"{link}/refuse", data={**form, "said": "Too dear"})
    assert (done.status_code, mailed.state()) == (303, "locked")
    assert "What you decided is recorded" in nobody.get(done.headers["location"]).text


def test_an_old_mail_says_that_it_is_asked_once_more(mailed: Mailed, nobody: httpx.Client):
    """The link of an earlier round, and that of another person, are refused in words on a page."""
    link = mailed.link
    form = form_of(nobody.get(link).text)
    nobody.post(f"{link}/refuse", data={**form, "said": "Too dear"})
    mailed.offered(9_999)
    for told in (nobody.get(link), nobody.post(f"{link}/approve", data=form)):
        assert (told.status_code, "opened again since the mail was sent" in told.text) == (404, True)
    assert mailed.state() == "ready"
    with client_of(mailed.app.url) as other:
        other.headers.update({"Origin": mailed.app.url, "Accept": "text/html"})
        sign_in(other, mailed.app.link("person:ann"))
        told = other.get(mailed.link)
        assert (told.status_code, "Not your link" in told.text) == (403, True)


def test_what_changed_since_the_page_was_shown_is_said(mailed: Mailed, nobody: httpx.Client):
    """A yes to 100 is no yes to what there is now."""
    link = mailed.link
    form = form_of(nobody.get(link).text)
    wrong = nobody.post(f"{link}/approve", data={**form, "content_sha256": "0" * 64})
    assert (wrong.status_code, mailed.state()) == (409, "ready")
    assert "<button" in wrong.text


@pytest.mark.browser
def test_somebody_approves_from_a_mail_in_a_browser(mailed: Mailed, context: BrowserContext):
    """The page as it is seen, and its button."""
    context.clear_cookies()
    page = context.new_page()
    page.goto(mailed.link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Review")
    keep(page, "decide")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status").first).to_contain_text("Bo has approved it")
    keep(page, "decide-done")
    assert mailed.state() == "done"
