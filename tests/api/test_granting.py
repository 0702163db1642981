"""Roles of the house and deputies over HTTP: granted, told of, withdrawn, and never handed on by who has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from application.directory import Directories
from application.rights.gate import Gate
from milepost.up.first_person import appoint
from tests.api.conftest import DANA, Api, project

LONG = {"until": "2099-01-01T00:00:00Z", "reason": "Away"}
AUDIT = {"role": "auditor", "reason": "The yearly audit"}
LEFT = {"reason": "Left"}
ADMIN = {"role": "administrator", "reason": "Looks after the house"}


As = Callable[..., httpx.Client]


@pytest.fixture
def as_(house: Api) -> Iterator[As]:
    """Clients of people and programs, with all scopes or with these."""
    with ExitStack() as opened:
        yield lambda who, *scopes: opened.enter_context(house.as_(who, *scopes))


@pytest.fixture
def house(api: Api) -> Api:
    """A house that goes by what it granted: dana is its administrator, bo and mia work there."""
    api.add("dana", "bo", "mia")
    appoint(api.services.log, DANA, "administrator", "The first person of this house")
    api.services.app.directories = Directories(api.services.log)
    api.services.app.gate = Gate(api.services.app)
    api.services.leases.forget_all()
    return api


def ok(answer: httpx.Response) -> Any:
    """What was answered, which is a success."""
    assert answer.is_success, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int = 409) -> str:
    """The code of a refusal."""
    assert answer.status_code == status, answer.text
    code: str = answer.json()["code"]
    return code


def deputy(house: Api, holder: str, who: str) -> None:
    """Let somebody act for another."""
    ok(house.client.post(f"/v1/people/{holder}/name-deputy", json={"deputy": f"person:{who}", **LONG}))


def test_a_role_is_granted_told_of_and_withdrawn(house: Api, as_: As) -> None:
    """Who has it reads who gave it, since when and why; when it is taken, nothing of it is told any more."""
    bo = as_("person:bo", "read")
    assert refused(bo.get("/v1/rights"), 403) == "not_allowed"
    told = ok(house.client.post("/v1/people/bo/grant-role", json={**AUDIT, "until": LONG["until"]}))
    assert told["events"] == ["house_role_granted"]
    (role,) = ok(bo.get("/v1/people/bo/rights"))["roles"]
    assert (role["role"], role["by"], role["reason"]) == ("auditor", "person:dana", "The yearly audit")
    assert [(each["holder"], each["role"]) for each in ok(bo.get("/v1/rights"))["rows"]] == [
        ("person:dana", "administrator"),
        ("person:bo", "auditor"),
    ]
    ok(house.client.post("/v1/people/bo/withdraw-role", json=AUDIT))
    assert ok(bo.get("/v1/people/bo/rights"))["roles"] == []
    assert refused(bo.get("/v1/rights"), 403) == "not_allowed"


def test_a_service_is_granted_a_role(house: Api) -> None:
    """Programs have roles as people do; what cannot be a service is none."""
    ok(house.client.post("/v1/services/backup/grant-role", json=AUDIT))
    assert ("service:backup", "auditor") in [
        (each["holder"], each["role"]) for each in ok(house.client.get("/v1/rights"))["rows"]
    ]
    assert refused(house.client.post("/v1/services/a b/grant-role", json=AUDIT), 404) == "unknown_service"
    ok(house.client.post("/v1/services/backup/withdraw-role", json=AUDIT))


@pytest.mark.parametrize("scopes", [("read", "work", "manage"), ("read", "work", "manage", "admin")])
def test_who_is_no_administrator_grants_nothing(house: Api, as_: As, scopes: tuple[str, ...]) -> None:
    """Not to themselves either, and whatever scopes their token was made with."""
    bo = as_("person:bo", *scopes)
    for path in ("people/bo/grant-role", "people/dana/withdraw-role", "services/own/grant-role"):
        assert refused(bo.post(f"/v1/{path}", json=ADMIN), 403) == "not_allowed"
    named = bo.post("/v1/people/dana/name-deputy", json={"deputy": "person:bo", **LONG})
    assert refused(named, 403) == "not_allowed"


def test_rights_are_told_to_whom_they_concern(house: Api, as_: As) -> None:
    """To oneself, who one answers to, administrators and auditors; nobody is told of who is not there."""
    ok(house.client.post("/v1/people/bo/change", json={"manager": "person:mia"}))
    assert ok(as_("person:mia", "read").get("/v1/people/bo/rights"))["holder"] == "person:bo"
    assert refused(as_("person:bo", "read").get("/v1/people/mia/rights"), 403) == "not_allowed"
    assert refused(house.client.get("/v1/people/nobody/rights"), 404) == "unknown_person"


def test_somebody_names_and_dismisses_their_deputy(house: Api, as_: As) -> None:
    """With the scope work alone; both read of it, and the deputy acts only while it holds."""
    dana, bo = as_("person:dana", "read", "work"), as_("person:bo", "read", "work")
    as_dana = {"Milepost-Actor": "person:dana"}
    assert refused(bo.get("/v1/me", headers=as_dana), 403) == "not_allowed"
    ok(dana.post("/v1/people/dana/name-deputy", json={"deputy": "person:bo", **LONG}))
    (acts,) = ok(bo.get("/v1/people/bo/rights"))["acts_for"]
    (acting,) = ok(dana.get("/v1/people/dana/rights"))["deputies"]
    assert (acts, acting["deputy"], acting["reason"]) == (acting, "person:bo", "Away")
    ok(bo.get("/v1/me", headers=as_dana))
    ok(dana.post("/v1/people/dana/dismiss-deputy", json={"deputy": "person:bo", "reason": "Back"}))
    assert refused(bo.get("/v1/me", headers=as_dana), 403) == "not_allowed"


def test_nobody_grants_in_anothers_name(house: Api, as_: As) -> None:
    """A deputy of the administrator, administrator too, hands none of it on; a program with act_as neither."""
    deputy(house, "dana", "bo")
    ok(house.client.post("/v1/people/bo/grant-role", json=ADMIN))
    ok(house.client.post("/v1/services/robot/grant-role", json=ADMIN))
    for who in (as_("person:bo"), as_("service:robot")):
        who.headers["Milepost-Actor"] = "person:dana"
        for path, body in (
            ("people/mia/grant-role", ADMIN),
            ("people/bo/withdraw-role", ADMIN),
            ("people/dana/name-deputy", {"deputy": "person:mia", **LONG}),
            ("people/dana/dismiss-deputy", {"deputy": "person:bo", "reason": "Back"}),
        ):
            answer = who.post(f"/v1/{path}", json=body)
            assert refused(answer, 403) == "not_allowed"
            assert answer.json()["accepted"] == ["your own name"]
    assert ok(house.client.get("/v1/people/mia/rights"))["roles"] == []


def test_projects_and_roles_in_runs_are_told_with_who_gave_them(house: Api, as_: As) -> None:
    """What is over is told no more, also while the read models still have it."""
    house.publish()
    opened = {"name": "Hiring", "owner": "person:dana", "process": "onboarding"}
    hiring = ok(house.client.post("/v1/projects", json=opened))["id"]
    member = {"member": "person:bo", "access": "manager"}
    ok(house.client.post(f"/v1/projects/{hiring}/members", json=member))
    run = house.start(roles={"seller": "person:bo"}, project=hiring)
    project(house.database, house.services.log)
    bo = as_("person:bo", "read")
    told = ok(bo.get("/v1/people/bo/rights"))
    assert [(each["name"], each["access"], each["by"]) for each in told["projects"]] == [
        ("Hiring", "manager", "person:dana")
    ]
    assert [(each["run"], each["role"], each["title"], each["by"]) for each in told["runs"]] == [
        (run, "seller", "Seller", "person:dana")
    ]
    ok(house.client.post(f"/v1/projects/{hiring}/remove-member", json={"member": "person:bo"}))
    handed = {"role": "seller", "assignee": "person:mia", "reason": "Bo is away"}
    ok(house.client.post(f"/v1/runs/{run}/assign-role", json=handed))
    told = ok(house.client.get("/v1/people/bo/rights"))
    assert (told["projects"], told["runs"]) == ([], [])


def test_an_end_that_lies_behind_is_refused(house: Api) -> None:
    """With what would be accepted."""
    body = {**AUDIT, "until": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}
    assert refused(house.client.post("/v1/people/bo/grant-role", json=body)) == "bad_until"


def test_the_last_administrator_stays(house: Api, as_: As) -> None:
    """Neither is the role taken away nor the person given no more work, until another has it for good."""
    assert refused(house.client.post("/v1/people/dana/withdraw-role", json=ADMIN)) == "last_administrator"
    leaves = {"reason": "Left"}
    assert refused(house.client.post("/v1/people/dana/deactivate", json=leaves)) == "last_administrator"
    ok(house.client.post("/v1/people/bo/grant-role", json={**ADMIN, "until": LONG["until"]}))
    assert refused(house.client.post("/v1/people/dana/deactivate", json=leaves)) == "last_administrator"
    ok(house.client.post("/v1/people/mia/grant-role", json=ADMIN))
    ok(house.client.post("/v1/people/dana/deactivate", json=leaves))
    mia = as_("person:mia")
    assert refused(mia.post("/v1/people/mia/deactivate", json=leaves)) == "last_administrator"


def test_somebody_else_leaves_without_a_question(house: Api) -> None:
    """Who has no role of the house, or another one, may always leave."""
    ok(house.client.post("/v1/people/bo/grant-role", json=AUDIT))
    ok(house.client.post("/v1/people/bo/deactivate", json={"reason": "Left"}))


def test_two_administrators_do_not_deactivate_each_other_at_once(house: Api, as_: As) -> None:
    """Whoever comes second is told that nobody would be left."""
    ok(house.client.post("/v1/people/mia/grant-role", json=ADMIN))
    clients = {"dana": house.client, "mia": as_("person:mia")}
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda key: clients[key].post(f"/v1/people/{key}/deactivate", json=LEFT), clients)
        )
    assert sorted(each.status_code for each in answers) == [200, 409]
