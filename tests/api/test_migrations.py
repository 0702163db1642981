"""Migration of running runs over HTTP: the plan before publishing, one run, many runs, what was refused, the digest."""

from __future__ import annotations

import copy
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.api.conftest import PROCESS, Api, project
from tests.support.people import letting
from workers.migrations import Migrations

NEXT: dict[str, Any] = copy.deepcopy(PROCESS)
NEXT["stages"][0]["steps"].insert(0, {"key": "check", "title": "Check the customer", "role": "seller"})
NEXT["stages"][1]["title"] = "In use"


def draft(api: Api, document: dict[str, Any] = NEXT) -> None:
    """Write the draft of the next version."""
    assert api.client.put("/v1/processes/onboarding/draft", json=document).status_code == 200


def publish(api: Api, document: dict[str, Any] = NEXT) -> None:
    """Publish the next version."""
    draft(api, document)
    assert (
        api.client.post("/v1/processes/onboarding/publish", json={"note": "Check first"}).status_code == 200
    )


def caught_up(api: Api) -> None:
    """The read models know everything."""
    project(api.database, api.services.log)


def plan(api: Api, **body: Any) -> Any:
    """The answer of the planner."""
    caught_up(api)
    answer = api.client.post("/v1/processes/onboarding/migration-plan", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def done(api: Api, run: str, step: str) -> None:
    """Complete a step."""
    values = {"goals": "x"} if step == "contract" else {}
    answer = api.client.post(f"/v1/runs/{run}/steps/{step}/complete", json={"values": values})
    assert answer.status_code == 200, answer.text


def worker(api: Api) -> Migrations:
    """The duty, to be run by hand."""
    return letting(Migrations(api.services.log, api.services.calendar, api.services.clock))


def worked_through(api: Api, job: dict[str, Any]) -> Any:
    """The job after the worker has gone through it."""
    duty = worker(api)
    while duty.round() == 0.0:
        pass
    return api.client.get(f"/v1/processes/onboarding/migrations/{job['id']}").json()


@pytest.fixture
def runs(published: Api) -> dict[str, str]:
    """Three runs: one has just started, one is past its first step, one is over."""
    begun, past, over = published.start(), published.start(), published.start()
    done(published, past, "contract")
    for step in ("contract", "kickoff", "go"):
        done(published, over, step)
    return {"begun": begun, "past": past, "over": over}


def test_the_draft_is_planned_before_it_is_published(published: Api, runs: dict[str, str]):
    """The verdict of every active run is there before anything is published, with reasons and answers."""
    draft(published)
    found = plan(published)
    assert (found["draft"], found["to_version"], found["total"]) == (True, 2, 2)
    assert found["summary"] == "1 of 2 safe, 1 needs a choice"
    assert [(row["run"], row["verdict"]) for row in found["runs"]] == [
        (runs["past"], "needs_choice"), (runs["begun"], "safe"),
    ]  # fmt: skip
    [asked] = found["choices"]
    assert (asked["choice"], asked["accepted"], asked["runs"]) == (
        "step_added:check",
        ["not_applicable", "required"],
        1,
    )
    assert plan(published, choices={"step_added": "required"})["answered"] == 1
    head = published.head
    plan(published)
    assert published.head == head, "planning stores nothing"


def test_a_plan_tells_all_findings_when_asked(published: Api, runs: dict[str, str]):
    """Details name also what is plainly safe."""
    draft(published)
    [row] = plan(published, runs=[runs["begun"]], details=True)["runs"]
    assert {finding["change"] for finding in row["findings"]} >= {"step_added", "dependency"}


def test_a_draft_with_problems_is_not_planned(published: Api):
    """Lint says first what is wrong with it."""
    wrong = copy.deepcopy(NEXT)
    wrong["stages"][0]["steps"][0]["role"] = "nobody"
    draft(published, wrong)
    answer = published.client.post("/v1/processes/onboarding/migration-plan", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "lint")


def test_one_run_migrates(published: Api, runs: dict[str, str]):
    """The run follows the new version from then on: its titles, its steps, its meta; again changes nothing."""
    publish(published)
    run = runs["begun"]
    answer = published.client.post(f"/v1/runs/{run}/migrate", json={"reason": "new check"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["events"] == ["run_migrated", "step_became_ready", "step_relocked", "action_queued"]
    caught_up(published)
    seen = published.client.get(f"/v1/runs/{run}").json()
    assert (seen["version"], seen["stages"][1]["title"]) == (2, "In use")
    assert [step["state"] for step in seen["stages"][0]["steps"]] == ["ready", "locked", "locked"]
    stored = published.services.log.read_stream(UUID(run))[-1]
    assert '"process_version":2' in stored.meta
    assert published.client.post(f"/v1/runs/{run}/migrate", json={}).json()["events"] == []


def test_a_missing_choice_is_refused_with_what_is_accepted(published: Api, runs: dict[str, str]):
    """Nothing is recorded; the refusal names the question and its answers."""
    publish(published)
    head = published.head
    answer = published.client.post(f"/v1/runs/{runs['past']}/migrate", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "choice_missing")
    assert answer.json()["missing"][0]["accepted"] == ["not_applicable", "required"]
    over = published.client.post(f"/v1/runs/{runs['over']}/migrate", json={})
    assert (over.status_code, over.json()["code"]) == (409, "migration_blocked")
    assert published.head == head


def test_there_and_back_shows_the_same_run(published: Api, runs: dict[str, str]):
    """Migrating back shows every title, state, value and assignee as before."""
    published.client.post(f"/v1/runs/{runs['past']}/steps/kickoff/start", json={})
    caught_up(published)
    before = published.client.get(f"/v1/runs/{runs['past']}").json()
    publish(published)
    body: dict[str, Any] = {"choices": {"step_added": "required"}}
    assert published.client.post(f"/v1/runs/{runs['past']}/migrate", json=body).status_code == 200
    back = published.client.post(f"/v1/runs/{runs['past']}/migrate", json={"to_version": 1})
    assert back.status_code == 200, back.text
    caught_up(published)
    after = published.client.get(f"/v1/runs/{runs['past']}").json()
    timed = {"ready_at", "started_at", "entered_at"}
    assert _without(after["stages"], timed) == _without(before["stages"], timed)
    assert after["roles"] == before["roles"]


def test_there_and_back_shows_the_same_when_a_step_was_to_be_done_again(published: Api, runs: dict[str, str]):
    """Also where the newer version had a done step done again: its page and its card are as they were."""
    run = runs["past"]
    caught_up(published)
    before, card = _seen(published, run)
    document = copy.deepcopy(PROCESS)
    contract = next(one for one in document["stages"][0]["steps"] if one["key"] == "contract")
    badge = {"key": "badge", "title": "Badge", "kind": "number", "required": True}
    contract["fields"] = [*contract["fields"], badge]
    publish(published, document)
    there: dict[str, Any] = {"choices": {"field_required": "reopen"}}
    for body in (there, {"to_version": 1}):
        assert published.client.post(f"/v1/runs/{run}/migrate", json=body).status_code == 200
        caught_up(published)
        assert (_seen(published, run) == (before, card)) == (body is not there)


def _seen(api: Api, run: str) -> tuple[Any, Any]:
    """What the page of a run and its row in the list show, but for instants that count from a migration."""
    timed = {"ready_at", "started_at", "entered_at"}
    page = api.client.get(f"/v1/runs/{run}").json()
    [row] = [one for one in api.client.get("/v1/runs").json()["rows"] if one["id"] == run]
    shown = {key: page[key] for key in ("version", "state", "roles", "inputs")}
    return (shown, _without(page["stages"], timed)), _without(row, timed | {"stream_version"})


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(part, names) for key, part in value.items() if key not in names}
    return [_without(part, names) for part in value] if isinstance(value, list) else value


def test_many_runs_migrate_and_refusals_are_tried_again(published: Api, runs: dict[str, str]):
    """A job moves what it can, names what was refused and why, and tries that again with an answer."""
    publish(published)
    caught_up(published)
    asked = published.client.post("/v1/processes/onboarding/migrations", json={"reason": "new check"})
    assert asked.status_code == 202, asked.text
    job = asked.json()
    assert (job["total"], job["waiting"]) == (2, 2)
    found = worked_through(published, job)
    assert (found["migrated"], found["refused"], found["waiting"]) == (1, 1, 0)
    assert found["finished_at"] is not None
    [problem] = found["problems"]
    assert (problem["run"], problem["code"]) == (runs["past"], "choice_missing")
    assert found["announced"] == {"person:dana": 1}
    retried = published.client.post(
        f"/v1/processes/onboarding/migrations/{job['id']}/retry",
        json={"choices": {"step_added": "not_applicable"}},
    )
    assert (retried.status_code, retried.json()["waiting"]) == (202, 1)
    assert worked_through(published, job)["migrated"] == 2
    caught_up(published)
    assert {
        row["process_version"] for row in published.client.get("/v1/runs?state=running").json()["rows"]
    } == {2}


def test_the_digest_tells_of_work_that_is_nobodys_yet(published: Api, runs: dict[str, str]):
    """A step of a role that nobody plays is in the digest: somebody has to give it to somebody."""
    del runs
    document = copy.deepcopy(NEXT)
    document["roles"].append({"key": "legal", "title": "Legal"})
    document["stages"][0]["steps"][0]["role"] = "legal"
    publish(published, document)
    caught_up(published)
    body = {"choices": {"step_added": "required"}}
    job = published.client.post("/v1/processes/onboarding/migrations", json=body).json()
    assert worked_through(published, job)["announced"] == {"nobody": 2}


def test_own_answers_win_over_those_for_all(published: Api, runs: dict[str, str]):
    """A run's own answer is the one that counts for it."""
    publish(published)
    caught_up(published)
    body = {
        "runs": [runs["past"]], "choices": {"step_added": "not_applicable"},
        "own": {runs["past"]: {"step_added": "required"}},
    }  # fmt: skip
    job = published.client.post("/v1/processes/onboarding/migrations", json=body).json()
    assert worked_through(published, job)["migrated"] == 1
    caught_up(published)
    seen = published.client.get(f"/v1/runs/{runs['past']}").json()
    assert seen["stages"][0]["steps"][0]["state"] == "ready"


def test_a_job_goes_on_where_it_stopped(published: Api, runs: dict[str, str]):
    """A worker that dies between the log and the list moves no run twice."""
    publish(published)
    caught_up(published)
    body = {"choices": {"step_added": "required"}}
    job = published.client.post("/v1/processes/onboarding/migrations", json=body).json()
    run = runs["begun"]
    assert published.client.post(f"/v1/runs/{run}/migrate", json={}).status_code == 200
    head = published.head
    found = worked_through(published, job)
    assert (found["migrated"], found["refused"]) == (2, 0)
    moved = [row for row in published.services.log.read(head, 100) if row.type == "run_migrated"]
    assert len(moved) == 1


def test_a_job_asked_for_twice_is_one(published: Api, runs: dict[str, str]):
    """The same Idempotency-Key makes the same job."""
    del runs
    publish(published)
    caught_up(published)
    headers = {"Idempotency-Key": "once"}
    one, other = (
        published.client.post("/v1/processes/onboarding/migrations", json={}, headers=headers).json()
        for _ in range(2)
    )
    assert one["id"] == other["id"]
    assert len(published.client.get("/v1/processes/onboarding/migrations").json()["rows"]) == 1


def test_bad_requests_are_told_what_would_do(published: Api):
    """Unknown versions, runs, questions and answers: never a 5xx, and nothing is written down."""
    post = published.client.post
    address = "/v1/processes/onboarding/migrations"
    assert post(address, json={"to_version": 9}).json()["code"] == "unknown_version"
    assert post(address, json={"runs": [str(uuid4())]}).json()["code"] == "unknown_run"
    assert post(address, json={"choices": {"x": "y"}}).json()["code"] == "unknown_choice"
    assert post(address, json={"choices": {"step_added": "y"}}).json()["code"] == "wrong_choice"
    assert post(f"{address}/{uuid4()}/retry", json={}).json()["code"] == "unknown_migration"
    assert post("/v1/processes/none/migration-plan", json={}).json()["code"] == "unknown_process"
    some = post(address, json={"runs": "some"}).json()
    assert {error["field"] for error in some["errors"]} == {"runs"}, (
        "the field, and no form of it that was tried"
    )
    assert published.client.get(address).json() == {"rows": [], "more": 0, "next_after": None}


def test_test_runs_are_not_counted(published: Api, runs: dict[str, str]):
    """A test run counts in no overview and moves only when it is named."""
    del runs
    test = published.start(test=True)
    draft(published)
    assert plan(published)["total"] == 2
    assert plan(published, runs=[test])["total"] == 1


def test_what_a_migration_asked_for_is_given_without_doing_the_step_again(
    published: Api, runs: dict[str, str]
):
    """The answer ``ask`` raises help on the done step; its evidence clears it, and never changes what was given."""
    document = copy.deepcopy(PROCESS)
    contract = next(one for one in document["stages"][0]["steps"] if one["key"] == "contract")
    contract["fields"] = [
        *contract["fields"],
        {"key": "badge", "title": "Badge", "kind": "number", "required": True},
    ]
    publish(published, document)
    run = f"/v1/runs/{runs['past']}"
    told = published.client.post(f"{run}/migrate", json={"choices": {"field_required": "ask"}})
    assert told.status_code == 200, told.text
    evidence = f"{run}/steps/contract/add-evidence"
    refused = published.client.post(evidence, json={"values": {"goals": "other", "badge": 4}})
    assert (refused.status_code, refused.json()["fields"]) == (409, ["goals"])
    assert published.client.post(evidence, json={"values": {"badge": 4}}).status_code == 200
    caught_up(published)
    steps = [one for stage in published.client.get(run).json()["stages"] for one in stage["steps"]]
    seen = next(one for one in steps if one["key"] == "contract")
    assert (seen["state"], seen["round"], seen["help"], seen["values"]["badge"]) == ("done", 1, None, 4)
