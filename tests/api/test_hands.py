"""Approvals in another's name: whoever authenticated has to be impartial too, and gives one of them only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.api.conftest import PROCESS, Api, project

UNTIL = {"until": "2099-01-01T00:00:00Z", "reason": "Away"}
As = Callable[..., httpx.Client]


@pytest.fixture
def as_(api: Api) -> Iterator[As]:
    """Clients that come in with one token, and act as whom they say."""
    with ExitStack() as opened:

        def client(token: str, name: str | None = None) -> httpx.Client:
            made = opened.enter_context(api.as_(token, "read", "work", "manage", "act_as"))
            if name is not None:
                made.headers["Milepost-Actor"] = name
            return made

        yield client


@pytest.fixture
def judged(api: Api) -> str:
    """A run whose draft is to be approved by two; bo acts for dana and for mia."""
    api.publish({
        **PROCESS,
        "stages": [{"key": "start", "title": "Start", "steps": [
            {"key": "draft", "title": "Draft", "role": "seller"},
            {"key": "review", "title": "Review", "kind": "approval", "approval": {"covers": ["draft"], "needs": 2}},
        ]}],
    })  # fmt: skip
    api.add("dana", "bo", "mia", "cy")
    for holder in ("dana", "mia"):
        named = api.client.post(f"/v1/people/{holder}/name-deputy", json={"deputy": "person:bo", **UNTIL})
        assert named.is_success, named.text
    return api.start(roles={"seller": "person:cy"})


def do(client: httpx.Client, run: str, step: str, verb: str = "approve") -> str:
    """Do something at a step; the state of it afterwards, or the code of the refusal."""
    body = {"reason": "Not like this"} if verb == "refuse" else {}
    answer = client.post(f"/v1/runs/{run}/steps/{step}/{verb}", json=body)
    assert answer.status_code in (200, 409), answer.text
    return "done" if answer.is_success else str(answer.json()["code"])


def drafted(as_: As, run: str) -> None:
    """Cy did the work."""
    assert do(as_("person:cy"), run, "draft", "complete") == "done"


def test_one_token_gives_one_approval(as_: As, judged: str) -> None:
    """A program that acts as two services, or as two people, is one who approves."""
    drafted(as_, judged)
    assert do(as_("service:robot", "service:one"), judged, "review") == "done"
    for name in ("service:two", "person:mia", None):
        assert do(as_("service:robot", name), judged, "review") == "same_actor"
    assert do(as_("person:dana"), judged, "review") == "done"


def test_a_deputy_gives_one_approval(as_: As, judged: str) -> None:
    """Their own and that of whom they act for are one; two whom they act for are one too."""
    drafted(as_, judged)
    assert do(as_("person:bo", "person:dana"), judged, "review") == "done"
    assert do(as_("person:bo"), judged, "review") == "same_actor"
    assert do(as_("person:bo", "person:mia"), judged, "review") == "same_actor"
    assert do(as_("person:mia"), judged, "review") == "done"


def test_who_approved_does_not_approve_for_another(as_: As, judged: str) -> None:
    """In the other order too."""
    drafted(as_, judged)
    assert do(as_("person:bo"), judged, "review") == "done"
    assert do(as_("person:bo", "person:dana"), judged, "review") == "same_actor"


@pytest.mark.parametrize("verb", ["approve", "refuse"])
def test_a_deputy_does_not_judge_their_own_work_for_another(
    api: Api, as_: As, judged: str, verb: str
) -> None:
    """Who did the work judges it in nobody's name."""
    handed = {"role": "seller", "assignee": "person:bo", "reason": "Cy is away"}
    assert api.client.post(f"/v1/runs/{judged}/assign-role", json=handed).is_success
    assert do(as_("person:bo"), judged, "draft", "complete") == "done"
    assert do(as_("person:bo", "person:dana"), judged, "review", verb) == "own_work"
    assert do(as_("person:dana"), judged, "review", verb) == "done"


def test_work_done_for_another_is_not_judged_by_the_same_hand(api: Api, as_: As, judged: str) -> None:
    """Neither in the own name nor in a third one."""
    handed = {"role": "seller", "assignee": "person:dana", "reason": "Cy is away"}
    assert api.client.post(f"/v1/runs/{judged}/assign-role", json=handed).is_success
    assert do(as_("person:bo", "person:dana"), judged, "draft", "complete") == "done"
    assert do(as_("person:bo"), judged, "review") == "own_work"
    assert do(as_("person:bo", "person:mia"), judged, "review") == "own_work"
    assert do(as_("person:cy"), judged, "review") == "done"


def test_a_program_brings_what_people_do(as_: As, judged: str) -> None:
    """One says that the work is done, another approves it: by the same program, which did neither."""
    assert do(as_("service:bridge", "person:cy"), judged, "draft", "complete") == "done"
    assert do(as_("service:bridge", "person:dana"), judged, "review") == "done"


def test_the_same_said_twice_is_no_second_approval(as_: As, judged: str) -> None:
    """Whoever repeats theirs is told nothing new."""
    drafted(as_, judged)
    dana = as_("person:bo", "person:dana")
    assert (do(dana, judged, "review"), do(dana, judged, "review")) == ("done", "done")


def test_the_history_tells_by_whose_hand(api: Api, as_: As, judged: str) -> None:
    """Both are told: in whose name, and who came in."""
    drafted(as_, judged)
    assert do(as_("person:bo", "person:dana"), judged, "review") == "done"
    project(api.database, api.services.log)
    (given,) = [
        (each["by"], each["authenticated_by"])
        for each in api.client.get(f"/v1/runs/{judged}/history").json()["entries"]
        if each["type"] == "approval_given"
    ]
    assert given == ("person:dana", "person:bo")
