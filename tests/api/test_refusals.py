"""What one stream cannot know of another: commands that point somewhere are checked against what is there."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from api.access.matrix import RULES
from tests.api.conftest import DANA, PROCESS, Api, project

COLUMNS = [{"key": "todo", "title": "To do"}]


def opened(api: Api, **more: Any) -> str:
    """Open a project; its id."""
    answer = api.client.post("/v1/projects", json={"name": "Move", "stages": COLUMNS, **more})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def refused(api: Api, path: str, body: dict[str, Any]) -> tuple[int, str]:
    """Status and code of a refusal that stored nothing."""
    head = api.head
    answer = api.client.post(path, json=body)
    assert api.head == head
    return answer.status_code, answer.json()["code"]


def test_a_project_takes_the_stages_of_its_process(published: Api):
    """Without stages of its own a project has those of the newest published version."""
    project_id = opened(published, stages=None, process="onboarding")
    project(published.database, published.services.log)
    board = published.client.get(f"/v1/projects/{project_id}/board").json()
    assert [(each["key"], each["title"]) for each in board["columns"]] == [
        ("start", "Start"),
        ("live", "Live"),
    ]


def test_a_project_without_any_stages_is_refused(published: Api):
    """No stages and no process, an unknown one, or one never published: each is refused with its reason."""
    assert (
        published.client.put("/v1/processes/later/draft", json={**PROCESS, "key": "later"}).status_code == 200
    )
    for process, status, code in (
        (None, 422, "invalid"),
        ("nowhere", 404, "unknown_process"),
        ("later", 409, "no_version"),
    ):
        assert refused(published, "/v1/projects", {"name": "Move", "process": process}) == (status, code)


@pytest.mark.parametrize("closed", [False, True])
def test_runs_and_tasks_need_a_project_that_takes_work(published: Api, closed: bool):
    """Starting, linking and adding into an unknown or closed project is refused."""
    place, told = str(uuid4()), (404, "unknown_project")
    run = published.start()
    if closed:
        place, told = opened(published), (409, "project_closed")
        assert (
            published.client.post(f"/v1/projects/{place}/close", json={"reason": "Over"}).status_code == 200
        )
    start = {"process": "onboarding", "roles": {"seller": DANA}, "project": place}
    assert refused(published, "/v1/runs", start) == told
    assert refused(published, f"/v1/runs/{run}/link", {"project": place}) == told
    assert refused(published, "/v1/tasks", {"project": place, "title": "Pack", "stage": "todo"}) == told


def test_a_card_stands_only_in_columns_that_are_there(published: Api):
    """A task cannot be added or moved to a column that its project lacks, nor a run to a stage of no process."""
    place = opened(published)
    wrong = {"project": place, "title": "Pack", "stage": "nowhere"}
    assert refused(published, "/v1/tasks", wrong) == (409, "unknown_stage")
    task = published.client.post("/v1/tasks", json={**wrong, "stage": "todo"}).json()["id"]
    assert refused(published, f"/v1/tasks/{task}/move", {"stage": "nowhere"}) == (409, "unknown_stage")
    run, to = published.start(), {"stage": "nowhere", "reason": "x"}
    assert refused(published, f"/v1/runs/{run}/override-stage", to) == (409, "unknown_stage")
    assert published.client.post(f"/v1/projects/{place}/close", json={"reason": "Over"}).status_code == 200
    assert refused(published, f"/v1/tasks/{task}/move", {"stage": "todo"}) == (409, "project_closed")


def test_a_task_waits_for_others_that_exist(published: Api):
    """A task cannot wait for itself, nor for a task or run that nobody knows."""
    added = {"project": opened(published), "title": "Pack", "stage": "todo"}
    task = published.client.post("/v1/tasks", json=added).json()["id"]
    path = f"/v1/tasks/{task}/depend"
    assert refused(published, path, {"on": task, "kind": "task"}) == (409, "own_dependency")
    assert refused(published, path, {"on": str(uuid4()), "kind": "task"}) == (404, "unknown_task")
    assert refused(published, path, {"on": str(uuid4()), "kind": "run"}) == (404, "unknown_run")


def test_an_older_version_is_taken_up_again(published: Api):
    """Restoring makes a version's document the draft and records from where; an unknown version is 404."""
    titled = {**PROCESS, "title": "Onboarding, new"}
    assert published.client.put("/v1/processes/onboarding/draft", json=titled).status_code == 200
    path = "/v1/processes/onboarding/restore"
    assert published.client.post(path, json={"version": 1}).json()["events"] == ["process_draft_saved"]
    project(published.database, published.services.log)
    assert published.client.get("/v1/processes/onboarding").json()["draft"]["title"] == "Onboarding"
    assert refused(published, path, {"version": 7}) == (404, "unknown_version")
    addresses = ["diff?before=1&after=7", "insights?version=7", "stats?version=7"]
    told = [published.client.get(f"/v1/processes/onboarding/{each}").json() for each in addresses]
    told.append(published.client.post(path, json={"version": 7}).json())
    assert [(each["code"], each["accepted"]) for each in told] == [("unknown_version", [1])] * 4


def test_a_difference_tells_each_change(published: Api):
    """Two versions are compared change by change, with what was and what is."""
    published.publish({**PROCESS, "title": "Onboarding, new"})
    project(published.database, published.services.log)
    told = published.client.get("/v1/processes/onboarding/diff?before=1&after=2").json()
    assert (told["process"], told["before"], told["after"]) == ("onboarding", 1, 2)
    assert told["changes"] == [
        {
            "change": "changed",
            "subject": "text",
            "where": "title",
            "before": "Onboarding",
            "after": "Onboarding, new",
        }
    ]
    assert '+  "title": "Onboarding, new",' in told["text"]


def test_a_draft_can_be_compared_before_it_is_right(published: Api):
    """What is still wrong with a draft does not hide what it changes."""
    step = {"key": "later", "title": "Later", "role": "nobody", "after": ["missing", "contract"]}
    stages = [{"key": "more", "title": "More", "steps": [step]}]
    draft = {**PROCESS, "stages": [*PROCESS["stages"], *stages]}
    assert published.client.put("/v1/processes/onboarding/draft", json=draft).status_code == 200
    project(published.database, published.services.log)
    told = published.client.get("/v1/processes/onboarding/diff?before=1&after=draft").json()
    changes = [(each["change"], each["subject"], each["where"]) for each in told["changes"]]
    assert changes == [("added", "stage", "more"), ("added", "step", "later")]


def test_an_unknown_key_inside_a_document_says_which_there_are(published: Api):
    """The likeliest first; and nothing is said that is so only because of it."""
    step = {
        "key": "contract",
        "title": "Contract",
        "when": {"feld": "inputs.x", "operator": "set"},
        "rolle": "seller",
    }
    stages = [{"key": "start", "title": "Start", "steps": [step]}]
    answer = published.client.put("/v1/processes/onboarding/draft", json={**PROCESS, "stages": stages})
    assert answer.status_code == 422
    told = {each["field"]: each for each in answer.json()["errors"]}
    assert told["stages.0.steps.0.rolle"]["accepted"][0] == "role"
    assert told["stages.0.steps.0.when.feld"]["accepted"][0] == "field"
    places = {"stages.0.steps.0.rolle", "stages.0.steps.0.when.feld", "stages.0.steps.0.when.field"}
    assert set(told) == places, "the author's own places, of the form that is likeliest meant"
    assert "stages" not in told


def test_the_history_of_an_unknown_run_is_not_found(published: Api):
    """404, for an id that nothing has and for the id of something else."""
    for each in (str(uuid4()), opened(published)):
        answer = published.client.get(f"/v1/runs/{each}/history")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_run")


def test_an_id_of_something_else_is_nobody_s(published: Api):
    """Every order about a run, a task or a project, on the id of another kind: refused, and nothing is recorded."""
    project = published.client.post(
        "/v1/projects", json={"name": "Spring", "stages": [{"key": "a", "title": "A"}]}
    )
    place = project.json()["id"]
    task = published.client.post("/v1/tasks", json={"project": place, "title": "Paint", "stage": "a"})
    ids = {"runs": published.start(), "projects": place, "tasks": task.json()["id"]}
    file = {"name": "a.pdf", "type": "application/pdf", "size": 1, "sha256": "0" * 64}
    bodies: tuple[dict[str, object], ...] = (
        {},
        {"reason": "Because"},
        {"outcome": "done"},
        {"text": "Hello"},
        {"name": "A"},
        {"file": file},
        file,
    )
    head, wrong = published.head, []
    for rule in RULES:
        method, path = rule.split()
        room = path.split("/")[2] if path.startswith("/v1/") else ""
        if room not in ids or "{id}" not in path or method != "POST":
            continue
        for other in set(ids) - {room}:
            address = (
                path.replace("{id}", ids[other]).replace("{step}", "contract").replace("{incident}", "1")
            )
            for body in bodies:
                answer = published.client.post(address, json=body)
                if answer.status_code not in (404, 409, 422):
                    wrong.append((address, body, answer.status_code))
    assert wrong == []
    assert published.head == head
