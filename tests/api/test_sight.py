"""Who sees the values in a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest

from api.run.sight import MASK
from application.found import RUNS
from domain.events import ActionQueued, ExternalEventReceived, IncidentResolved
from domain.words import Actor, StepKey
from tests.api.conftest import DANA, Api, project

PLAIN, SECRET, INPUT, WORDS = "canary-plain", "canary-secret", "canary-input", "canary-words"
ROLE, ROLES = "canary-alone", "canary-listed"
SAID = tuple(f"canary-{word}" for word in ("comment", "reopened", "helped", "waited"))
CANARIES = (PLAIN, SECRET, INPUT, WORDS, ROLE, ROLES)
PROCESS = {
    "key": "hiring",
    "title": "Hiring",
    "roles": [{"key": "seller", "title": "Seller"}, {"key": "payer", "title": "Payer"},
              {"key": "lead", "title": "Lead"}, {"key": "checker", "title": "Checker"}],
    "inputs": [{"key": "pay", "title": "Pay", "kind": "text", "sensitive": True}],
    "stages": [
        {"key": "start", "title": "Start", "steps": [
            {"key": "contract", "title": "Contract", "role": "seller", "fields": [
                {"key": "goals", "title": "Goals", "kind": "text"},
                {"key": "account", "title": "Account", "kind": "text", "sensitive": True}]},
            {"key": "talk", "title": "Talk", "role": "seller", "visibility": "role", "after": [], "fields": [
                {"key": "finding", "title": "Finding", "kind": "text"}]},
            {"key": "data", "title": "Data", "role": "seller", "visibility": ["payer"], "after": [], "fields": [
                {"key": "address", "title": "Address", "kind": "text"}]},
            {"key": "judge", "title": "Judge", "role": "lead", "kind": "approval", "approval": {"covers": ["talk"]}},
            {"key": "money", "title": "Money", "role": "payer"}]},
    ],
}  # fmt: skip
COLUMNS = [{"key": "start", "title": "Start"}]


@pytest.fixture(scope="module")
def api(shared: Api) -> Api:
    """One server for all: what a test changes is in a project and a run of its own."""
    shared.publish(PROCESS)
    return shared


@pytest.fixture
def places(api: Api) -> tuple[str, str]:
    """A project of this test's own, and a run in it that holds a canary of every kind."""
    return furnished(api)


@pytest.fixture(scope="module")
def looked_at(api: Api) -> tuple[str, str]:
    """As ``places``, for all tests that only look."""
    return furnished(api)


@pytest.fixture(scope="module")
def written_at(api: Api) -> tuple[str, str]:
    """As ``places``, with something written at the step for some roles, for all tests that only look."""
    place, run = furnished(api)
    with api.as_("person:sam", "work") as sam:
        for path, body in (
            (f"/v1/runs/{run}/steps/talk/reopen", {"reason": SAID[1]}),
            (f"/v1/runs/{run}/steps/talk/request-help", {"reason": SAID[2], "waiting_on": SAID[3]}),
            (f"/v1/runs/{run}/comment", {"text": SAID[0], "step": "talk"}),
        ):
            assert sam.post(path, json=body).is_success
    project(api.database, api.services.log)
    return place, run


def furnished(api: Api) -> tuple[str, str]:
    """A project, and a run in it that holds a canary of every kind."""
    opened = api.client.post(
        "/v1/projects", json={"name": "People", "owner": "person:owner", "stages": COLUMNS}
    )
    place = opened.json()["id"]
    for member, access in (("viv", "viewer"), ("mia", "member"), ("max", "manager")):
        told = {"member": f"person:{member}", "access": access}
        assert api.client.post(f"/v1/projects/{place}/members", json=told).status_code == 200
    roles = {"seller": "person:sam", "payer": "person:pat", "lead": "person:lea", "checker": "person:chris"}
    run = api.start(process="hiring", roles=roles, project=place, inputs={"pay": INPUT})
    values = {"values": {"goals": PLAIN, "account": SECRET}}
    with api.as_("person:sam", "work") as sam:
        assert sam.post(f"/v1/runs/{run}/steps/contract/save", json=values).status_code == 200
        assert sam.post(f"/v1/runs/{run}/comment", json={"text": WORDS}).status_code == 200
        assert sam.post(f"/v1/runs/{run}/steps/contract/complete", json={}).status_code == 200
        for step, told in (("talk", {"finding": ROLE}), ("data", {"address": ROLES})):
            assert sam.post(f"/v1/runs/{run}/steps/{step}/complete", json={"values": told}).status_code == 200
        for step, name in (("talk", f"{ROLE}.txt"), ("data", f"{ROLES}.txt"), ("contract", f"{PLAIN}.txt")):
            kept = sam.post("/v1/files", params={"name": name}, content=name.encode()).json()
            file = {
                "name": name,
                "media_type": kept["type"],
                "size_bytes": kept["size"],
                "sha256": kept["sha256"],
            }
            assert sam.post(f"/v1/runs/{run}/attach", json={"step": step, **file}).status_code == 200
    project(api.database, api.services.log)
    return place, run


def seen(client: httpx.Client, paths: Sequence[str]) -> set[str]:
    """The canaries that any of these answers holds."""
    texts = [client.get(path) for path in paths]
    assert {answer.status_code for answer in texts} == {200}
    return {canary for canary in CANARIES for answer in texts if canary in answer.text}


def of_run(run: str) -> list[str]:
    """The two routes that tell values."""
    return [f"/v1/runs/{run}", f"/v1/runs/{run}/history"]


@pytest.mark.parametrize(
    ("who", "scopes", "told"),
    [
        ("person:viv", ("read",), set()),
        ("person:viv", ("read", "work"), set()),
        ("person:mia", ("read",), {PLAIN, WORDS}),
        ("person:max", ("read",), {PLAIN, WORDS}),
        ("person:owner", ("read",), {PLAIN, WORDS}),
        ("person:chris", ("read",), {PLAIN, WORDS}),
        ("person:pat", ("read",), {PLAIN, WORDS, ROLES}),
        ("person:lea", ("read",), {PLAIN, WORDS, ROLE}),
        ("person:sam", ("read",), {PLAIN, WORDS, SECRET, ROLE, ROLES}),
        (DANA, ("read",), {PLAIN, WORDS, INPUT}),
        ("person:nobody", ("read", "manage"), {PLAIN, WORDS}),
        ("person:nobody", ("read", "admin"), set(CANARIES)),
    ],
)
def test_values_are_for_those_whom_they_concern(
    api: Api, looked_at: tuple[str, str], who: str, scopes: tuple[str, ...], told: set[str]
):
    """Relation x scope: the people of a run and of its project see values, its doers and admins sensitive ones too."""
    with api.as_(who, *scopes) as client:
        assert seen(client, of_run(looked_at[1])) == told
        view = client.get(f"/v1/runs/{looked_at[1]}").json()
        contract = view["stages"][0]["steps"][0]
        assert view["sees_values"] == bool(told)
        if told:
            assert contract["values"]["account"] == (SECRET if SECRET in told else MASK)
        else:
            assert (view["inputs"], contract["values"]) == (None, None)


def test_viewers_of_a_project_get_no_value_on_any_route(api: Api, looked_at: tuple[str, str]):
    """No canary of a step is in any answer to somebody who may only look: pages, lists, feeds, statistics."""
    place, run = looked_at
    routes = [*of_run(run), "/v1/runs", f"/v1/projects/{place}/board", f"/v1/projects/{place}/attention",
              f"/v1/projects/{place}/funnel", "/v1/projects", "/v1/home", "/v1/home?person=person:sam", "/v1/inbox",
              "/v1/inbox?person=person:pat", "/v1/attention", "/v1/events?after=0&limit=1000", "/v1/processes",
              "/v1/processes/hiring", "/v1/processes/hiring/versions/1", "/v1/processes/hiring/stats",
              "/v1/processes/hiring/funnel", "/v1/me"]  # fmt: skip
    with api.as_("person:viv", "read") as viv:
        assert seen(viv, routes) == set()


@pytest.mark.parametrize("path", ["/v1/events?after=0", "/v1/changes?after=0"])
def test_streams_carry_no_value(api: Api, looked_at: tuple[str, str], path: str):
    """The two streams tell what happened, never with which values."""
    project(api.database, api.services.log)  # what other tests wrote too
    read = b""
    with (
        api.as_("person:viv", "read") as viv,
        viv.stream("GET", path, headers={"Accept": "text/event-stream"}, timeout=5) as answer,
    ):
        for chunk in answer.iter_raw():
            read += chunk
            if f"id: {api.head}\n".encode() in read:
                break
    assert not [canary for canary in CANARIES if canary.encode() in read]


@pytest.mark.parametrize(
    ("who", "told"),
    [("person:mia", set()), ("person:chris", set()), ("person:pat", {ROLES}), ("person:sam", {ROLE, ROLES})],
)
def test_what_is_for_roles_is_told_on_no_route_to_others(
    api: Api, looked_at: tuple[str, str], who: str, told: set[str]
):
    """Views, lists, feeds, search and exports tell the values of such a step to its roles only, at every step of it."""
    place, run = looked_at
    routes = [*of_run(run), "/v1/runs?format=csv", "/v1/runs", f"/v1/projects/{place}/board", "/v1/home", "/v1/inbox",
              f"/v1/projects/{place}/attention", "/v1/attention", "/v1/events?after=0&limit=1000", f"/runs/{run}",
              *(f"/v1/search?q={canary}" for canary in (ROLE, ROLES)), f"/v1/runs/{run}/incidents"]  # fmt: skip
    with api.as_(who, "read") as client:
        found = {canary for path in routes for canary in (ROLE, ROLES) if _tells(client.get(path), canary)}
        assert found == told
        values = client.get(f"/v1/runs/{run}").json()["stages"][0]["steps"][1]["values"]
        assert values == {"finding": ROLE if ROLE in told else MASK}


def _tells(answer: httpx.Response, canary: str) -> bool:
    """Whether the answer holds it otherwise than as what was asked for."""
    text = answer.text.replace(f'"query":"{canary}"', "")
    return answer.status_code == 200 and canary in text


@pytest.mark.parametrize(
    ("who", "scopes", "told"),
    [
        ("person:mia", ("read",), set()),
        ("person:pat", ("read",), set()),
        ("person:nobody", ("read", "manage"), set()),
        ("person:lea", ("read",), set(SAID)),
        ("person:sam", ("read",), set(SAID)),
        ("person:nobody", ("read", "admin"), set(SAID)),
    ],
)
def test_what_is_written_at_a_step_for_some_roles_is_for_those_too(
    api: Api, written_at: tuple[str, str], who: str, scopes: tuple[str, ...], told: set[str]
):
    """Reasons, help that is asked for and comments are told as the values of the step are, and to nobody else."""
    place, run = written_at
    lists = ["/v1/runs", f"/v1/projects/{place}/board", f"/v1/projects/{place}/attention", "/v1/attention",
             "/v1/home", "/v1/inbox", "/v1/events?after=0&limit=1000", "/v1/runs?format=csv",
             f"/v1/runs/{run}/incidents", f"/v1/actions?run={run}",
             *(f"/v1/search?q={word}" for word in SAID)]  # fmt: skip
    with api.as_(who, *scopes) as client:
        found = {word for path in of_run(run) for word in SAID if word in client.get(path).text}
        assert found == told
        overviews = {word for path in lists for word in SAID if _tells(client.get(path), word)}
        assert overviews == set(), "a list of many runs tells it to nobody"
        (stage,) = client.get(f"/v1/runs/{run}").json()["stages"]
        (talk,) = (step for step in stage["steps"] if step["key"] == "talk")
        assert talk["help"] is not None
    board = api.client.get(f"/v1/projects/{place}/board").text
    assert '"help":{' in board


def test_who_is_mentioned_at_a_step_for_some_roles_reads_what_was_written(api: Api, places: tuple[str, str]):
    """They had it by mail: to name somebody is to tell them; their colleagues of the run are told nothing."""
    _, run = places
    body = {"text": SAID[0], "step": "talk", "mentions": ["person:pat"]}
    with api.as_("person:sam", "work") as sam:
        assert sam.post(f"/v1/runs/{run}/comment", json=body).is_success
    project(api.database, api.services.log)
    with api.as_("person:pat", "read") as pat, api.as_("person:chris", "read") as chris:
        told = [SAID[0] in client.get(f"/v1/runs/{run}/history").text for client in (pat, chris)]
    assert told == [True, False]


def test_what_was_written_into_an_edited_call_is_for_who_wrote_it(api: Api, places: tuple[str, str]):
    """Keys and values in an edited call, and what an event brought early, are in no history that others read."""
    _, run = places
    at, which = datetime(2026, 3, 2, tzinfo=UTC), {"step": StepKey("money"), "round": 1, "action": "http"}
    changes = {"url": "https://a.example/", "headers": {"X-Key": SECRET}, "body": {"a": SECRET}}
    queued = ActionQueued(**which, kind="http", at=at)
    changed = IncidentResolved(
        **which, incident=uuid4(), how="edited", changes=changes, by=Actor("person:sam"), at=at
    )
    early = ExternalEventReceived(event="x.y", source_id="1", values={"account": SECRET}, at=at)
    api.services.app.execute(RUNS, UUID(run), lambda _: [queued, changed, early])
    project(api.database, api.services.log)
    for who, told in (("person:pat", 0), ("person:mia", 0), ("person:sam", 2)):
        with api.as_(who, "read") as client:
            last = client.get(f"/v1/runs/{run}/history?limit=500").json()["entries"][-2:]
            assert json.dumps(last[0]).count(SECRET) == told
            assert (last[0]["data"]["changes"]["url"], last[1]["data"]["values"]) == (
                "https://a.example/", {"account": MASK},
            )  # fmt: skip


def test_a_role_that_is_somebody_elses_now_sees_nothing_more(api: Api, places: tuple[str, str]):
    """Who plays a role is read from the log: with the role goes what it saw."""
    _, run = places
    with api.as_("person:pat", "read") as pat:
        assert ROLES in seen(pat, of_run(run))
        told = {"assignee": "person:new", "reason": "Leaves"}
        assert (
            api.client.post(f"/v1/runs/{run}/assign-role", json={"role": "payer", **told}).status_code == 200
        )
        assert {pat.get(path).status_code for path in of_run(run)} == {404}
    with api.as_("person:new", "read") as new:
        assert ROLES in seen(new, of_run(run))


def test_who_is_taken_out_sees_nothing_from_then_on(api: Api, places: tuple[str, str]):
    """Membership is read from the log: the read models need not have heard of it."""
    place, run = places
    with api.as_("person:mia", "read") as mia:
        assert PLAIN in seen(mia, of_run(run))
        gone = api.client.post(f"/v1/projects/{place}/remove-member", json={"member": "person:mia"})
        assert gone.status_code == 200
        assert {mia.get(path).status_code for path in of_run(run)} == {404}


def test_a_refusal_for_want_of_a_scope_says_how_to_get_it(api: Api):
    """The 403 names the scope that is missing and the request that makes a token with it."""
    with api.as_("person:viv", "read") as viv:
        for answer, scope in ((viv.post("/v1/runs", json={}), "work"),):
            told = answer.json()
            assert (answer.status_code, told["needs"]) == (403, [scope])
            assert f'"scopes": ["{scope}"' in told["detail"]
            assert "POST /v1/tokens" in told["detail"]
