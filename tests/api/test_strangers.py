"""What somebody tries who works in the house and has no tie to a run: by name, over HTTP, with real rights.

To a stranger the run is not there, in whatever they ask and whatever scopes their token has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.handling.verbs import Verb
from api.run.commands import RUN_VERBS
from api.run.step_commands import STEP_VERBS
from application.directory import Directories
from application.rights.gate import Gate
from milepost.up.first_person import appoint
from tests.api.conftest import DANA, Api, project

CANARY = "canary-4711"
WIDE = ("read", "work", "manage", "admin")
"""A token may be made with every scope: none of them is a right."""
LISTS = (
    "runs", "runs?format=csv", "projects", "attention", "home", "inbox?person=person:hal", "incidents", "actions",
    "calendar?person=person:hal", "search?q=Rosa", "events?after=0&limit=1000", "recurrences", "outbox",
)  # fmt: skip
DOCUMENT: dict[str, Any] = {
    "key": "hire",
    "title": "Hire",
    "owner": "person:dana",
    "roles": [{"key": "lead", "title": "Lead", "initiator": True}, {"key": "hr", "title": "HR"}],
    "inputs": [{"key": "mail", "title": "Mail", "kind": "email"}],
    "stages": [{"key": "in", "title": "In", "steps": [
        {"key": "talk", "title": "Talk", "role": "hr",
         "fields": [{"key": "pay", "title": "Pay", "kind": "text", "sensitive": True},
                    {"key": "note", "title": "Note", "kind": "text"}]},
        {"key": "judge", "title": "Judge", "kind": "approval", "role": "lead", "after": [], "approval": {"needs": 2}},
        {"key": "end", "title": "End", "role": "hr", "after": ["talk"]}]}],
}  # fmt: skip


@dataclass
class House:
    """A house with a project and a run in it that concern Ann, and a stranger who works there too."""

    api: Api
    place: str
    run: str
    stranger: httpx.Client

    def get(self, path: str) -> httpx.Response:
        """What the stranger is answered."""
        return self.stranger.get(path)


@pytest.fixture
def house(api: Api) -> Iterator[House]:
    """Everything is granted as it is in a real house."""
    api.add("dana", "ann", "hal", "eve", "vic")
    appoint(api.services.log, DANA, "administrator", "The first person of this house")
    api.services.app.directories = Directories(api.services.log)
    api.services.app.gate = Gate(api.services.app)
    api.services.leases.forget_all()
    api.publish(DOCUMENT)
    body = {"name": "Spring", "owner": "person:ann", "stages": [{"key": "in", "title": "In"}]}
    place = ok(api.client.post("/v1/projects", json=body))["id"]
    for who, access in (("person:vic", "viewer"), ("person:hal", "member")):
        ok(api.client.post(f"/v1/projects/{place}/members", json={"member": who, "access": access}))
    told = {"process": "hire", "name": "Rosa", "project": place, "roles": {"lead": "person:ann", "hr": "person:hal"},
            "inputs": {"mail": "rosa@home.example"}}  # fmt: skip
    with api.as_("person:ann", *WIDE) as ann, api.as_("person:hal", "read", "work") as hal:
        run = ok(ann.post("/v1/runs", json=told))["id"]
        ok(hal.post(f"/v1/runs/{run}/steps/talk/save", json={"values": {"pay": CANARY, "note": CANARY}}))
    project(api.database, api.services.log)
    with api.as_("person:eve", *WIDE) as stranger:
        yield House(api, place, run, stranger)


def ok(answer: httpx.Response) -> Any:
    """What was answered, which is a success."""
    assert answer.is_success, answer.text
    return answer.json()


def test_a_stranger_orders_nothing(house: House) -> None:
    """Every verb of a run and of its steps: there is no such run, and nothing is stored."""
    head = house.api.head
    orders: list[tuple[str, Verb[Any, Any]]] = [
        (f"/v1/runs/{house.run}/{verb.name}", verb) for verb in RUN_VERBS
    ]
    orders += [
        (f"/v1/runs/{house.run}/steps/{step}/{verb.name}", verb)
        for step in ("talk", "judge")
        for verb in STEP_VERBS
    ]
    assert len(orders) > 40
    for path, verb in orders:
        answer = house.stranger.post(path, json=verb.example)
        assert answer.status_code in (404, 422), (path, answer.text)
        assert answer.json()["code"] in ("unknown_run", "unknown_file", "invalid"), (path, answer.text)
    assert house.api.head == head


def test_a_stranger_assigns_itself_no_role(house: House) -> None:
    """Neither in the run nor in its project, and so reads no value."""
    role = {"role": "hr", "assignee": "person:eve", "reason": "For me"}
    assert house.stranger.post(f"/v1/runs/{house.run}/assign-role", json=role).status_code == 404
    member = {"member": "person:eve", "access": "manager"}
    assert house.stranger.post(f"/v1/projects/{house.place}/members", json=member).status_code == 404
    assert house.get(f"/v1/runs/{house.run}").status_code == 404


def test_a_lead_gives_itself_no_role_that_sees_sealed_values(house: House) -> None:
    """Ann leads the run and does not read the pay: neither by taking the role of HR nor by taking the step."""
    with house.api.as_("person:ann", *WIDE) as ann:
        role = {"role": "hr", "assignee": "person:ann", "reason": "For me"}
        step = {"assignee": "person:ann", "reason": "For me"}
        for path, body in (("assign-role", role), ("steps/talk/assign", step)):
            refused = ann.post(f"/v1/runs/{house.run}/{path}", json=body)
            assert (refused.status_code, refused.json()["code"]) == (409, "own_grant"), refused.text
        assert '"pay":"•••"' in ann.get(f"/v1/runs/{house.run}").text


def test_nothing_that_a_stranger_reads_tells_of_the_run(house: House) -> None:
    """Lists, search, feeds and streams name neither the run nor the project; single addresses are not there."""
    for path in LISTS:
        answer = house.get(f"/v1/{path}")
        assert answer.status_code == 200, (path, answer.text)
        for told in (house.run, house.place, CANARY, '"Rosa"', '"Spring"'):
            assert told not in answer.text.replace('"query":"Rosa"', ""), (path, told)
    of_run = [
        f"runs/{house.run}",
        *(f"runs/{house.run}/{part}" for part in ("history", "forecast", "levers", "guests")),
    ]
    of_place = [
        f"projects/{house.place}/{part}"
        for part in ("board", "list", "timeline", "attention", "funnel", "since")
    ]
    asked = [
        f"{path}?project={house.place}" for path in ("calendar", "workload", "runs", "incidents", "attention")
    ]
    for path in (*of_run, *of_place, *asked):
        assert house.get(f"/v1/{path}").status_code == 404, path


def test_what_is_not_theirs_and_what_is_not_there_are_answered_alike(house: House) -> None:
    """But for the id."""
    nobody = "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"
    for path in ("/v1/runs/{}", "/v1/runs/{}/history", "/v1/projects/{}/board"):
        theirs, none = (
            house.get(path.format(id_)) for id_ in (house.run if "runs" in path else house.place, nobody)
        )
        assert theirs.status_code == none.status_code == 404
        assert theirs.json()["code"] == none.json()["code"]


def test_a_viewer_adds_nothing_and_sees_no_value(house: House) -> None:
    """They see the board and how the run goes."""
    with house.api.as_("person:vic", *WIDE) as viewer:
        assert viewer.get(f"/v1/projects/{house.place}/board").status_code == 200
        task = {"project": house.place, "title": "Mine", "stage": "in"}
        refused = viewer.post("/v1/tasks", json=task)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        assert CANARY not in viewer.get(f"/v1/runs/{house.run}").text
        assert CANARY not in viewer.get(f"/v1/runs/{house.run}/history").text


def test_every_scope_without_a_role_administers_nothing(house: House) -> None:
    """Nobody is deactivated, renamed, granted anything or taken back by who is no administrator."""
    head = house.api.head
    for path, body in (
        ("people/hal/deactivate", {"reason": "Because"}),
        ("people/hal/change", {"email": "eve@evil.example"}),
        ("people/eve/grant-role", {"role": "administrator", "reason": "For me"}),
        ("people", {"person": "mallory", "name": "Mallory"}),
        ("groups", {"group": "crew", "title": "Crew"}),
        ("tokens", {"actor": "person:ann", "scopes": ["read", "work"]}),
    ):
        answer = house.stranger.post(f"/v1/{path}", json=body)
        assert answer.status_code == 403, (path, answer.text)
    assert house.api.head == head


def test_who_was_deactivated_does_not_take_themselves_back(house: House) -> None:
    """Their token opens nothing any more."""
    ok(house.api.client.post("/v1/people/eve/deactivate", json={"reason": "Left"}))
    assert house.stranger.post("/v1/people/eve/reactivate", json={}).status_code == 401


def test_the_owner_of_a_project_adds_members_without_managing_the_house(house: House) -> None:
    """With the scope work alone."""
    with house.api.as_("person:ann", "read", "work") as ann:
        added = ann.post(
            f"/v1/projects/{house.place}/members", json={"member": "person:eve", "access": "viewer"}
        )
        assert added.status_code == 200, added.text
    assert house.get(f"/v1/projects/{house.place}/board").status_code in (200, 503)


def test_what_is_taken_away_is_gone_with_the_next_request(house: House) -> None:
    """Though no read model knows it yet: from the board, the lists, the search and the feed."""
    with house.api.as_("person:vic", "read") as viewer:
        assert house.run in viewer.get("/v1/runs").text
        away = {"member": "person:vic"}
        ok(house.api.client.post(f"/v1/projects/{house.place}/remove-member", json=away))
        for path in ("runs", "projects", "search?q=Rosa", "events?after=0&limit=1000"):
            assert house.run not in viewer.get(f"/v1/{path}").text, path
        assert viewer.get(f"/v1/projects/{house.place}/board").status_code == 404


def test_one_token_does_not_give_both_approvals(house: House) -> None:
    """A program that may act as anybody judges once, in whosever name."""
    with house.api.as_("service:crm", "read", "work", "act_as") as program:
        answers = [
            program.post(
                f"/v1/runs/{house.run}/steps/judge/approve", json={}, headers={"Milepost-Actor": who}
            )
            for who in ("service:one", "service:two", "service:three", "person:ann")
        ]
    assert [answer.status_code for answer in answers[:3]] == [404, 404, 404]
    assert house.api.client.get(f"/v1/runs/{house.run}").json()["state"] == "running"
