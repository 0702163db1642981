"""Guests act on one step through their link: as that guest, in that round, and on nothing else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from api.access.throttle import MOST_A_MINUTE
from domain.run.content import STATEMENT
from domain.sealing import id_of
from domain.words import RoleKey, StepKey
from tests.api.conftest import DANA, Api, project
from tests.support.clients import client_of
from tests.support.guests import sealed

SIGNING: dict[str, Any] = {
    "key": "signing",
    "title": "Signing",
    "roles": [
        {"key": "seller", "title": "Seller", "initiator": True},
        {"key": "buyer", "title": "Buyer", "guest": True},
    ],
    "stages": [{"key": "all", "title": "All", "steps": [
        {"key": "sign", "title": "Sign it", "kind": "sign", "role": "buyer", "instructions": "Please read it.",
         "fields": [{"key": "signature", "title": "Signature", "kind": "signature", "required": True}],
         "signature": {"on_decline": {"ends_run": "Not signed"}}},
        {"key": "file", "title": "File it", "role": "seller", "after": ["sign"]},
        {"key": "check", "title": "Check it", "kind": "approval", "role": "buyer", "after": ["file"],
         "approval": {"covers": ["file"], "on_refusal": {"reopens": ["file"]}}},
    ]}],
}  # fmt: skip


@pytest.fixture
def run(api: Api) -> str:
    """A run whose first step is a guest's."""
    api.publish(SIGNING)
    return api.start(process="signing", roles={})


def link(api: Api, run: str, of: str = "sign", days: int = 30, **other: Any) -> str:
    """A link to a step."""
    return "/v1/guest/" + sealed(api.services, run, of, days=days, **other)


@pytest.fixture
def nobody(api: Api) -> httpx.Client:
    """Somebody without an account."""
    return client_of(api.url)


def test_a_guest_sees_the_one_step_and_signs_it(api: Api, run: str, nobody: httpx.Client):
    """The form, what is expected, and then a completion in the guest's name that says how they came in."""
    with nobody:
        seen = nobody.get(link(api, run)).json()
        assert (seen["title"], seen["verbs"], seen["acts_as"]) == (
            "Sign it",
            ["complete", "decline", "save"],
            "guest:buyer",
        )
        assert set(seen) == {"run_name", "step", "title", "kind", "instructions", "state", "due_at", "fields", "values",
                             "refusal_fields", "acts_as", "verbs", "content", "statement", "phases", "yours", "did",
                             "needs_code", "link_id"}  # fmt: skip
        done = nobody.post(f"{link(api, run)}/complete", json={"values": {"signature": "Ada"}})
        assert done.status_code == 200, done.text
        assert nobody.get(link(api, run)).json()["verbs"] == []
    stored = api.services.log.read_stream(UUID(run))
    meta = next(orjson.loads(one.meta) for one in stored if one.type == "step_completed")
    assert (meta["actor"], meta["authenticated_by"]) == ("guest:buyer", "guest_link")


def test_what_a_guest_signs_is_kept_whole_and_shown_to_them(api: Api, nobody: httpx.Client):
    """The agreement with its hash in the page; then name, statement, instant, hash and link, in the log and to them."""
    signing = SIGNING["stages"][0]["steps"][0]
    steps = [
        {**signing, "texts": {"Agreement": "Nordwind pays 100 EUR."}},
        *SIGNING["stages"][0]["steps"][1:],
    ]
    stages = [{**SIGNING["stages"][0], "steps": steps}, {"key": "after", "title": "After", "steps": [
        {"key": "thank", "title": "Thank them", "role": "seller"}]}]  # fmt: skip
    api.publish({**SIGNING, "stages": stages})
    run = api.start(process="signing", roles={})
    with nobody:
        ours = link(api, run)
        seen = nobody.get(ours).json()
        assert [text["text"] for text in seen["content"]["texts"]] == ["Nordwind pays 100 EUR."]
        assert [(one["title"], one["state"], one["current"]) for one in seen["phases"]] == [
            ("All", "in_progress", True),
            ("After", "not_started", False),
        ]
        assert [(one["step"], one["state"], one["here"]) for one in seen["yours"]] == [
            ("sign", "ready", True),
            ("check", "locked", False),
        ]
        assert seen["did"] == []
        body = {"values": {"signature": "Ada"}, "content_sha256": seen["content"]["content_sha256"]}
        assert nobody.post(f"{ours}/complete", json=body).status_code == 200
        (did,) = nobody.get(ours).json()["did"]
    stored = next(one for one in api.services.log.read_stream(UUID(run)) if one.type == "step_completed")
    data, meta = orjson.loads(stored.data), orjson.loads(stored.meta)
    assert (data["content_sha256"], data["statement"], data["values"]) == (
        did["content_sha256"],
        STATEMENT,
        {"signature": "Ada"},
    )
    assert (did["what"], did["name"], did["statement"], did["link"]) == (
        "signed",
        "Ada",
        STATEMENT,
        meta["link"],
    )
    assert meta["link"] == seen["link_id"] == id_of(ours.rpartition("/")[2])


def test_whoever_comes_later_is_not_told_what_another_guest_did(api: Api, nobody: httpx.Client):
    """The role is the same, and so is who acts by name; what was done before the address changed is not theirs."""
    roles = [SIGNING["roles"][0], {**SIGNING["roles"][1], "email_from": "mail"}]
    inputs = [{"key": "mail", "title": "Mail", "kind": "email"}]
    api.publish({**SIGNING, "roles": roles, "inputs": inputs})
    run = api.start(process="signing", roles={}, inputs={"mail": "ada@nordwind.example"})
    with nobody:
        assert (
            nobody.post(f"{link(api, run)}/complete", json={"values": {"signature": "Ada"}}).status_code
            == 200
        )
        assert len(nobody.get(link(api, run)).json()["did"]) == 1
        changed = {"inputs": {"mail": "eve@nordwind.example"}}
        assert api.client.post(f"/v1/runs/{run}/inputs", json=changed).is_success
        assert nobody.get(link(api, run)).json()["did"] == []


def test_a_guest_can_decline(api: Api, run: str, nobody: httpx.Client):
    """A signature that is declined ends the run, as the process says."""
    with nobody:
        assert nobody.post(f"{link(api, run)}/decline", json={"reason": "too dear"}).status_code == 200
        assert nobody.get(link(api, run)).json()["verbs"] == []


def test_what_is_missing_is_named(api: Api, run: str, nobody: httpx.Client):
    """The same rules hold as for everybody else."""
    with nobody:
        refused = nobody.post(f"{link(api, run)}/complete", json={"values": {}})
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_values")


def test_a_link_opens_one_step_in_one_round(api: Api, run: str, nobody: httpx.Client):
    """Another step is another link, and a step that is opened again needs a new one."""
    with nobody:
        assert nobody.get(link(api, run, round=2)).status_code == 404
        nobody.post(f"{link(api, run)}/complete", json={"values": {"signature": "Ada"}})
        api.client.post(f"/v1/runs/{run}/steps/file/complete", json={})
        first = link(api, run, "check")
        assert nobody.post(f"{first}/refuse", json={"reason": "wrong drawer"}).status_code == 200
        over = nobody.get(first)
        assert (over.status_code, over.json()["code"]) == (404, "bad_guest_link")
        assert nobody.get(link(api, run, "check")).json()["state"] == "locked"


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": -1},
        {"role": RoleKey("seller")},
        {"holder": bytes(8)},
        {"step": StepKey("file")},
        {"step": StepKey("nowhere")},
    ],
)
def test_a_link_that_fits_nothing_opens_nothing(
    api: Api, run: str, nobody: httpx.Client, wrong: dict[str, Any]
):
    """Expired, for another role, for a colleague's step, for no step: all the same answer."""
    with nobody:
        for answer in (
            nobody.get(link(api, run, **wrong)),
            nobody.post(f"{link(api, run, **wrong)}/complete", json={}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "bad_guest_link")


def test_a_link_ends_when_the_step_is_given_to_a_colleague(api: Api, run: str, nobody: httpx.Client):
    """Whose work it is decides who may do it."""
    opens = link(api, run)
    api.client.post(f"/v1/runs/{run}/steps/sign/assign", json={"assignee": DANA, "reason": "In person"})
    with nobody:
        assert nobody.get(opens).status_code == 404


def test_a_stranger_does_not_come_in_by_changing_the_address(api: Api, nobody: httpx.Client):
    """Who has no tie to the run changes nothing; who may change it, and does not lead it, opens no link by that."""
    roles = [SIGNING["roles"][0], {**SIGNING["roles"][1], "email_from": "mail"}]
    inputs = [{"key": "mail", "title": "Mail", "kind": "email"}]
    api.publish({**SIGNING, "roles": roles, "inputs": inputs})
    api.add("eve", "dana")
    run = api.start(process="signing", roles={}, inputs={"mail": "ada@nordwind.example"})
    ours, eve = link(api, run), {"role": "buyer", "address": "eve@evil.example"}
    with (
        nobody,
        api.as_("person:eve", "read", "work") as stranger,
        api.as_("person:kim", "work", "manage") as other,
    ):
        assert nobody.get(ours).status_code == 200
        refused = stranger.post(f"/v1/runs/{run}/inputs", json={"inputs": {"mail": eve["address"]}})
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_run")
        assert nobody.get(ours).status_code == 200
        changed = other.post(f"/v1/runs/{run}/inputs", json={"inputs": {"mail": eve["address"]}})
        assert changed.status_code == 200
        assert nobody.get(ours).status_code == 404
        with pytest.raises(AssertionError, match="no guest's"):
            link(api, run)
        refused = other.post(f"/v1/runs/{run}/confirm-guest-address", json=eve)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        project(api.database, api.services.log)
        (asked,) = api.client.get("/v1/incidents", params={"run": run}).json()["rows"]
        assert (asked["problem"], asked["assignee"]) == ("guest_address", DANA)
        retried = other.post(f"/v1/runs/{run}/incidents/{asked['incident']}/retry", json={})
        assert (retried.status_code, retried.json()["code"]) == (409, "confirm_address")
        queued = api.client.get("/v1/outbox", params={"run": run, "state": "queued"}).json()["rows"]
        assert [mail["to"] for mail in queued] == [["ada@nordwind.example"]]
        assert api.client.post(f"/v1/runs/{run}/confirm-guest-address", json=eve).status_code == 200
        assert nobody.get(ours).status_code == 404
        assert nobody.get(link(api, run)).status_code == 200


def test_the_team_sees_what_was_opened_and_revokes_and_resends(api: Api, run: str, nobody: httpx.Client):
    """What a browser looks at counts, what fetches addresses does not; a stranger sees and does nothing of it."""
    api.add("eve")
    body = {"role": "buyer", "reason": "The wrong mailbox"}
    with nobody, api.as_("person:eve", "read", "work") as stranger:
        ours = link(api, run)
        page = ours.removeprefix("/v1")
        for headers in (
            {},
            {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch"},
        ):
            assert nobody.get(ours, headers=headers).status_code == 200
        assert seen_of(api, run)["links"] == []
        assert nobody.post(f"{ours}/save", json={"values": {}}).status_code == 200
        (opened,) = seen_of(api, run)["links"]
        assert (opened["id"], opened["step"], opened["opens"]) == (
            id_of(page.rpartition("/")[2]),
            "sign",
            True,
        )
        assert stranger.get(f"/v1/runs/{run}/guests").status_code == 404
        for verb in ("revoke-guest-links", "send-guest-link"):
            refused = stranger.post(
                f"/v1/runs/{run}/{verb}", json={**body} if "revoke" in verb else {"role": "buyer"}
            )
            assert (refused.status_code, refused.json()["code"]) == (404, "unknown_run")
        assert nobody.get(ours).status_code == 200
        with api.as_(DANA, "read", "work") as dana:
            assert dana.post(f"/v1/runs/{run}/revoke-guest-links", json=body).status_code == 200
            for over in (
                nobody.get(ours),
                nobody.post(f"{ours}/complete", json={"values": {"signature": "Ada"}}),
            ):
                assert (over.status_code, over.json()["code"]) == (404, "bad_guest_link")
            assert "revoked" in nobody.get(ours).json()["detail"]
            assert (seen_of(api, run)["revoked"], seen_of(api, run)["links"][0]["opens"]) == (True, False)
            assert dana.post(f"/v1/runs/{run}/send-guest-link", json={"role": "buyer"}).status_code == 200
        assert nobody.get(ours).status_code == 404
        assert nobody.get(link(api, run)).status_code == 200


def seen_of(api: Api, run: str) -> dict[str, Any]:
    """The one guest of the run, as the team sees them."""
    (guest,) = api.client.get(f"/v1/runs/{run}/guests").json()["guests"]
    found: dict[str, Any] = guest
    return found


def test_guessing_is_slowed_down(api: Api, run: str, nobody: httpx.Client):
    """Who brings links that open nothing is turned away after a while."""
    with nobody:
        answers = [nobody.get("/v1/guest/guess").status_code for _ in range(MOST_A_MINUTE * 2 + 2)]
    assert answers[0] == 404
    assert answers[-1] == 429
