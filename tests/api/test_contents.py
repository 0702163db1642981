"""What somebody decides about: shown with its hash to whom it concerns, decided on as it was shown or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from api.run.sight import MASK
from domain.run import RUN
from domain.run.content import content_of
from domain.words import StepKey
from tests.api.conftest import Api, project
from tests.api.test_files import kept
from tests.support.clients import client_of
from tests.support.guests import sealed

ANN, BO, EVE = "person:ann", "person:bo", "person:eve"
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
            {"key": "cost", "title": "Our cost", "kind": "money", "unit": "EUR", "sensitive": True},
            {"key": "parts", "title": "Parts", "kind": "table", "columns": [
                {"key": "name", "title": "Part"}, {"key": "count", "title": "Count", "kind": "number"}]},
            {"key": "paper", "title": "Agreement", "kind": "files"},
            {"key": "draft", "title": "Draft", "kind": "files", "sensitive": True}]},
        {"key": "review", "title": "Review", "kind": "approval", "role": "boss", "after": ["offer"],
         "approval": {"covers": ["offer"]}},
        {"key": "sign", "title": "Sign", "kind": "sign", "role": "buyer", "after": ["review"],
         "texts": {"Agreement": "{inputs.customer} pays {offer.price}."},
         "shows": ["offer.paper", "offer.draft", "offer.cost"],
         "fields": [{"key": "signature", "title": "Signature", "kind": "signature", "required": True}]},
        {"key": "ship", "title": "Ship", "role": "seller", "after": ["sign"]},
    ]}],
}  # fmt: skip
VALUES = {"price": 100, "cost": 60, "parts": [{"name": "Bolt", "count": 4}]}


class Offered:
    """A run whose offer Ann has made, and those who have to do with it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        api.publish(PROCESS)
        roles = {"seller": ANN, "boss": BO}
        self.run = api.start(process="offer", roles=roles, inputs={"customer": "Nordwind"})
        self.ann, self.bo, self.eve = (api.as_(who, "read", "work") for who in (ANN, BO, EVE))
        self.guest = client_of(api.url)
        paper = kept(api, b"the agreement", "agreement.txt", "text/plain")
        draft = kept(api, b"the draft", "draft.txt", "text/plain")
        self.paper, self.draft = paper["sha256"], draft["sha256"]
        self.done(self.ann, "offer/complete", values={**VALUES, "paper": [paper], "draft": [draft]})

    def do(self, client: httpx.Client, path: str, **body: Any) -> httpx.Response:
        """A command at a step."""
        return client.post(f"/v1/runs/{self.run}/steps/{path}", json=body)

    def done(self, client: httpx.Client, path: str, **body: Any) -> None:
        """A command that is carried out."""
        told = self.do(client, path, **body)
        assert told.status_code == 200, told.text

    def redone(self, **values: Any) -> None:
        """Ann alone opens the offer again and completes it with other values."""
        self.done(self.ann, "offer/reopen", reason="a typo")
        self.done(self.ann, "offer/complete", values=values)

    def content(self, client: httpx.Client, step: str) -> dict[str, Any]:
        """What a step shows to somebody."""
        told = client.get(f"/v1/runs/{self.run}/steps/{step}/content")
        assert told.status_code == 200, told.text
        return dict(told.json())

    @property
    def link(self) -> str:
        """The guest's link to the signature."""
        return "/v1/guest/" + sealed(self.api.services, self.run)

    def stored(self, type_: str) -> list[dict[str, Any]]:
        """The data of the run's events of a type."""
        return [
            orjson.loads(one.data)
            for one in self.api.services.log.read_stream(UUID(self.run))
            if one.type == type_
        ]


@pytest.fixture
def offered(api: Api) -> Iterator[Offered]:
    """An offer of 100 that waits for Bo."""
    made = Offered(api)
    yield made
    for client in (made.ann, made.bo, made.eve, made.guest):
        client.close()


def values_in(seen: dict[str, Any]) -> dict[str, Any]:
    """The values of a content by path."""
    return {one["path"]: one["value"] for group in seen["groups"] for one in group["values"]}


def test_a_decision_is_on_what_was_in_view_or_not_taken(offered: Offered):
    """Bo's page still shows 100 when Ann has written 9,999: his yes and his no are refused, with both contents."""
    seen = offered.content(offered.bo, "review")
    assert values_in(seen)["offer.price"] == 100
    offered.redone(price=9_999)
    for verb, said in (("approve", {}), ("refuse", {"reason": "too dear"})):
        refused = offered.do(offered.bo, f"review/{verb}", content_sha256=seen["content_sha256"], **said)
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (409, "content_changed")
        assert problem["content_sha256"] == offered.content(offered.bo, "review")["content_sha256"]
        [changed] = problem["changed"]
        assert (changed["path"], changed["title"]) == ("offer.price", "Price (Offer)")
        assert (changed["before"], changed["now"], changed["unit"]) == (100, 9_999, "EUR")
    now = offered.content(offered.bo, "review")
    assert now["content_sha256"] != seen["content_sha256"]
    offered.done(offered.bo, "review/approve", content_sha256=now["content_sha256"])
    [given] = offered.stored("approval_given")
    assert (given["content_sha256"], given["about"]) == (now["content_sha256"], ["offer"])


def test_who_approved_is_asked_anew_with_both_contents(offered: Offered):
    """After another price the approval is open again, what follows waits, and its page says what was and what is."""
    offered.done(offered.bo, "review/approve")
    decided = offered.content(offered.bo, "review")
    assert (decided["state"], decided["decided_sha256"]) == ("done", decided["content_sha256"])
    offered.redone(price=9_999)
    seen = offered.content(offered.bo, "review")
    assert (seen["state"], seen["round"], seen["decided_sha256"]) == ("ready", 2, None)
    assert seen["asked_anew"]["decided_sha256"] == decided["content_sha256"]
    [changed] = seen["asked_anew"]["changes"]
    assert (changed["path"], changed["before"], changed["now"]) == ("offer.price", 100, 9_999)
    with offered.guest as guest:
        assert guest.get(offered.link).json()["state"] == "locked"


def test_a_hash_of_nothing_that_was_shown_is_refused_too(offered: Offered):
    """A hash made up is no content of this step: nobody knows what differs; what is no hash is told by its field."""
    refused = offered.do(offered.bo, "review/approve", content_sha256="0" * 64)
    assert (refused.status_code, refused.json()["code"], refused.json()["changed"]) == (
        409,
        "content_changed",
        None,
    )
    wrong = offered.do(offered.bo, "review/approve", content_sha256="100 EUR")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "content_sha256")
    assert offered.stored("approval_given") == []


def test_the_agreement_is_shown_to_who_signs_it(offered: Offered):
    """A guest reads the text with its values, sees what is named, loads its files, and signs just that."""
    offered.done(offered.bo, "review/approve")
    with offered.guest as guest:
        seen = guest.get(offered.link).json()["content"]
        assert seen["texts"] == [{"title": "Agreement", "text": "Nordwind pays 100 EUR."}]
        assert set(values_in(seen)) == {"offer.paper", "offer.draft", "offer.cost"}
        loaded = guest.get(f"{offered.link}/files/{offered.paper}")
        assert (loaded.status_code, loaded.content) == (200, b"the agreement")
        signed = guest.post(
            f"{offered.link}/complete",
            json={"values": {"signature": "Ada"}, "content_sha256": seen["content_sha256"]},
        )
        assert signed.status_code == 200, signed.text
        assert guest.get(f"{offered.link}/files/{offered.paper}").status_code == 404, (
            "nothing is to be read any more"
        )
    done = offered.stored("step_completed")[-1]
    assert done["step"] == "sign"
    assert len(done["content_sha256"]) == 64
    assert {"offer.paper", "offer.price", "inputs.customer"} <= set(done["about"])


@pytest.mark.parametrize(
    ("verb", "said"), [("complete", {"values": {"signature": "Ada"}}), ("decline", {"reason": "no"})]
)
def test_a_guest_decides_on_what_they_saw_or_not_at_all(offered: Offered, verb: str, said: dict[str, Any]):
    """The customer's name was put right while they read: the link says so, with both, and takes nothing."""
    offered.done(offered.bo, "review/approve")
    with offered.guest as guest:
        seen = guest.get(offered.link).json()["content"]
        offered.api.client.post(f"/v1/runs/{offered.run}/inputs", json={"inputs": {"customer": "Südwind"}})
        body = {**said, "content_sha256": seen["content_sha256"]}
        refused = guest.post(f"{offered.link}/{verb}", json=body)
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (409, "content_changed")
        assert [(one["before"], one["now"]) for one in problem["changed"]] == [("Nordwind", "Südwind")]
        body["content_sha256"] = problem["content_sha256"]
        assert guest.post(f"{offered.link}/{verb}", json=body).status_code == 200


@pytest.mark.parametrize(
    ("visibility", "price", "paper_status"), [("everyone", 100, 200), ("role", MASK, 404)]
)
def test_a_guest_sees_what_is_for_some_eyes_only_where_the_process_names_it(
    api: Api, visibility: str, price: Any, paper_status: int
):
    """A step named as a whole keeps its sensitive fields to itself, with their files; one for some roles, all of it."""
    document = orjson.loads(orjson.dumps(PROCESS))
    document["stages"][0]["steps"][0]["visibility"] = visibility
    document["stages"][0]["steps"][2] |= {
        "shows": ["offer"],
        "texts": {"Agreement": "{inputs.customer} pays."},
    }
    made = Offered.__new__(Offered)
    api.publish(document)
    made.api, made.run = (
        api,
        api.start(process="offer", roles={"seller": ANN, "boss": BO}, inputs={"customer": "X"}),
    )
    paper, draft = (kept(api, name.encode(), name, "text/plain") for name in ("paper", "draft"))
    made.done(api.client, "offer/complete", values={**VALUES, "paper": [paper], "draft": [draft]})
    with api.as_(BO, "read", "work") as bo, client_of(api.url) as guest:
        made.done(bo, "review/approve")
        told = values_in(guest.get(made.link).json()["content"])
        assert (told["offer.price"], told["offer.cost"], told["offer.draft"]) == (price, MASK, MASK)
        statuses = [guest.get(f"{made.link}/files/{one['sha256']}").status_code for one in (paper, draft)]
        assert statuses == [paper_status, 404]


def test_a_content_is_for_those_whose_decision_it_is(offered: Offered):
    """Who decides sees all that is named for them, and its files; who has nothing to do with the run sees nothing."""
    told = values_in(offered.content(offered.bo, "review"))
    assert (told["offer.cost"], told["offer.parts"]) == (60, [{"name": "Bolt", "count": 4}])
    for sha256 in (offered.paper, offered.draft):
        assert offered.bo.get(f"/v1/runs/{offered.run}/files/{sha256}").status_code == 200
        assert offered.eve.get(f"/v1/runs/{offered.run}/files/{sha256}").status_code == 404
    outside = offered.eve.get(f"/v1/runs/{offered.run}/steps/review/content")
    assert (outside.status_code, outside.json()["code"]) == (404, "unknown_run")
    nowhere = offered.bo.get(f"/v1/runs/{offered.run}/steps/nowhere/content")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "unknown_step")


def test_somebody_else_in_the_run_sees_no_sensitive_value_of_a_content(offered: Offered):
    """To work in the same run is not to decide: of what is sensitive there is a mask, before and after a change."""
    with offered.api.as_(EVE, "read", "work", "manage") as eve:
        assert values_in(offered.content(eve, "review"))["offer.cost"] == MASK
        offered.done(offered.bo, "review/approve")
        offered.redone(cost=70)
        [changed] = offered.content(eve, "review")["asked_anew"]["changes"]
        assert (changed["before"], changed["now"]) == (MASK, MASK)


def test_the_hash_of_a_content_gives_nothing_away(offered: Offered):
    """Who sees all but one short value, and the hash over all, cannot find it by trying: the salt is told to nobody."""
    with offered.api.as_(EVE, "read", "work", "manage") as eve:
        seen = offered.content(eve, "review")
    assert values_in(seen)["offer.cost"] == MASK
    run = offered.api.services.app.load(RUN, UUID(offered.run))
    assert run is not None
    definition = offered.api.services.app.definition(run.process, run.process_version)
    assert content_of(run, definition, StepKey("review")).sha256 == seen["content_sha256"]
    guessed = content_of(replace(run, content_salt=None), definition, StepKey("review")).sha256
    assert guessed != seen["content_sha256"], "the right value alone gives another hash"
    (started,) = offered.stored("run_started")
    assert len(started["content_salt"]) == 32
    project(offered.api.database, offered.api.services.log)
    pages = (f"/v1/runs/{offered.run}", f"/v1/runs/{offered.run}/history", "/v1/events?limit=1000")
    answers = [client.get(page) for page in pages for client in (offered.ann, offered.bo, offered.api.client)]
    answers.append(offered.guest.get(offered.link))
    assert [one.status_code for one in answers] == [200] * 10
    assert not [
        one.url for one in answers if started["content_salt"] in one.text or "content_salt" in one.text
    ]


def test_the_same_content_has_another_hash_in_another_run(offered: Offered):
    """So nobody learns from a run of their own what stands in one of others; each run has a salt of its own."""
    again = Offered(offered.api)
    hashes = {one.content(one.bo, "review")["content_sha256"] for one in (offered, again)}
    assert len(hashes) == 2
    for client in (again.ann, again.bo, again.eve, again.guest):
        client.close()
