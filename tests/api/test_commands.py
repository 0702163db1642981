"""Commands over HTTP."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.api.conftest import DANA, Api

VALUES = {"values": {"goals": "Live in March"}}


def test_a_step_is_completed_and_the_answer_says_what_was_stored(published: Api):
    """A command answers the id, the version, the position and the types of the events, and the version as ETag."""
    run = published.start()
    answer = published.client.post(f"/v1/runs/{run}/steps/contract/complete", json=VALUES)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["id"] == run
    assert "step_completed" in told["events"]
    assert answer.headers["etag"] == f'"{told["version"]}"'
    assert told["position"] == published.head == int(answer.headers["milepost-position"])


def test_completing_twice_changes_nothing(published: Api):
    """Doing it again is no error and stores nothing."""
    run = published.start()
    path = f"/v1/runs/{run}/steps/contract/complete"
    first = published.client.post(path, json=VALUES).json()
    head = published.head
    again = published.client.post(path, json=VALUES)
    assert again.status_code == 200
    assert again.json() == {**first, "events": []}
    assert published.head == head


def test_the_same_key_is_the_same_request(published: Api):
    """A repeated Idempotency-Key gets the first answer, word for word, and stores nothing."""
    key = {"Idempotency-Key": str(uuid4())}
    body = {"process": "onboarding", "name": "Acme", "roles": {"seller": DANA}}
    first = published.client.post("/v1/runs", json=body, headers=key)
    head = published.head
    again = published.client.post("/v1/runs", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert published.head == head


def test_a_repeat_is_answered_although_the_world_has_moved_on(published: Api):
    """What was accepted stays accepted, also when it would be refused by now."""
    run = published.start()
    key = {"Idempotency-Key": "complete-once"}
    path = f"/v1/runs/{run}/steps/contract/complete"
    first = published.client.post(path, json=VALUES, headers=key)
    assert first.status_code == 200
    assert published.client.post(f"/v1/runs/{run}/cancel", json={"reason": "Off"}).status_code == 200
    again = published.client.post(path, json=VALUES, headers=key)
    assert again.status_code == 200
    assert again.json() == first.json()


def test_a_key_used_for_another_request_is_refused(published: Api):
    """One key, one request: another body or address is 422 and changes nothing."""
    run = published.start()
    key = {"Idempotency-Key": "k"}
    published.client.post(f"/v1/runs/{run}/comment", json={"text": "one"}, headers=key)
    head = published.head
    other = published.client.post(f"/v1/runs/{run}/comment", json={"text": "two"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "other_request")
    assert published.head == head


def test_two_people_may_use_the_same_key(published: Api):
    """A key belongs to the person who made it up."""
    run = published.start()
    key = {"Idempotency-Key": "k"}
    with published.as_("person:bo") as bo:
        for client in (published.client, bo):
            answer = client.post(f"/v1/runs/{run}/comment", json={"text": "hello"}, headers=key)
            assert answer.json()["events"] == ["run_commented"]


def test_one_key_a_hundred_times_at_once_has_one_effect(published: Api):
    """Of a hundred equal requests at once one has the effect; the others get its answer, or 409 while it runs."""
    run = published.start()
    head = published.head
    gate = threading.Barrier(20)

    def send(_: int) -> int:
        gate.wait()
        key = {"Idempotency-Key": "hundred"}
        return published.client.post(
            f"/v1/runs/{run}/comment", json={"text": "once"}, headers=key
        ).status_code

    with ThreadPoolExecutor(20) as pool:
        codes = set(pool.map(send, range(100)))
    assert codes <= {200, 409}
    assert published.head == head + 1


def test_if_match_protects_against_overwriting(published: Api):
    """A change of an older version is 412 and says where the stream is."""
    run = published.start()
    done = published.client.post(f"/v1/runs/{run}/priority", json={"priority": "high"}).json()
    old = {"If-Match": f'"{done["version"] - 1}"'}
    refused = published.client.post(f"/v1/runs/{run}/priority", json={"priority": "low"}, headers=old)
    assert (refused.status_code, refused.json()["version"]) == (412, done["version"])
    new = {"If-Match": refused.headers["etag"]}
    assert (
        published.client.post(f"/v1/runs/{run}/priority", json={"priority": "low"}, headers=new).status_code
        == 200
    )


def test_concurrent_changes_of_one_run_all_land(published: Api):
    """Without If-Match a lost race is decided again: nobody's comment is lost."""
    run = published.start()
    before = published.head

    def comment(number: int) -> int:
        return published.client.post(f"/v1/runs/{run}/comment", json={"text": str(number)}).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(comment, range(40)))
    assert published.head - before == codes.count(200)
    assert set(codes) <= {200, 412}


def test_a_rule_that_says_no_is_a_problem_with_its_code(published: Api):
    """A refusal is 409 with the rule's own code and facts, and nothing is stored."""
    run = published.start()
    head = published.head
    refused = published.client.post(f"/v1/runs/{run}/steps/go/complete", json={})
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["type"] == f"urn:milepost:problem:{problem['code']}"
    assert problem["detail"]
    assert published.head == head


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/runs/{}/pause", "unknown_run"),
        ("/v1/tasks/{}/cancel", "unknown_task"),
        ("/v1/projects/{}/close", "unknown_project"),
    ],
)
def test_an_unknown_id_is_not_found(published: Api, path: str, code: str):
    """An id that nothing has is 404; so is the id of something else."""
    run = published.start()
    ids = [str(uuid4())] if "runs" in path else [str(uuid4()), run]
    for each in ids:
        answer = published.client.post(path.format(each), json={"reason": "x"})
        assert (answer.status_code, answer.json()["code"]) == (404, code)


def test_the_wrong_shape_names_every_field(published: Api):
    """422 names each wrong member, and what the body takes."""
    answer = published.client.post(
        "/v1/runs", json={"proces": "onboarding", "priority": "huge", "test": "yes"}
    )
    assert answer.status_code == 422
    problem = answer.json()
    assert {entry["field"] for entry in problem["errors"]} == {"process", "proces", "priority", "test"}
    assert "process" in problem["accepted"]


def test_the_actor_is_recorded_and_so_is_who_really_came(published: Api):
    """A token that acts for somebody records them as the actor, and its own actor beside it."""
    run = published.start(roles={"seller": "person:bo"})
    bo = {"Milepost-Actor": "person:bo"}
    with published.as_("service:bridge", "work", "act_as") as bridge:
        bridge.post(f"/v1/runs/{run}/comment", json={"text": "as bo"}, headers=bo)
    last = published.services.log.read(published.head - 1, 1)[0]
    assert '"actor":"person:bo"' in last.meta
    assert '"authenticated_by":"service:bridge"' in last.meta
    assert '"process":"onboarding"' in last.meta


def test_tasks_and_projects_take_their_verbs(api: Api):
    """A project is opened, gets a task, and the task goes its way to done."""
    stages = [{"key": "todo", "title": "To do"}, {"key": "done", "title": "Done"}]
    project = api.client.post("/v1/projects", json={"name": "Move", "stages": stages}).json()["id"]
    added = api.client.post("/v1/tasks", json={"project": project, "title": "Pack", "stage": "todo"})
    assert added.status_code == 201, added.text
    task = added.json()["id"]
    for verb, body in {
        "move": {"stage": "done"},
        "assign": {"assignee": "person:bo"},
        "priority": {"priority": "high"},
        "due": {"due_on": "2027-01-01"},
        "labels": {"labels": ["boxes"]},
        "checklist": {"text": "Tape"},
        "block": {"reason": "No tape"},
        "unblock": {},
        "request-help": {"reason": "Who has tape?"},
        "clear-help": {},
        "comment": {"text": "Found some"},
        "complete": {},
        "reopen": {"reason": "One more box"},
        "cancel": {"reason": "Moved already"},
    }.items():
        answer = api.client.post(f"/v1/tasks/{task}/{verb}", json=body)
        assert answer.status_code == 200, (verb, answer.text)
        assert answer.json()["events"], verb
    assert api.client.post(f"/v1/tasks/{task}/move", json={"stage": "nowhere"}).status_code == 409
    assert api.client.post(f"/v1/projects/{project}/rename", json={"name": "Moved"}).status_code == 200
