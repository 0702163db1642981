"""Automatic steps over HTTP: events come in once, incidents are decided, lists say what the machine does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from application.milepost import Milepost
from domain.events import Event
from domain.run import RUN, Run
from domain.run.actions import fail_action, start_action
from domain.words import Actor, StepKey
from tests.api.conftest import Api, project

MACHINE = Actor("system:milepost")
SCORE = {"key": "score", "title": "Score", "kind": "number", "required": True}
CRM_ID = {"key": "account", "title": "Account", "kind": "text", "required": True}
PROCESS: dict[str, Any] = {
    "key": "check",
    "title": "Check",
    "roles": [{"key": "seller", "title": "Seller", "initiator": True}],
    "inputs": [{"key": "reference", "title": "Reference", "kind": "text"}],
    "stages": [
        {
            "key": "work",
            "title": "Work",
            "steps": [
                {
                    "key": "report", "title": "Report", "kind": "wait", "fields": [SCORE], "after": [],
                    "wait": {"event": "report.received", "key": "{inputs.reference}"},
                },
                {
                    "key": "call", "title": "Call", "kind": "http", "fields": [CRM_ID], "after": [],
                    "http": {"url": "https://crm.example.com/x", "outputs": {"account": "id"}},
                },
            ],
        }
    ],
}  # fmt: skip


@pytest.fixture
def checks(api: Api) -> Api:
    """A server with a process that waits and calls."""
    api.publish(PROCESS)
    return api


def begin(api: Api, reference: str) -> str:
    """A run under this reference, known to the read models."""
    run = api.start(process="check", roles={}, inputs={"reference": reference})
    project(api.database, api.services.log)
    return run


def tell(api: Api, **body: Any) -> httpx.Response:
    """Send an event."""
    with api.as_("service:checks", "send_events") as client:
        return client.post("/v1/external-events", json={"event": "report.received", "id": "r-1", **body})


def get_run(api: Api, run: str) -> Run:
    """The run as it stands."""
    found = api.services.app.load(RUN, UUID(run))
    assert found is not None
    return found


def get_stuck(api: Api, run: str) -> str:
    """Let the run's call fail for good, as a worker in another process does; the incident's id."""
    app, at, step = Milepost(api.services.log), api.services.clock(), StepKey("call")
    definition = app.definition("check", 1)

    def begin_call(state: Run | None) -> Sequence[Event]:
        assert state is not None
        return start_action(state, step, 1, "http", key="k", by=MACHINE, at=at)

    def fail_call(state: Run | None) -> Sequence[Event]:
        assert state is not None
        told = (state, definition, step, 1, "http", "answered 404: no such path")
        return fail_action(*told, permanent=True, by=MACHINE, at=at)

    for decide in (begin_call, fail_call):
        app.execute(RUN, UUID(run), decide)
    project(api.database, api.services.log)
    (incident,) = get_run(api, run).incidents
    return str(incident)


def test_an_event_finds_its_run_by_key(checks: Api):
    """The key in the process's words names the run; values go into the step; the same event again is no news."""
    run = begin(checks, "CHK-1")
    begin(checks, "CHK-2")
    told = tell(checks, key="CHK-1", values={"score": 7})
    assert (told.status_code, told.json()["id"]) == (200, run)
    assert "step_completed" in told.json()["events"]
    assert get_run(checks, run).values["report.score"] == 7
    project(checks.database, checks.services.log)
    again = tell(checks, key="CHK-1", values={"score": 7})
    assert (again.status_code, again.json()["events"]) == (200, [])
    for other in ({"key": "CHK-1"}, {"run": run}):
        refused = tell(checks, values={"score": 8}, **other)
        assert (refused.status_code, refused.json()["code"]) == (409, "other_event")


def test_an_event_names_only_files_that_are_kept(api: Api):
    """A report that nobody uploaded is refused and nothing recorded; once it is kept the same event is taken."""
    paper = {"key": "paper", "title": "Paper", "kind": "files", "required": True}
    waits = {**PROCESS["stages"][0]["steps"][0], "fields": [paper]}
    api.publish({**PROCESS, "stages": [{**PROCESS["stages"][0], "steps": [waits]}]})
    run = begin(api, "CHK-1")
    content = b"all clear"
    file = {"name": "report.pdf", "size": len(content), "type": "application/pdf"}
    values = {"paper": [{**file, "sha256": hashlib.sha256(content).hexdigest()}]}
    head = api.head
    refused = tell(api, run=run, values=values)
    assert (refused.status_code, refused.json()["code"], api.head) == (404, "unknown_file", head)
    assert "POST /v1/files" in refused.json()["detail"]
    kind = {"Content-Type": "application/pdf"}
    stored = api.client.post("/v1/files", params={"name": "report.pdf"}, content=content, headers=kind)
    assert [stored.json()] == values["paper"]
    assert "step_completed" in tell(api, run=run, values=values).json()["events"]


def test_an_event_may_name_the_run(checks: Api):
    """Whoever knows the run's id needs no key."""
    run = begin(checks, "CHK-1")
    assert "step_completed" in tell(checks, run=run, values={"score": 7}).json()["events"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"key": "nobody"}, 404, "unknown_key"),
        ({"run": str(uuid4())}, 404, "unknown_run"),
        ({}, 422, "invalid"),
        ({"key": "CHK-1", "run": str(uuid4())}, 422, "invalid"),
        ({"key": "CHK-1", "values": {"score": "high"}}, 409, "invalid_values"),
        ({"key": "CHK-1", "values": {}}, 409, "invalid_values"),
        ({"key": "CHK-1", "event": "No Event"}, 422, "invalid"),
    ],
)
def test_events_that_fit_nowhere_are_refused(checks: Api, body: dict[str, Any], status: int, code: str):
    """An unknown key or run, both or none, values of the wrong form: a problem that says so, and nothing is stored."""
    begin(checks, "CHK-1")
    head = checks.head
    refused = tell(checks, **body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert checks.head == head


def test_a_key_that_names_two_runs_is_refused(checks: Api):
    """Which of them is meant is not guessed."""
    runs = {begin(checks, "CHK-1"), begin(checks, "CHK-1")}
    refused = tell(checks, key="CHK-1", values={"score": 1})
    assert (refused.json()["code"], set(refused.json()["runs"])) == ("ambiguous_key", runs)


def test_only_who_may_tells_of_events(checks: Api):
    """Events have a scope of their own: those who work have other ways, and senders have no other."""
    run = begin(checks, "CHK-1")
    with checks.as_("person:bo", "read", "work", "manage") as client:
        body = {"event": "report.received", "id": "1", "run": run}
        assert client.post("/v1/external-events", json=body).status_code == 403
    with checks.as_("service:checks", "send_events") as client:
        assert client.get("/v1/runs").status_code == 403


def test_incidents_are_listed_and_decided(checks: Api):
    """What the machine asks people is listed with its reason; each verb is a route."""
    run = begin(checks, "CHK-1")
    incident = get_stuck(checks, run)
    (row,) = checks.client.get("/v1/incidents", params={"run": run}).json()["rows"]
    assert (row["incident"], row["problem"], row["reason"]) == (
        incident,
        "failed",
        "answered 404: no such path",
    )
    path = f"/v1/runs/{run}/incidents/{incident}"
    assert checks.client.post(f"{path}/let-go", json={"reason": "no"}).json()["code"] == "skip_the_step"
    bad = checks.client.post(f"{path}/edit", json={"changes": {"url": "file:///etc/passwd"}})
    assert (bad.status_code, bad.json()["code"]) == (409, "invalid_changes")
    edited = checks.client.post(f"{path}/edit", json={"changes": {"url": "https://crm.example.com/y"}})
    assert edited.json()["events"] == ["incident_resolved"]
    again = checks.client.post(f"{path}/retry", json={})
    assert again.json()["code"] == "incident_resolved"
    nowhere = checks.client.post(f"/v1/runs/{run}/incidents/{uuid4()}/retry", json={})
    assert (nowhere.status_code, nowhere.json()["code"]) == (409, "unknown_incident")


def test_done_by_hand_brings_the_values(checks: Api):
    """The step is done with what the person entered."""
    run = begin(checks, "CHK-1")
    incident = get_stuck(checks, run)
    body = {"reason": "by phone", "values": {"account": "A1"}}
    done = checks.client.post(f"/v1/runs/{run}/incidents/{incident}/done-by-hand", json=body)
    assert "step_completed" in done.json()["events"], done.text
    assert get_run(checks, run).values["call.account"] == "A1"


def test_what_others_answered_is_not_for_everybody(checks: Api):
    """Reasons may quote what another service answered: to who is outside there is neither the run nor its incident."""
    get_stuck(checks, begin(checks, "CHK-1"))
    with checks.as_("person:eve", "read") as client:
        assert client.get("/v1/incidents").json()["rows"] == []
        assert client.get("/v1/actions", params={"state": "failed"}).json()["rows"] == []
    rows = checks.client.get("/v1/actions", params={"kind": "http"}).json()["rows"]
    assert [one["reason"] for one in rows] == ["answered 404: no such path"]
