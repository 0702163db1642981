"""Promises about who is told: a reminder says how it arrives, and attention lists whoever heard nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from domain.addresses import tag_of
from domain.events import ActionQueued, Event
from domain.run import RUN, Run, fail_action, start_action, succeed_action
from domain.run.actions import reach_nobody
from domain.schedule import Calendar
from domain.words import Actor, StepKey
from tests.api.conftest import Api, project
from tests.support.people import EVERYBODY

MACHINE = Actor("system:milepost")
DOCUMENT: dict[str, Any] = {
    "key": "onboarding",
    "title": "Onboarding",
    "inputs": [{"key": "mail", "title": "Mail", "kind": "email"}],
    "roles": [
        {"key": "seller", "title": "Seller", "lead": "boss"},
        {"key": "boss", "title": "Boss"},
        {"key": "customer", "title": "Customer", "guest": True, "email_from": "mail"},
    ],
    "stages": [{"key": "start", "title": "Start", "steps": [
        {"key": "contract", "title": "Sign the contract", "role": "seller"},
        {"key": "welcome", "title": "Welcome", "kind": "email", "after": [], "email": {
            "to": ["{mail}"], "subject": "Hi", "body": "Hello", "guest_link": True}},
        {"key": "reply", "title": "Reply", "role": "customer", "kind": "form", "after": ["welcome"]},
    ]}],
    "digest": {"offset": 1, "to": ["{role.boss}"]},
}  # fmt: skip


@pytest.fixture
def run(api: Api) -> str:
    """A run in a project, whose seller has no mail address and whose boss is nobody; its id."""
    api.publish(DOCUMENT)
    for who, more in (("dana", {"email": "dana@acme.example"}), ("yuki", {})):
        assert api.client.post(
            "/v1/people", json={"person": who, "name": who.capitalize(), **more}
        ).is_success
    columns = [{"key": "start", "title": "Start"}]
    opened = api.client.post(
        "/v1/projects", json={"name": "C", "owner": "person:dana", "stages": columns}
    ).json()
    roles = {"seller": "person:yuki", "customer": "guest:champion"}
    return api.start(project=opened["id"], roles=roles, inputs={"mail": "ada@nordwind.example"})


def done(api: Api, run: str, decision: Any, *args: Any, **named: Any) -> None:
    """The machine does something."""
    at = api.services.clock()

    def decide(state: Run | None) -> Sequence[Event]:
        assert state is not None
        definition = api.services.app.definition(state.process, state.process_version)
        wants = () if decision in (start_action, reach_nobody) else (definition,)
        found: Sequence[Event] = decision(state, *wants, *args, by=MACHINE, at=at, **named)
        return found

    api.services.app.execute(RUN, UUID(run), decide)


def _as_it_is(events: Sequence[Event], _: Run | None) -> Sequence[Event]:
    return events


def rows(api: Api, *kinds: str) -> list[dict[str, Any]]:
    """What needs attention, of these kinds."""
    project(api.database, api.services.log)
    told = api.client.get("/v1/attention").json()["rows"]
    return [row for row in told if row["kind"] in kinds]


def sent(api: Api, run: str, to: str | None = None) -> None:
    """The welcome mail with the guest's link goes out, to this address where it matters."""
    done(api, run, start_action, StepKey("welcome"), 1, "email", key="k")
    done(
        api,
        run,
        succeed_action,
        StepKey("welcome"),
        1,
        "email",
        "sent",
        None if to is None else f"delivered {tag_of(to)}",
        calendar=Calendar(),
        directory=EVERYBODY,
    )


def test_a_reminder_says_who_is_told_and_how(api: Api, run: str):
    """In the inbox only where there is no address; whoever does not see the run's values sees no address."""
    told = api.client.post(f"/v1/runs/{run}/steps/contract/remind", json={}).json()
    assert told["told"] == [{"who": "person:yuki", "name": "Yuki", "how": "inbox", "address": None}]
    project(api.database, api.services.log)
    (row,) = api.client.get("/v1/inbox?person=person:yuki").json()["rows"]
    assert (row["step"], row["reminded_by"]) == ("contract", "person:dana")
    sent(api, run)
    kept = api.client.post(f"/v1/runs/{run}/steps/reply/remind", json={}).json()["told"]
    api.services.sends_mails = True
    (guest,) = api.client.post(f"/v1/runs/{run}/steps/reply/remind", json={}).json()["told"]
    assert (kept[0]["how"], guest["how"], guest["address"]) == ("outbox", "mail", "ada@nordwind.example")
    with api.as_("person:eve", "read", "work") as eve:
        answer = eve.post(f"/v1/runs/{run}/steps/reply/remind", json={})
        assert "ada@" not in answer.text


def test_attention_lists_whoever_was_not_told_until_that_is_mended(api: Api, run: str):
    """It says who lacks what, offers to enter it, and is silent once the next mail would arrive."""
    api.client.post(f"/v1/runs/{run}/steps/contract/remind", json={})
    project(api.database, api.services.log)
    (action,) = (
        row["action"] for row in api.client.get("/v1/actions").json()["rows"] if row["step"] == "contract"
    )
    done(api, run, start_action, StepKey("contract"), 1, action, key="k")
    done(api, run, reach_nobody, StepKey("contract"), 1, action, "Yuki has no mail address", ["person:yuki"])
    (row,) = (row for row in rows(api, "not_told") if row["step"] == "contract")
    assert row["why"] == "Sign the contract is to be done, and nobody was told: Yuki has no mail address"
    (listed,) = api.client.get("/v1/outbox?state=unsent").json()["rows"]
    assert listed["reason"] == "Yuki has no mail address"
    fix = row["action"]
    assert fix["asks"] == ["email"]
    mended = api.client.request(fix["method"], fix["href"], json={"email": "yuki@acme.example"})
    assert mended.is_success, mended.text
    assert [row["step"] for row in rows(api, "not_told")] == []


def test_attention_lists_whom_of_several_a_mail_did_not_reach(api: Api, run: str):
    """Everybody who is here and has no address is named, until they have one; whoever has left is not."""
    assert api.client.post("/v1/people", json={"person": "kim", "name": "Kim"}).is_success
    at = api.services.clock()
    lost = {"mention:1": ["person:nobody"], "escalation": ["person:yuki", "person:kim"]}
    for action, whom in lost.items():
        queued = [ActionQueued(step=StepKey("contract"), action=action, kind="email", by=MACHINE, at=at)]
        api.services.app.execute(RUN, UUID(run), partial(_as_it_is, queued))
        named = (StepKey("contract"), 1, action)
        done(api, run, start_action, *named, key=action)
        why = f"no address: {len(whom)}"
        done(
            api,
            run,
            succeed_action,
            *named,
            "sent",
            calendar=Calendar(),
            directory=EVERYBODY,
            reason=why,
            whom=whom,
        )
    (row,) = rows(api, "not_told")
    said = "Sign the contract is long overdue, and not everybody was told: "
    assert (row["why"], row["action"]["verb"]) == (f"{said}Yuki and Kim have no mail address", "address")
    (listed,) = api.client.get("/v1/outbox?state=sent&limit=1").json()["rows"]
    assert listed["reason"] == "no address: 2"
    for who, left in (("yuki", [f"{said}Kim has no mail address"]), ("kim", [])):
        email = {"email": f"{who}@acme.example"}
        assert api.client.post(f"/v1/people/{who}/change", json=email).is_success
        assert [row["why"] for row in rows(api, "not_told")] == left


def test_attention_lists_a_guest_whose_link_is_over(api: Api, run: str):
    """Whoever waits for a guest hears that the guest cannot come in; a reminder brings another link."""
    assert rows(api, "not_told", "waiting_outside") == []
    sent(api, run)
    assert rows(api, "not_told", "waiting_outside") == []
    api.services.clock = lambda: datetime.now(UTC) + timedelta(days=31)
    (row,) = rows(api, "not_told", "waiting_outside")
    assert (row["step"], "no link" in row["why"], row["action"]["verb"]) == ("reply", True, "nudge")
    assert api.client.request(row["action"]["method"], row["action"]["href"], json={}).is_success
    (row,) = rows(api, "not_told", "waiting_outside")
    assert "no link" not in row["why"]


def test_attention_lists_a_guest_whose_link_went_to_another_address(api: Api, run: str):
    """The link is for the address that it was sent to: who leads the run is asked whether the new one is theirs."""
    sent(api, run, "ada@nordwind.example")
    assert rows(api, "not_told", "waiting_outside") == []
    inputs = {"inputs": {"mail": "eve@nordwind.example"}}
    with api.as_("person:bo", "read", "work", "manage") as bo:
        assert bo.post(f"/v1/runs/{run}/inputs", json=inputs).is_success
    (row,) = rows(api, "incident")
    assert (row["action"]["verb"], row["action"]["asks"]) == ("confirm-guest-address", ["role", "address"])
    inputs = {"inputs": {"mail": "ADA@nordwind.example"}}
    assert api.client.post(f"/v1/runs/{run}/inputs", json=inputs).is_success
    assert rows(api, "not_told", "waiting_outside", "incident") == []
    inputs = {"inputs": {"mail": "eve@nordwind.example"}}
    assert api.client.post(
        f"/v1/runs/{run}/inputs", json=inputs
    ).is_success  # by who leads it: a link is on its way
    assert rows(api, "not_told", "waiting_outside", "incident") == []


def test_the_mail_that_brings_a_guest_in_is_offered_no_other_address(api: Api, run: str):
    """Attention proposes what is taken: the address is corrected in the run, then the mail is tried again."""
    done(api, run, start_action, StepKey("welcome"), 1, "email", key="k")
    why = ("Customer has no mail address",)
    done(api, run, fail_action, StepKey("welcome"), 1, "email", *why, problem="no_address", permanent=True)
    (row,) = rows(api, "incident")
    assert (row["step"], row["action"]["verb"]) == ("welcome", "retry")
    (listed,) = api.client.get("/v1/incidents").json()["rows"]
    assert listed["leads_to"] == "reply"
    refused = api.client.post(
        f"/v1/runs/{run}/incidents/{listed['incident']}/edit", json={"changes": {"to": ["eve@evil.example"]}}
    )
    assert refused.json()["code"] == "other_receiver"
    assert api.client.request(row["action"]["method"], row["action"]["href"], json={}).is_success


def test_attention_lists_a_mail_of_the_run_that_nobody_got(api: Api, run: str):
    """An incident of a digest belongs to no step, and is listed all the same, with the way to mend it."""
    at = api.services.clock()
    queued = ActionQueued(action="digest:1", kind="email", facts={"since": at.isoformat()}, by=MACHINE, at=at)
    api.services.app.execute(RUN, UUID(run), lambda _state: [queued])
    done(api, run, start_action, None, 1, "digest:1", key="k")
    done(api, run, fail_action, None, 1, "digest:1", "nobody", problem="no_address", permanent=True)
    (row,) = rows(api, "incident")
    assert (row["step"], row["action"]["verb"]) == (None, "edit")
    body = {"changes": {"to": ["dana@acme.example"]}}
    assert api.client.request(row["action"]["method"], row["action"]["href"], json=body).is_success
    assert rows(api, "incident") == []


def test_an_automatic_step_tells_of_every_try(api: Api, run: str):
    """From the first failure on: how often, when and why it failed, and when the next try is; not why to outsiders."""

    def welcome(client: Any) -> dict[str, Any]:
        project(api.database, api.services.log)
        stages = client.get(f"/v1/runs/{run}").json()["stages"]
        (step,) = (step for stage in stages for step in stage["steps"] if step["key"] == "welcome")
        (action,) = step["actions"]
        found: dict[str, Any] = action
        return found

    assert (welcome(api.client)["state"], welcome(api.client)["attempt"]) == ("queued", 0)
    done(api, run, start_action, StepKey("welcome"), 1, "email", key="k")
    done(api, run, fail_action, StepKey("welcome"), 1, "email", "the mail server is away")
    seen = welcome(api.client)
    assert (seen["state"], seen["attempt"], seen["reason"]) == ("failed", 1, "the mail server is away")
    tried, following = (datetime.fromisoformat(seen[name]) for name in ("changed_at", "next_at"))
    assert timedelta(seconds=1) <= following - tried <= timedelta(seconds=1.2)
    place = api.client.get(f"/v1/runs/{run}").json()["project"]
    viewer = {"member": "person:eve", "access": "viewer"}
    assert api.client.post(f"/v1/projects/{place}/members", json=viewer).is_success
    with api.as_("person:eve", "read") as eve:
        assert (welcome(eve)["attempt"], welcome(eve)["reason"]) == (1, None)
    api.services.clock = lambda: datetime.now(UTC) + timedelta(minutes=1)
    sent(api, run)
    assert (welcome(api.client)["state"], welcome(api.client)["attempt"]) == ("succeeded", 2)
