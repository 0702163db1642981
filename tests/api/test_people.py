"""People, groups and who gets a step, over HTTP."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import pytest

from application.directory import Directories
from projections.queries import owner_deactivated
from tests.api.conftest import DANA, PROCESS, Api, project


@pytest.fixture(autouse=True)
def _nobody_is_welcome_unasked(api: Api) -> None:
    """These tests are about who exists: strangers do not."""
    api.services.app.directories = Directories(api.services.log)


STAGES = [{"key": "sold", "title": "Sold"}]
ASKER = {"key": "asker", "title": "Asker", "from_input": "who"}


def add(api: Api, *people: str, group: str | None = "legal", manager: str | None = None) -> None:
    """People, and a group that they are all in."""
    if group:
        ok(api.client.post("/v1/groups", json={"group": group, "title": group.title()}))
    for key in people:
        ok(api.client.post("/v1/people", json={"person": key, "name": key.title(), "manager": manager}))
        if group:
            ok(api.client.post(f"/v1/groups/{group}/add-member", json={"member": f"person:{key}"}))


def ok(answer: httpx.Response) -> Any:
    """What was answered, which is a success."""
    assert answer.is_success, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int = 409) -> str:
    """The code of a refusal."""
    assert answer.status_code == status, answer.text
    code: str = answer.json()["code"]
    return code


def publish(api: Api, role: dict[str, Any], **step: Any) -> None:
    """A process whose one role is filled by this rule."""
    document = {
        **PROCESS,
        "inputs": [{"key": "who", "title": "Who", "kind": "person"}],
        "roles": [ASKER, {"key": "seller", "title": "Seller", **role}],
        "stages": [{"key": "start", "title": "Start", "steps": [
            {"key": "contract", "title": "Sign", "role": "seller", **step},
            {"key": "go", "title": "Go", "role": "seller"},
        ]}],
    }  # fmt: skip
    api.publish(document)


def start(api: Api, **more: Any) -> str:
    """Start a run in which nobody is named; its id."""
    run: str = ok(api.client.post("/v1/runs", json={"process": "onboarding", "name": "Acme", **more}))["id"]
    return run


def who(api: Api, run: str, step: str = "contract") -> str | None:
    """Whose work the step is."""
    project(api.database, api.services.log)
    stages = ok(api.client.get(f"/v1/runs/{run}"))["stages"]
    found: str | None = next(
        each["assignee"] for stage in stages for each in stage["steps"] if each["key"] == step
    )
    return found


def test_people_and_groups_are_added_and_shown(api: Api):
    """What was told is answered again, with names; a change keeps what it does not name."""
    add(api, "dana", "bo")
    ok(api.client.post("/v1/people/bo/change", json={"manager": "person:dana", "weekly_hours": 32.0}))
    ok(api.client.post("/v1/people/bo/change", json={"email": "bo@x.org"}))
    ok(api.client.post("/v1/people/bo/change", json={"weekly_hours": None}))
    project(api.database, api.services.log)
    bo = ok(api.client.get("/v1/people/bo"))["person"]
    assert (bo["name"], bo["manager_name"], bo["email"], bo["weekly_hours"]) == (
        "Bo",
        "Dana",
        "bo@x.org",
        None,
    )
    assert bo["groups"] == ["group:legal"]
    legal = ok(api.client.get("/v1/groups/legal"))["group"]
    assert [member["name"] for member in legal["members"]] == ["Dana", "Bo"]
    assert [row["person"] for row in ok(api.client.get("/v1/people"))["rows"]] == ["person:bo", "person:dana"]
    assert refused(api.client.get("/v1/people/nobody"), 404) == "unknown_person"
    assert refused(api.client.get("/v1/groups/%00"), 404) == "not_found"


def test_wrong_people_are_refused(api: Api):
    """Circles of managers, strangers as members and people added twice record nothing."""
    add(api, "dana")
    add(api, "bo", group=None, manager="person:dana")
    head = api.head
    circle = api.client.post("/v1/people/dana/change", json={"manager": "person:bo"})
    assert refused(circle) == "manager_cycle"
    assert (
        refused(api.client.post("/v1/groups/legal/add-member", json={"member": "person:eve"}))
        == "unknown_person"
    )
    assert refused(api.client.post("/v1/people", json={"person": "bo", "name": "Other"})) == "already_added"
    assert refused(api.client.post("/v1/people", json={"person": "Bo", "name": "Bo"}), 422) == "invalid"
    assert (
        refused(api.client.post("/v1/people/nobody/deactivate", json={"reason": "x"}), 404)
        == "unknown_person"
    )
    assert api.head == head


def test_exactly_one_of_fifty_claims_a_step(api: Api):
    """Whoever is first has it; everybody else is told who that is, and nothing else is recorded."""
    keys = [f"p{number}" for number in range(50)]
    add(api, *keys)
    publish(api, {"group": "legal"})
    run = start(api)
    clients = [api.as_(f"person:{key}") for key in keys]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda each: each.post(f"/v1/runs/{run}/steps/contract/claim"), clients))
    for client in clients:
        client.close()
    won = [key for key, answer in zip(keys, answers, strict=True) if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.json().get("claimed_by") for answer in answers if answer.status_code == 409} == {
        f"person:{won[0]}"
    }
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
    assert who(api, run) == f"person:{won[0]}"


def test_a_step_of_a_group_is_in_the_inbox_of_its_members(api: Api):
    """Members see it as theirs to claim; once somebody has it, only they do, until they give it back."""
    add(api, "bo", "cy")
    publish(api, {"group": "legal"})
    run = start(api)
    assert inbox(api, "person:bo") == inbox(api, "person:cy") == [("contract", True)]
    assert inbox(api, "person:eve") == []
    with api.as_("person:bo") as bo, api.as_("person:eve") as eve:
        assert eve.post(f"/v1/runs/{run}/steps/contract/claim").json()["code"] == "not_allowed"
        ok(bo.post(f"/v1/runs/{run}/steps/contract/claim"))
        assert (inbox(api, "person:bo"), inbox(api, "person:cy")) == ([("contract", False)], [])
        assert eve.post(f"/v1/runs/{run}/steps/contract/release").json()["code"] == "not_allowed"
        ok(bo.post(f"/v1/runs/{run}/steps/contract/release", json={"reason": "Away"}))
    assert inbox(api, "person:cy") == [("contract", True)]


def inbox(api: Api, person: str) -> list[tuple[str, bool]]:
    """The steps in somebody's inbox, and whether they are to be claimed."""
    project(api.database, api.services.log)
    rows = ok(api.client.get("/v1/inbox", params={"person": person}))["rows"]
    return [(row["step"], row["claimable"]) for row in rows]


def test_turns_go_round_also_when_nobody_waits(api: Api):
    """Runs that start at once are shared out evenly, although no read model knows of them yet."""
    add(api, "bo", "cy", "di")
    publish(api, {"group": "legal", "assign": "round_robin"})
    with ThreadPoolExecutor(6) as threads:
        runs = list(threads.map(lambda _: start(api), range(9)))
    project(api.database, api.services.log)
    runs += [start(api) for _ in range(3)]
    assert Counter(who(api, run) for run in runs) == {f"person:{key}": 4 for key in ("bo", "cy", "di")}
    assert all(who(api, run, "go") in (None, who(api, run)) for run in runs)


def test_the_least_loaded_gets_the_next_run(api: Api):
    """Open work counts, wherever it comes from; only that of test runs does not."""
    add(api, "bo", "cy")
    publish(api, {"group": "legal", "assign": "least_loaded"})
    first = start(api, roles={"seller": "person:bo"})
    assert who(api, first) == "person:bo"
    for _ in range(3):
        start(api, roles={"seller": "person:cy"}, test=True)
    project(api.database, api.services.log)
    people = {row["person"]: row["open_work"] for row in ok(api.client.get("/v1/people"))["rows"]}
    assert people == {"person:bo": 1, "person:cy": 0}, "a test run is nobody's work"
    assert who(api, start(api)) == "person:cy"
    assert Counter(who(api, start(api)) for _ in range(4)) == {"person:bo": 2, "person:cy": 2}


def test_a_run_does_not_start_when_a_rule_finds_nobody(api: Api):
    """The refusal names the role; nothing is stored; with somebody named it starts."""
    add(api, "bo")
    publish(api, {"group": "sales"})
    told = ok(api.client.post("/v1/processes/onboarding/publish", json={"note": "Again"}))
    assert [(each["role"], each["group"]) for each in told["warnings"]] == [("seller", "group:sales")]
    head = api.head
    refusal = api.client.post("/v1/runs", json={"process": "onboarding"})
    assert (refused(refusal), refusal.json()["role"], api.head) == ("nobody_found", "seller", head)
    start(api, roles={"seller": "person:bo"})


def test_the_manager_of_a_person_in_a_field_gets_the_step(api: Api):
    """Also when the person becomes known later, and when the person changes."""
    add(api, "dana", "max", group=None)
    add(api, "bo", group=None, manager="person:dana")
    add(api, "cy", group=None, manager="person:max")
    publish(api, {"manager_of": "asker"})
    run = start(api)
    assert who(api, run) is None
    ok(api.client.post(f"/v1/runs/{run}/inputs", json={"inputs": {"who": "person:bo"}}))
    assert who(api, run) == "person:dana"
    ok(api.client.post(f"/v1/runs/{run}/inputs", json={"inputs": {"who": "person:cy"}}))
    assert who(api, run) == "person:max"


def test_who_left_gets_nothing(api: Api):
    """Neither by a rule, nor by name, nor by claiming; and no run names them."""
    add(api, "bo", "cy")
    publish(api, {"group": "legal"})
    run = start(api)
    with api.as_("person:bo") as bo:
        ok(api.client.post("/v1/people/bo/deactivate", json={"reason": "Left"}))
        assert bo.post(f"/v1/runs/{run}/steps/contract/claim").status_code == 401
    assigned = api.client.post(f"/v1/runs/{run}/steps/contract/assign", json={"assignee": "person:bo"})
    assert refused(assigned) == "person_deactivated"
    named = api.client.post("/v1/runs", json={"process": "onboarding", "roles": {"seller": "person:bo"}})
    assert refused(named) == "person_deactivated"
    ok(api.client.post("/v1/people/bo/reactivate"))
    ok(api.client.post(f"/v1/runs/{run}/steps/contract/assign", json={"assignee": "person:bo"}))


def test_everybody_of_the_group_has_to_agree(api: Api):
    """``needs: all`` waits for each active member; others are turned away; who agreed no longer has it in the inbox."""
    add(api, "bo", "cy", "di", "ed")
    ok(api.client.post("/v1/people/ed/deactivate", json={"reason": "Left"}))
    publish(api, {"group": "legal"}, kind="approval", approval={"needs": "all"})
    run = start(api)
    path = f"/v1/runs/{run}/steps/contract/approve"
    with (
        api.as_("person:bo") as bo,
        api.as_("person:cy") as cy,
        api.as_("person:di") as di,
        api.as_("person:eve") as eve,
    ):
        assert refused(bo.post(f"/v1/runs/{run}/steps/contract/claim")) == "not_claimable"
        assert eve.post(path).json()["code"] == "not_allowed"
        assert ok(bo.post(path))["events"] == ["approval_given"]
        assert (inbox(api, "person:bo"), inbox(api, "person:cy")) == ([], [("contract", False)])
        assert ok(cy.post(path))["events"] == ["approval_given"]
        assert "step_completed" in ok(di.post(path))["events"]


def test_work_of_who_left_is_found(api: Api):
    """Open work of somebody who left, and of a group that nobody is in any more, says so."""
    add(api, "bo", "cy")
    publish(api, {"group": "legal"})
    start(api, roles={"seller": "person:bo"})
    start(api)
    for key in ("bo", "cy"):
        ok(api.client.post(f"/v1/people/{key}/deactivate", json={"reason": "Left in May"}))
    project(api.database, api.services.log)
    with api.services.pool.connection() as connection:
        found = owner_deactivated(connection)
        assert owner_deactivated(connection, UUID(int=7)) == []
    assert {(row.who, row.why) for row in found} == {
        ("person:bo", "Bo left: Left in May"),
        ("group:legal", "nobody is in Legal"),
    }


@pytest.fixture
def busy(api: Api) -> tuple[Api, list[str]]:
    """Bo has the seller's part in three runs, a step given by name in a fourth, and a task."""
    add(api, "dana", "bo", "cy", group=None)
    publish(api, {})
    runs = [start(api, roles={"seller": "person:bo"}) for _ in range(3)]
    other = start(api, roles={"seller": "person:cy"})
    ok(
        api.client.post(
            f"/v1/runs/{other}/steps/go/assign", json={"assignee": "person:bo", "reason": "Knows it"}
        )
    )
    opened = {"name": "P", "stages": [{"key": "todo", "title": "To do"}]}
    board = ok(api.client.post("/v1/projects", json=opened))["id"]
    task = {"project": board, "title": "Call", "stage": "todo", "assignee": "person:bo"}
    ok(api.client.post("/v1/tasks", json=task))
    project(api.database, api.services.log)
    return api, [*runs, other]


def test_all_of_somebodys_work_is_handed_over(busy: tuple[Api, list[str]]):
    """Roles, steps and tasks move, each by an event of its own; asking again changes nothing."""
    api, runs = busy
    told = ok(api.client.post("/v1/people/bo/hand-over", json={"to": "person:dana", "reason": "Bo left"}))
    assert (len(told["moved"]), told["failed"], told["left"]) == (5, [], 0)
    assert {who(api, run) for run in runs[:3]} == {"person:dana"}
    assert (who(api, runs[3]), who(api, runs[3], "go")) == ("person:cy", "person:dana")
    head = api.head
    again = ok(api.client.post("/v1/people/bo/hand-over", json={"to": "person:dana", "reason": "Bo left"}))
    assert (again["moved"], again["failed"], api.head) == ([], [], head)
    assert [row["kind"] for row in ok(api.client.get("/v1/inbox", params={"person": DANA}))["rows"]].count(
        "task"
    ) == 1


def test_what_cannot_be_handed_over_is_told(api: Api):
    """An approval of their own work stays where it is, and the answer says why."""
    add(api, "dana", "bo", group=None)
    publish(api, {})
    check = {
        "key": "check",
        "title": "Check",
        "role": "seller",
        "kind": "approval",
        "approval": {"covers": ["draft"]},
    }
    steps = [{"key": "draft", "title": "Draft"}, check]
    document = {**PROCESS, "key": "checked", "stages": [{"key": "s", "title": "S", "steps": steps}]}
    api.publish(document)
    run = ok(api.client.post("/v1/runs", json={"process": "checked", "roles": {"seller": "person:bo"}}))["id"]
    ok(api.client.post(f"/v1/runs/{run}/steps/draft/complete"))
    project(api.database, api.services.log)
    told = ok(api.client.post("/v1/people/bo/hand-over", json={"to": DANA, "reason": "Away"}))
    assert [entry["role"] for entry in told["moved"]] == ["seller"]
    assert [(entry["step"], entry["code"]) for entry in told["failed"]] == [("check", "own_work")]
    assert (
        refused(api.client.post("/v1/people/bo/hand-over", json={"to": "person:bo", "reason": "x"}))
        == "same_person"
    )
    assert (
        refused(api.client.post("/v1/people/bo/hand-over", json={"to": "person:eve", "reason": "x"}))
        == "unknown_person"
    )


def test_a_stranger_is_refused_over_http_with_near_names(api: Api):
    """Wherever a request names somebody: the answer says who may have been meant, and nothing is recorded."""
    add(api, "dana", "yuki", group=None)
    ok(api.client.post("/v1/people/yuki/change", json={"name": "Yuki Tanaka"}))
    publish(api, {})
    project_id = ok(api.client.post("/v1/projects", json={"name": "Spring", "stages": STAGES}))["id"]
    card = {"project": project_id, "title": "Order gifts", "stage": "sold"}
    task, run = ok(api.client.post("/v1/tasks", json=card))["id"], start(api)
    ghost = "person:yuki-tanaka"
    head = api.head
    for path, body in (
        ("/v1/runs", {"process": "onboarding", "roles": {"seller": ghost}}),
        (f"/v1/runs/{run}/assign-role", {"role": "seller", "assignee": ghost}),
        (f"/v1/runs/{run}/steps/contract/assign", {"assignee": ghost}),
        (f"/v1/runs/{run}/comment", {"text": "Look", "mentions": [ghost]}),
        ("/v1/projects", {"name": "Summer", "stages": STAGES, "owner": ghost}),
        (f"/v1/projects/{project_id}/members", {"member": ghost, "access": "member"}),
        ("/v1/tasks", {**card, "assignee": ghost}),
        (f"/v1/tasks/{task}/assign", {"assignee": ghost}),
        (f"/v1/tasks/{task}/comment", {"text": "Look", "mentions": [ghost]}),
        ("/v1/tokens", {"actor": ghost, "scopes": ["read"]}),
    ):
        told = api.client.post(path, json=body)
        assert refused(told) == "unknown_person", path
        assert (told.json()["near"], "Yuki Tanaka (person:yuki)" in told.json()["detail"]) == (
            ["person:yuki"],
            True,
        )
    for path, body in (
        ("/v1/runs", {"process": "onboarding", "inputs": {"who": ghost}}),
        (f"/v1/runs/{run}/inputs", {"inputs": {"who": ghost}}),
    ):
        told = api.client.post(path, json=body)
        assert refused(told) == "invalid_values"
        assert told.json()["problems"][0]["problem"] == "stranger"
    assert api.head == head
