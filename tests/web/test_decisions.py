"""Pages on which somebody decides: they show what it is about, send what they showed, say what has changed since."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.clients import client_of, sign_in
from tests.support.guests import sealed
from tests.web.conftest import DANA, App

PROCESS: dict[str, Any] = {
    "key": "offer",
    "title": "Offer",
    "inputs": [{"key": "customer", "title": "Customer", "kind": "text"}],
    "roles": [
        {"key": "seller", "title": "Seller"},
        {"key": "boss", "title": "Boss"},
        {"key": "buyer", "title": "Buyer", "guest": True},
    ],
    "stages": [{"key": "all", "title": "All", "steps": [
        {"key": "offer", "title": "Offer", "kind": "form", "role": "seller", "fields": [
            {"key": "price", "title": "Price", "kind": "money", "unit": "EUR", "required": True},
            {"key": "parts", "title": "Parts", "kind": "table", "columns": [
                {"key": "name", "title": "Part"}, {"key": "count", "title": "How many", "kind": "number"}]},
            {"key": "paper", "title": "Paper", "kind": "files"}]},
        {"key": "review", "title": "Review", "kind": "approval", "role": "boss", "after": ["offer"],
         "approval": {"covers": ["offer"]}},
        {"key": "sign", "title": "Sign", "kind": "sign", "role": "buyer", "after": ["review"],
         "texts": {"Agreement": "{customer} pays {offer.price}.\n\nNothing else."},
         "shows": ["offer.parts", "offer.paper"],
         "fields": [{"key": "signature", "title": "Signature", "kind": "signature", "required": True}]},
        {"key": "ship", "title": "Ship", "role": "seller", "after": ["sign"]},
    ]}],
}  # fmt: skip


class Deal:
    """A run whose offer Ann has made; Dana, whose browser it is, has to approve it."""

    def __init__(self, app: App, visitor: httpx.Client) -> None:
        self.app, self.visitor = app, visitor
        app.add("ann", "dana")
        app.publish(PROCESS)
        roles = {"seller": "person:ann", "boss": DANA}
        self.run = str(
            app.post("/v1/runs", process="offer", name="Deal", roles=roles, inputs={"customer": "A<b>c"})[
                "id"
            ]
        )
        paper = app.client.post(
            "/v1/files",
            params={"name": "paper.txt"},
            content=b"the paper",
            headers={"Content-Type": "text/plain"},
        )
        self.paper = paper.json()
        parts = [{"name": "Bolt", "count": 4}]
        with self.as_ann() as ann:
            self.told(ann, "offer/complete", values={"price": 100, "parts": parts, "paper": [self.paper]})

    def as_ann(self) -> httpx.Client:
        """A program of Ann's."""
        return client_of(self.app.url, self.app.token("person:ann", "read", "work"))

    def told(self, client: httpx.Client, path: str, **body: Any) -> int:
        """A command at a step; the position that it reached."""
        answer = client.post(f"/v1/runs/{self.run}/steps/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["position"])

    def redone(self, **values: Any) -> int:
        """Ann alone opens the offer again, and completes it with other values."""
        with self.as_ann() as ann:
            self.told(ann, "offer/reopen", reason="a typo")
            return self.told(ann, "offer/complete", values=values)

    def page(self, step: str = "review", position: int = 0) -> str:
        """The page of the run, as new as this position."""
        at = position or self.app.head
        answer = self.visitor.get(f"/runs/{self.run}", params={"step": step, "min_position": at})
        assert answer.status_code == 200, answer.text
        return answer.text

    def state(self, step: str) -> str:
        """How a step stands."""
        told = self.app.client.get(f"/v1/runs/{self.run}", params={"min_position": self.app.head}).json()
        return str(
            next(one["state"] for stage in told["stages"] for one in stage["steps"] if one["key"] == step)
        )

    @property
    def link(self) -> str:
        """The guest's page."""
        return f"{self.app.url}/guest/{sealed(self.app.services, self.run)}"


@pytest.fixture
def deal(app: App) -> Iterator[Deal]:
    """An offer of 100 that waits for Dana."""
    with client_of(app.url) as visitor:
        visitor.headers.update({"Origin": app.url, "Accept": "text/html"})
        sign_in(visitor, app.link())
        yield Deal(app, visitor)


def hidden(page: str, form: str) -> dict[str, str]:
    """What the form that leads to this address sends by itself."""
    found = re.search(rf'<form[^>]*action="[^"]*{form}".*?</form>', page, re.DOTALL)
    assert found is not None, form
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0]))


def about(page: str) -> str:
    """The part of a page that shows what a decision is about, as it reads."""
    found = re.search(r'<section\s+class="about".*?<code>[0-9a-f]{64}</code>\s*</p>', page, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def test_who_approves_sees_what_they_approve(deal: Deal):
    """Values with their units, tables with their columns and files to load stand beside the buttons."""
    page = deal.page()
    assert "What you decide about" in about(page)
    assert "Price 100 EUR" in about(page)
    assert "Part How many Bolt 4" in about(page)
    assert f'href="/v1/runs/{deal.run}/files/{deal.paper["sha256"]}" download>paper.txt</a>' in page
    loaded = deal.visitor.get(f"/v1/runs/{deal.run}/files/{deal.paper['sha256']}")
    assert loaded.content == b"the paper"


def test_a_page_that_decides_sends_what_it_showed(deal: Deal):
    """Dana's page still shows 100 when Ann has written 9,999: it is refused with both, and the page of now is taken."""
    form = hidden(deal.page(), "/review/approve")
    position = deal.redone(price=9_999)
    refused = deal.visitor.post(f"/runs/{deal.run}/steps/review/approve", data=form)
    assert refused.status_code == 409
    assert "Price (Offer): 100 EUR → 9\u202f999 EUR" in refused.text
    script = deal.visitor.post(
        f"/runs/{deal.run}/steps/review/approve",
        data={**form, "command": "2"},
        headers={"Accept": "application/json"},
    )
    assert (script.json()["code"], script.json()["lines"]) == (
        "content_changed",
        ["Price (Offer): 100 EUR → 9\u202f999 EUR"],
    )
    assert deal.state("review") == "ready"
    now = deal.page(position=position)
    assert "Price 9 999 EUR" in about(now)
    taken = deal.visitor.post(f"/runs/{deal.run}/steps/review/approve", data=hidden(now, "/review/approve"))
    assert taken.status_code == 303
    assert deal.state("review") == "done"


def test_a_page_says_why_a_decision_is_asked_for_once_more(deal: Deal):
    """After another price the approval is open again; its page shows what was decided about and what there is now."""
    deal.visitor.post(f"/runs/{deal.run}/steps/review/approve", data=hidden(deal.page(), "/review/approve"))
    assert "What this was about" in about(deal.page())
    page = about(deal.page(position=deal.redone(price=9_999)))
    assert "This is asked once more" in page
    assert "What Before Now Price (Offer) 100 EUR 9 999 EUR" in page


def test_the_page_of_a_guest_shows_the_agreement_and_sends_its_hash(deal: Deal):
    """The text with its values, what is named beside it, its files; signed is that, and nothing that came since."""
    with deal.as_ann():
        deal.told(deal.app.client, "review/approve")
        guest = client_of(deal.app.url)
        page = guest.get(deal.link).text
        assert "Agreement A&lt;b&gt;c pays 100 EUR. Nothing else." in about(page)
        assert "Part How many Bolt 4" in about(page)
        file = re.search(r'href="(/v1/guest/[^"]+)" download>paper.txt', page)
        assert file is not None
        assert guest.get(file[1]).content == b"the paper"
        form = hidden(page, "/complete")
        assert hidden(page, "/decline")["content_sha256"] == form["content_sha256"]
        deal.app.client.post(f"/v1/runs/{deal.run}/inputs", json={"inputs": {"customer": "Nordwind"}})
        typed = {**form, "values:signature:signature": "Ada König"}
        refused = guest.post(f"{deal.link}/complete", data=typed)
        assert refused.status_code == 409
        assert "A&lt;b&gt;c → Nordwind" in refused.text
        assert "Nordwind pays 100 EUR." in about(refused.text)
        assert "Ada König" in refused.text
        again = guest.post(f"{deal.link}/complete", data={**typed, **hidden(refused.text, "/complete")})
        assert again.status_code == 303, again.text
        guest.close()
    assert deal.state("sign") == "done"


def test_who_may_not_see_what_it_is_about_sees_none_of_it(deal: Deal):
    """To somebody outside the run there is none, and nothing of what is approved."""
    with client_of(deal.app.url) as visitor:
        sign_in(visitor, deal.app.link("person:eve", "read", "work"))
        page = visitor.get(f"/runs/{deal.run}", params={"step": "review", "min_position": deal.app.head})
    assert page.status_code == 404
    assert 'class="about"' not in page.text
    assert "100 EUR" not in page.text
