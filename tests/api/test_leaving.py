"""Who left is given nothing over HTTP, by whichever command: by name it is refused, by rule it is nobody's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Api, project
from tests.api.test_automation import PROCESS, get_run, get_stuck
from tests.api.test_people import add, ok, publish, refused, start

LAST = {"key": "last", "title": "Last", "role": "seller"}
BO = "person:bo"


def checks(after: list[str], *but: str) -> dict[str, Any]:
    """The process of checks, with a step of a person behind these."""
    stage = PROCESS["stages"][0]
    steps = [step for step in stage["steps"] if step["key"] not in but]
    return {**PROCESS, "stages": [{**stage, "steps": [*steps, {**LAST, "after": after}]}]}


@pytest.fixture
def left(api: Api) -> Api:
    """A server where Bo was, and has left."""
    add(api, "bo", group=None)
    return api


def leave(api: Api) -> None:
    """Bo leaves."""
    ok(api.client.post("/v1/people/bo/deactivate", json={"reason": "Left"}))


def begin(api: Api, document: dict[str, Any]) -> str:
    """A run of it in which Bo is the seller, who then leaves."""
    api.publish(document)
    run = api.start(process="check", roles={"seller": BO}, inputs={"reference": "R"})
    project(api.database, api.services.log)
    leave(api)
    return run


def last(api: Api, run: str) -> tuple[str, str | None]:
    """State and owner of the last step."""
    found = get_run(api, run).step("last")  # type: ignore[arg-type]  # its key
    return found.state, found.assignee


def test_an_event_from_outside_gives_them_nothing(left: Api):
    """The step that follows the wait is nobody's."""
    run = begin(left, checks(["report"]))
    told = {"event": "report.received", "id": "r-1", "run": run, "values": {"score": 7}}
    with left.as_("service:checks", "send_events") as client:
        ok(client.post("/v1/external-events", json=told))
    assert last(left, run) == ("ready", None)


def test_work_done_by_hand_gives_them_nothing(left: Api):
    """The step that follows the call is nobody's."""
    run = begin(left, checks(["call"]))
    path = f"/v1/runs/{run}/incidents/{get_stuck(left, run)}/done-by-hand"
    ok(left.client.post(path, json={"reason": "By phone", "values": {"account": "A-1"}}))
    assert last(left, run) == ("ready", None)


def test_another_version_gives_them_nothing(left: Api):
    """The step that waits for nothing any more is nobody's."""
    run = begin(left, checks(["report"]))
    left.publish(checks([]))
    ok(left.client.post(f"/v1/runs/{run}/migrate", json={"reason": "At once"}))
    assert last(left, run) == ("ready", None)


@pytest.fixture
def board(left: Api) -> str:
    """A project that Bo has left."""
    leave(left)
    opened = {"name": "P", "stages": [{"key": "open", "title": "Open"}]}
    found: str = ok(left.client.post("/v1/projects", json=opened))["id"]
    return found


def test_no_task_is_given_to_them(left: Api, board: str):
    """Neither a new one nor one that is there; nothing is stored."""
    body = {"project": board, "title": "Call", "stage": "open"}
    task = ok(left.client.post("/v1/tasks", json=body))["id"]
    head = left.head
    refusals: list[httpx.Response] = [
        left.client.post("/v1/tasks", json={**body, "assignee": BO}),
        left.client.post(f"/v1/tasks/{task}/assign", json={"assignee": BO}),
    ]
    assert [refused(each) for each in refusals] == ["person_deactivated"] * 2
    assert left.head == head


def test_no_recurring_work_names_them(left: Api, board: str):
    """Neither when it is set up nor when it is changed."""
    schedule = {"name": "Weekly", "cron": "0 9 * * MON", "time_zone": "UTC"}
    template = {"title": "Report", "stage": "open"}
    theirs = {**schedule, "template": {**template, "assignee": BO}}
    makes = {"makes": "task", "project": board}
    assert refused(left.client.post("/v1/recurrences", json={**theirs, **makes})) == "person_deactivated"
    made = ok(left.client.post("/v1/recurrences", json={**schedule, **makes, "template": template}))
    path = f"/v1/recurrences/{made['id']}/change"
    assert refused(left.client.post(path, json=theirs)) == "person_deactivated"


def test_their_work_is_in_the_list_and_can_be_given_away(left: Api):
    """A step and a task of somebody who left need somebody, with their dues; the request beside each gives it away."""
    left.publish(checks([]))
    opened = {"name": "P", "stages": [{"key": "work", "title": "Work"}], "owner": "person:dana"}
    place = ok(left.client.post("/v1/projects", json=opened))["id"]
    left.start(process="check", roles={"seller": BO}, inputs={"reference": "R"}, project=place)
    task = {"project": place, "title": "Call", "stage": "work", "assignee": BO, "due_on": "2030-03-04"}
    ok(left.client.post("/v1/tasks", json=task))
    leave(left)
    rows: list[dict[str, Any]] = []
    for path in ("/v1/attention", f"/v1/projects/{place}/attention"):
        rows = gone(left, path)
        assert [(row["card_kind"], row["step"], row["why"]) for row in rows] == [
            ("run", "last", "Bo left: Left"), ("task", None, "Bo left: Left"),
        ]  # fmt: skip
        assert rows[1]["due_at"] is not None
    for row in rows:
        fix = row["action"]
        reason = {"reason": "Bo left: Left"} if row["card_kind"] == "run" else {}
        assert fix["body"] == {"assignee": "person:dana", **reason}
        assert ok(left.client.request(fix["method"], fix["href"], json=fix["body"]))["events"]
    assert gone(left, "/v1/attention") == []


def test_an_owner_who_left_is_not_proposed(left: Api):
    """The work of a project's owner who left is given to nobody until somebody is named."""
    opened = {"name": "P", "stages": [{"key": "work", "title": "Work"}], "owner": BO}
    place = ok(left.client.post("/v1/projects", json=opened))["id"]
    ok(
        left.client.post(
            "/v1/tasks", json={"project": place, "title": "Call", "stage": "work", "assignee": BO}
        )
    )
    leave(left)
    [row] = gone(left, "/v1/attention")
    fix = row["action"]
    assert (fix["body"], fix["asks"]) == ({"assignee": None}, ["assignee"])
    assert ok(left.client.request(fix["method"], fix["href"], json=fix["body"]))["events"]


def gone(api: Api, path: str) -> list[dict[str, Any]]:
    """The rows of work whose owner left."""
    project(api.database, api.services.log)
    return [row for row in ok(api.client.get(path))["rows"] if row["kind"] == "owner_deactivated"]


@pytest.mark.parametrize("needs", ["all", 2])
def test_an_approval_that_waits_only_for_who_left_says_so(api: Api, needs: Any):
    """One who has agreed does so again, by the request beside it; two different ones stay two."""
    add(api, "bo", "cy")
    publish(api, {"group": "legal"}, kind="approval", approval={"needs": needs})
    run = start(api)
    with api.as_("person:cy") as cy:
        ok(cy.post(f"/v1/runs/{run}/steps/contract/approve"))
        assert agreed(api) == []
        leave(api)
        rows = agreed(api)
        if needs == 2:
            why = "Sign needs 2 approvals, and in Legal only Cy may give one"
            assert [(row["why"], row["action"]["href"]) for row in rows] == [
                (why, "/v1/groups/legal/add-member")
            ]
            return
        why = "Everybody who is left in Legal has agreed to Sign: Cy approves once more, and it is done"
        assert [row["why"] for row in rows] == [why]
        fix = rows[0]["action"]
        assert "step_completed" in ok(cy.request(fix["method"], fix["href"], json=fix["body"]))["events"]
    assert agreed(api) == []


@pytest.mark.parametrize("needs", ["any", "all", 2])
def test_an_approval_that_too_few_may_give_says_so_at_once(api: Api, needs: Any):
    """As soon as it is ready, for those in the group who did the work or skipped it do not judge it."""
    add(api, "bo", "cy")
    add(api, "di", group=None)
    roles = [{"key": "seller", "title": "Seller"}, {"key": "judge", "title": "Judge", "group": "legal"}]
    steps = [
        {"key": "draft", "title": "Draft", "role": "seller"},
        {"key": "check", "title": "Check", "role": "seller"},
        {"key": "sign", "title": "Sign", "kind": "approval", "role": "judge",
         "approval": {"covers": ["draft", "check"], "needs": needs}},
    ]  # fmt: skip
    api.publish({"key": "deal", "title": "Deal", "roles": roles,
                 "stages": [{"key": "work", "title": "Work", "steps": steps}]})  # fmt: skip
    opened = {"name": "P", "stages": [{"key": "work", "title": "Work"}], "owner": "person:di"}
    place = ok(api.client.post("/v1/projects", json=opened))["id"]
    run = api.start(process="deal", roles={"seller": "person:bo"}, project=place)
    with api.as_("person:bo") as bo, api.as_("person:cy") as cy:
        ok(bo.post(f"/v1/runs/{run}/steps/draft/complete"))
        assert agreed(api) == []
        ok(cy.post(f"/v1/runs/{run}/steps/check/skip", json={"reason": "Not needed"}))
        assert refused(cy.post(f"/v1/runs/{run}/steps/sign/approve")) == "own_work"
    [row] = agreed(api)
    assert row["why"] == "Nobody in Legal may approve Sign: all of them had a part in it"
    fix = row["action"]
    proposed = {"member": "person:di"} if needs == 2 else {"assignee": "person:di"}
    assert (fix["verb"], fix["body"]) == ("add-member" if needs == 2 else "assign", proposed)
    assert ok(api.client.request(fix["method"], fix["href"], json=fix["body"]))["events"]
    rows = agreed(api)
    if needs == 2:
        assert [row["why"] for row in rows] == ["Sign needs 2 approvals, and in Legal only Di may give one"]
        return
    assert rows == []
    with api.as_("person:di") as di:
        assert "run_completed" in ok(di.post(f"/v1/runs/{run}/steps/sign/approve"))["events"]


def test_an_approval_of_one_who_may_not_give_it_says_so_at_once(api: Api):
    """Nobody judges their own work, and nobody else has this: it is for somebody else, with the reason why."""
    add(api, "bo", "di", group=None)
    steps = [
        {"key": "draft", "title": "Draft", "role": "seller"},
        {"key": "sign", "title": "Sign", "kind": "approval", "role": "seller"},
    ]
    api.publish({"key": "deal", "title": "Deal", "roles": [{"key": "seller", "title": "Seller"}],
                 "stages": [{"key": "work", "title": "Work", "steps": steps}]})  # fmt: skip
    run = api.start(process="deal", roles={"seller": "person:bo"})
    with api.as_("person:bo") as bo:
        ok(bo.post(f"/v1/runs/{run}/steps/draft/complete"))
    [row] = agreed(api)
    assert row["why"] == "Bo may not approve Sign, having had a part in it"
    fix = row["action"]
    assert fix["body"] == {"assignee": None, "reason": "Nobody approves their own work"}
    ok(api.client.request(fix["method"], fix["href"], json={**fix["body"], "assignee": "person:di"}))
    assert agreed(api) == []


def agreed(api: Api) -> list[dict[str, Any]]:
    """The rows of approvals."""
    project(api.database, api.services.log)
    return [row for row in ok(api.client.get("/v1/attention"))["rows"] if row["kind"] == "approval"]
