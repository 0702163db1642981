"""Approving from a mail: as one person, one approval, in one round; looking at the link changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from api.access.throttle import MOST_A_MINUTE
from application.asked import Asked
from application.refused import Refused
from application.steps import give_approval
from domain.mail_decisions import decision_for
from domain.run import RUN
from domain.words import Actor, Assignee, StepKey
from tests.api.conftest import Api
from tests.support.clients import client_of
from tests.support.mail_decisions import decision_link

ANN, BO, EVE = "person:ann", "person:bo", "person:eve"
OFFER: dict[str, Any] = {
    "key": "offer",
    "title": "Offer",
    "roles": [{"key": "seller", "title": "Seller"}, {"key": "boss", "title": "Boss"}],
    "stages": [{"key": "all", "title": "All", "steps": [
        {"key": "offer", "title": "Offer", "kind": "form", "role": "seller", "fields": [
            {"key": "price", "title": "Price", "kind": "money", "unit": "EUR", "required": True},
            {"key": "paper", "title": "Paper", "kind": "files"}]},
        {"key": "review", "title": "Review", "kind": "approval", "role": "boss", "after": ["offer"],
         "approval": {"covers": ["offer"], "on_refusal": {"reopens": ["offer"]}}},
        {"key": "ship", "title": "Ship", "role": "seller", "after": ["review"]},
    ]}],
}  # fmt: skip


class Deal:
    """An offer of Ann's that Bo is asked to approve, and a browser that is nobody's."""

    def __init__(self, api: Api, document: dict[str, Any]) -> None:
        self.api = api
        api.publish(document)
        for key in ("ann", "bo", "eve"):
            told = api.client.post(
                "/v1/people", json={"person": key, "name": key.capitalize(), "email": f"{key}@a.example"}
            )
            assert told.is_success, told.text
        self.run = api.start(process="offer", roles={"seller": ANN, "boss": BO})
        self.nobody = client_of(api.url)
        self.ann = api.as_(ANN, "read", "work")
        self.offered(100)

    def offered(self, price: int) -> None:
        """Ann makes an offer."""
        self.told(self.ann, "offer/complete", values={"price": price})

    def told(self, client: httpx.Client, path: str, **body: Any) -> None:
        """A command at a step that is carried out."""
        answer = client.post(f"/v1/runs/{self.run}/steps/{path}", json=body)
        assert answer.status_code == 200, answer.text

    def link(self, person: str = BO, address: str = "bo@a.example", **other: Any) -> str:
        """Where the link of a mail leads."""
        return "/v1/mail-decisions/" + decision_link(
            self.api.services, self.run, "review", person, address, **other
        )

    def seen(self, link: str) -> dict[str, Any]:
        """What a link shows."""
        told = self.nobody.get(link)
        assert told.status_code == 200, told.text
        body: dict[str, Any] = told.json()
        return body

    def says(self, link: str, verb: str = "approve", **body: Any) -> httpx.Response:
        """The button, with what was in view."""
        known = {"content_sha256": "0" * 64}
        shown = self.nobody.get(link)
        if shown.is_success:
            known = {"content_sha256": shown.json()["content"]["content_sha256"]}
        return self.nobody.post(f"{link}/{verb}", json={**known, **body})

    def state(self, step: str) -> str:
        """How a step stands, by the log."""
        run = self.api.services.app.load(RUN, UUID(self.run))
        assert run is not None
        return run.step(StepKey(step)).state


@pytest.fixture
def deal(api: Api) -> Iterator[Deal]:
    """An offer of 100 that waits for Bo."""
    made = Deal(api, OFFER)
    yield made
    made.nobody.close()
    made.ann.close()


def refused_in_words(told: httpx.Response, part: str) -> bool:
    """Whether a link was refused, and says why."""
    body = told.json()
    return (told.status_code, body["code"]) == (404, "bad_decision_link") and part in body["detail"]


def test_somebody_approves_in_two_taps(deal: Deal):
    """The link shows what it is about with its hash; the button approves as Bo, and the log says by which link."""
    link = deal.link()
    seen = deal.seen(link)
    assert (seen["acts_as"], seen["verbs"], seen["content"]["title"]) == (BO, ["approve", "refuse"], "Review")
    assert seen["content"]["groups"][0]["values"][0]["value"] == 100
    done = deal.says(link, comment="Fine")
    assert done.status_code == 200, done.text
    assert deal.state("review") == "done"
    (given,) = [
        one for one in deal.api.services.log.read_stream(UUID(deal.run)) if one.type == "approval_given"
    ]
    meta, data = orjson.loads(given.meta), orjson.loads(given.data)
    assert (meta["actor"], meta["authenticated_by"], len(meta["link"])) == (BO, "mail_link", 16)
    assert (data["comment"], data["content_sha256"]) == ("Fine", seen["content"]["content_sha256"])
    assert meta["link"] not in link
    assert deal.seen(link)["verbs"] == []


def test_looking_at_the_link_of_a_mail_decides_nothing(deal: Deal):
    """Programs that fetch every address of a mail, also that of the button, leave the log as it was."""
    link, head = deal.link(), deal.api.head
    for path in (link, f"{link}/approve", f"{link}/refuse"):
        for method in ("GET", "HEAD", "OPTIONS"):
            deal.nobody.request(method, path)
    assert deal.api.head == head
    assert deal.state("review") == "ready"


def test_a_refusal_from_a_mail_has_a_reason(deal: Deal):
    """Without one nothing is refused; with one the offer is opened again."""
    link = deal.link()
    assert deal.says(link, "refuse").status_code == 422
    assert deal.says(link, "refuse", reason="  ").status_code in (409, 422)
    assert deal.state("review") == "ready"
    assert deal.says(link, "refuse", reason="Too dear").status_code == 200
    assert (deal.state("offer"), deal.state("review")) == ("ready", "locked")


def test_a_decision_from_a_mail_names_what_was_in_view(deal: Deal):
    """Without the hash nothing is decided, nor with that of a price that is no more."""
    link = deal.link()
    assert deal.nobody.post(f"{link}/approve", json={}).status_code == 422
    other = deal.nobody.post(f"{link}/approve", json={"content_sha256": "0" * 64})
    assert (other.status_code, other.json()["code"]) == (409, "content_changed")
    assert deal.state("review") == "ready"


def test_the_link_of_an_earlier_round_is_refused_in_words(deal: Deal):
    """Bo refuses, Ann offers something else: the mail of before neither shows nor approves it."""
    first = deal.link()
    assert deal.says(first, "refuse", reason="Too dear").status_code == 200
    deal.offered(9_999)
    for told in (deal.nobody.get(first), deal.says(first), deal.says(first, "refuse", reason="No")):
        assert refused_in_words(told, "opened again since the mail was sent")
    assert deal.state("review") == "ready"
    assert deal.says(deal.link()).status_code == 200


def test_a_round_that_ends_while_the_button_is_pressed_is_not_approved(deal: Deal):
    """What a link decides is looked at in the decision itself: nothing comes between the look and the yes."""
    run, services = UUID(deal.run), deal.api.services
    state = services.app.load(RUN, run)
    assert state is not None
    held = decision_for(state, services.app.versions(state), StepKey("review"), Assignee(BO), "bo@a.example")
    assert deal.says(deal.link(), "refuse", reason="Too dear").status_code == 200
    deal.offered(9_999)
    asked = Asked(Actor(BO), services.clock(), by_mail=held)
    with pytest.raises(Refused) as refused:
        asyncio.run(give_approval(services.app, run, StepKey("review"), asked, values={}))
    assert refused.value.code == "bad_decision_link"
    assert deal.state("review") == "ready"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"days": -1}, "has expired"),
        ({"round": 2}, "opened again"),
        ({"person": Actor(EVE)}, "not theirs any more"),
        ({"holder": bytes(8)}, "not theirs any more"),
        ({"step": StepKey("offer")}, "no such approval"),
        ({"step": StepKey("nowhere")}, "no such approval"),
    ],
)
def test_a_link_that_fits_nothing_decides_nothing(deal: Deal, wrong: dict[str, Any], why: str):
    """Expired, of another round, person, address or step: said in words, also to the button."""
    link = deal.link(**wrong)
    assert refused_in_words(deal.nobody.get(link), why)
    assert refused_in_words(deal.says(link), why)
    assert deal.state("review") == "ready"


def test_the_link_of_another_person_decides_nothing(deal: Deal):
    """Eve's own before she is asked, Bo's in a browser of Eve's, Bo's once Eve is asked in his place: all refused."""
    eves = deal.link(EVE, "eve@a.example")
    assert refused_in_words(deal.says(eves), "asked of somebody else")
    link = deal.link()
    with deal.api.as_(EVE, "read", "work") as eve:
        for told in (eve.get(link), eve.post(f"{link}/approve", json={"content_sha256": "0" * 64})):
            assert (told.status_code, told.json()["code"]) == (403, "not_your_link")
    run = f"/v1/runs/{deal.run}"
    assert deal.api.client.post(
        f"{run}/assign-role", json={"role": "boss", "assignee": EVE, "reason": "Away"}
    ).is_success
    assert refused_in_words(deal.says(link), "asked of somebody else")
    assert deal.says(eves).status_code == 200
    assert deal.state("review") == "done"


def test_the_link_ends_with_the_person_and_their_address(deal: Deal):
    """Who left, and who reads mails elsewhere now, is not who presses the button of an old mail."""
    link = deal.link()
    moved = deal.api.client.post("/v1/people/bo/change", json={"email": "bo@new.example"})
    assert moved.is_success
    assert refused_in_words(deal.says(link), "not theirs any more")
    link = deal.link(address="bo@new.example")
    assert deal.seen(link)["verbs"]
    left = deal.api.client.post("/v1/people/bo/deactivate", json={"reason": "Left"})
    assert left.is_success, left.text
    assert refused_in_words(deal.says(link), "does not work here any more")
    assert deal.state("review") == "ready"


def test_nobody_approves_their_own_work_from_a_mail(deal: Deal):
    """The rules of approvals hold as everywhere."""
    run = f"/v1/runs/{deal.run}"
    assert deal.api.client.post(
        f"{run}/assign-role", json={"role": "boss", "assignee": ANN, "reason": "Away"}
    ).is_success
    told = deal.says(deal.link(ANN, "ann@a.example"))
    assert told.status_code == 409
    assert deal.state("review") == "ready"


def test_another_site_decides_nothing_by_a_link(deal: Deal):
    """A form elsewhere that somehow has the link is refused."""
    link = deal.link()
    shown = {"content_sha256": deal.seen(link)["content"]["content_sha256"]}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = deal.nobody.post(f"{link}/approve", json=shown, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "cross_site")
    assert deal.state("review") == "ready"


def test_a_link_does_the_same_once_more(deal: Deal):
    """A button pressed twice approves once; a link opens nothing else of the run."""
    link = deal.link()
    shown = {"content_sha256": deal.seen(link)["content"]["content_sha256"]}
    for _ in range(2):
        assert deal.nobody.post(f"{link}/approve", json=shown).status_code == 200
    given = [one for one in deal.api.services.log.read_stream(UUID(deal.run)) if one.type == "approval_given"]
    assert len(given) == 1
    secret = link.rpartition("/")[2]
    assert deal.nobody.get(f"/v1/guest/{secret}").status_code == 404
    assert deal.nobody.get(f"/v1/runs/{deal.run}").status_code == 401


def test_what_a_mail_may_not_show_is_not_decided_from_one(api: Api):
    """A sensitive value, a field of its own, values that a refusal wants: the page of the run has them."""
    secret, fields = (
        [dict(one) for one in OFFER["stages"][0]["steps"][:2]],
        {"key": "note", "title": "Note", "kind": "text"},
    )
    secret[0]["fields"] = [{**secret[0]["fields"][0], "sensitive": True}]
    steps = [secret[0], *OFFER["stages"][0]["steps"][1:]]
    asks = [OFFER["stages"][0]["steps"][0], {**secret[1], "fields": [fields]}, OFFER["stages"][0]["steps"][2]]
    for number, each in enumerate((steps, asks)):
        document = {
            **OFFER,
            "key": f"offer_{number}",
            "stages": [{"key": "all", "title": "All", "steps": each}],
        }
        api.publish(document)
        run = api.start(process=f"offer_{number}", roles={"seller": ANN, "boss": BO})
        with api.as_(ANN, "read", "work") as ann:
            assert ann.post(f"/v1/runs/{run}/steps/offer/complete", json={"values": {"price": 1}}).is_success
        with pytest.raises(AssertionError, match="not decided from a mail"):
            decision_link(api.services, run, "review", BO, "bo@a.example")


def test_guessing_links_of_mails_is_slowed_down(deal: Deal):
    """Who brings links that decide nothing is turned away after a while."""
    answers = [deal.nobody.get("/v1/mail-decisions/guess").status_code for _ in range(MOST_A_MINUTE * 2 + 2)]
    assert (answers[0], answers[-1]) == (404, 429)
