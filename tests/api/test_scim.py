"""The directory of the house by SCIM 2.0: what Entra ID and Okta send, and what somebody else might."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from application.directory import Directories
from tests.api.conftest import Api, project

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
ENTRA_USER = {
    "schemas": [f"{CORE}User", ENTERPRISE],
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "userName": "Kim.Berg@example.com",
    "active": True,
    "addresses": [{"primary": False, "type": "work", "country": "DE"}],
    "displayName": "Kim Berg",
    "emails": [{"type": "work", "value": "kim.berg@example.com", "primary": True}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "Kim Berg", "familyName": "Berg", "givenName": "Kim"},
    "title": "Lead",
}
OKTA_USER = {
    "schemas": [f"{CORE}User"],
    "userName": "test.user@example.com",
    "name": {"givenName": "Test", "familyName": "User"},
    "emails": [{"primary": True, "value": "test.user@example.com", "type": "work"}],
    "displayName": "Test User",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}


@pytest.fixture
def api(api: Api) -> Api:
    """A server where only they are who were added."""
    api.services.app.directories = Directories(api.services.log)
    return api


@pytest.fixture
def scim(api: Api) -> Iterator[httpx.Client]:
    """The directory of the house."""
    with api.as_("service:directory", "scim") as client:
        client.headers["Content-Type"] = "application/scim+json"
        yield client


def users(scim: httpx.Client, **query: str | int) -> dict[str, Any]:
    """What a question for people gives."""
    answer = scim.get("/scim/v2/Users", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/scim+json")
    told: dict[str, Any] = answer.json()
    return told


def add(scim: httpx.Client, kind: str, body: dict[str, Any]) -> str:
    """Add one; its id."""
    answer = scim.post(f"/scim/v2/{kind}", json=body)
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["id"]
    assert answer.headers["location"].endswith(f"/scim/v2/{kind}/{key}")
    return key


def patch(scim: httpx.Client, where: str, *operations: dict[str, Any]) -> dict[str, Any]:
    """What is there after these operations."""
    body = {"schemas": [f"{MESSAGES}PatchOp"], "Operations": list(operations)}
    answer = scim.patch(f"/scim/v2/{where}", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_entra_id_provisions_somebody(scim: httpx.Client):
    """Its test of the connection, the search before, the user, the changes, and ``"False"`` as text."""
    nobody = users(scim, filter='userName eq "non-existent@example.com"')
    assert (nobody["totalResults"], nobody["Resources"]) == (0, [])
    key = add(scim, "Users", ENTRA_USER)
    assert key == "kim.berg"
    (found,) = users(scim, filter='userName eq "kim.berg@EXAMPLE.com"')["Resources"]
    assert (found["id"], found["externalId"]) == (key, ENTRA_USER["externalId"])
    boss = add(scim, "Users", {**ENTRA_USER, "userName": "max@example.com", "externalId": "2", "emails": []})
    told = patch(
        scim, f"Users/{key}",
        {"op": "Replace", "path": "displayName", "value": "Kim Roth"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "kim.roth@example.com"},
        {"op": "Replace", "path": 'emails[type eq "home"].value', "value": "kim@home.example"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": boss},
        {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "555"},
    )  # fmt: skip
    assert (told["displayName"], told["emails"][0]["value"]) == ("Kim Roth", "kim.roth@example.com")
    assert told[ENTERPRISE]["manager"]["value"] == boss
    gone = patch(scim, f"Users/{key}", {"op": "Replace", "path": "active", "value": "False"})
    assert gone["active"] is False
    again = patch(scim, f"Users/{key}", {"op": "Replace", "path": "active", "value": "True"})
    assert again["active"] is True


def test_okta_provisions_somebody(scim: httpx.Client):
    """By pages, by PUT of the whole, and by PATCH without a path."""
    assert users(scim, startIndex=1, count=2)["totalResults"] == 0
    key = add(scim, "Users", OKTA_USER)
    shown = scim.get(f"/scim/v2/Users/{key}").json()
    assert "password" not in shown
    changed = {**shown, "displayName": None, "name": {"givenName": "Another", "familyName": "User"}}
    put = scim.put(f"/scim/v2/Users/{key}", json=changed)
    assert (put.status_code, put.json()["displayName"]) == (200, "Another User")
    assert patch(scim, f"Users/{key}", {"op": "replace", "value": {"active": False}})["active"] is False
    again = scim.post("/scim/v2/Users", json=OKTA_USER)
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")


def test_a_part_of_a_name_is_changed_alone(scim: httpx.Client):
    """The other part stays."""
    key = add(scim, "Users", ENTRA_USER)
    told = patch(scim, f"Users/{key}", {"op": "replace", "path": "name.familyName", "value": "Roth"})
    assert told["displayName"] == "Kim Roth"


def test_groups_as_both_send_them(scim: httpx.Client):
    """Members come and go one by one, by list and by filter; a group that is deleted is closed."""
    kim, test = add(scim, "Users", ENTRA_USER), add(scim, "Users", OKTA_USER)
    key = add(scim, "Groups", {"schemas": [f"{CORE}Group"], "displayName": "Legal & IT", "externalId": "g1"})
    assert key == "legal_it"

    def members(*operations: dict[str, Any]) -> list[str]:
        return [each["value"] for each in patch(scim, f"Groups/{key}", *operations)["members"]]

    assert members({"op": "Add", "path": "members", "value": [{"$ref": None, "value": kim}]}) == [kim]
    assert members({"op": "add", "path": "members", "value": [{"value": test}]}) == [kim, test]
    assert members({"op": "Remove", "path": "members", "value": [{"$ref": None, "value": kim}]}) == [test]
    assert members({"op": "remove", "path": f'members[value eq "{test}"]'}) == []
    assert members({"op": "replace", "path": "members", "value": [{"value": kim}]}) == [kim]
    renamed = patch(scim, f"Groups/{key}", {"op": "replace", "value": {"id": key, "displayName": "Law"}})
    assert renamed["displayName"] == "Law"
    query = {"filter": 'displayName eq "Law"', "excludedAttributes": "members"}
    (found,) = scim.get("/scim/v2/Groups", params=query).json()["Resources"]
    assert "members" not in found
    assert scim.get(f"/scim/v2/Users/{kim}").json()["groups"] == [{"value": key, "display": "Law"}]
    assert scim.delete(f"/scim/v2/Groups/{key}").status_code == 204
    assert scim.get(f"/scim/v2/Groups/{key}").status_code == 404
    assert add(scim, "Groups", {"displayName": "Law"}) == "law"


def test_who_leaves_hands_over_to_their_manager_and_comes_in_no_more(api: Api, scim: httpx.Client):
    """Open tasks go to the manager, tokens are dead with the answer; who comes back keeps the key."""
    boss = add(scim, "Users", OKTA_USER)
    key = add(scim, "Users", {**ENTRA_USER, ENTERPRISE: {"manager": {"value": boss}}})
    api.add("dana")
    columns = [{"key": "go", "title": "Go"}]
    opened = {"name": "Move", "stages": columns, "owner": "person:dana"}
    owned = api.client.post("/v1/projects", json=opened).json()["id"]
    body = {"project": owned, "stage": "go", "title": "Call the bank", "assignee": f"person:{key}"}
    made = api.client.post("/v1/tasks", json=body)
    assert made.status_code == 201, made.text
    task = made.json()["id"]
    project(api.database, api.services.log)
    with api.as_(f"person:{key}", "read") as theirs:
        assert theirs.get("/v1/me").status_code == 200
        assert scim.delete(f"/scim/v2/Users/{key}").status_code == 204
        assert theirs.get("/v1/me").status_code == 401
    assert scim.get(f"/scim/v2/Users/{key}").status_code == 404
    project(api.database, api.services.log)
    assert f"person:{boss}" in api.client.get(f"/v1/tasks/{task}").text
    assert add(scim, "Users", ENTRA_USER) == key
    assert scim.get(f"/scim/v2/Users/{key}").json()["active"] is True


def test_people_of_the_house_are_found_and_paged(api: Api, scim: httpx.Client):
    """Who was added by hand has their mail address as userName; pages begin at one and say how many there are."""
    for key in ("ada", "bo", "cy"):
        body = {"person": key, "name": key.title(), "email": f"{key}@example.com"}
        assert api.client.post("/v1/people", json=body).is_success
    told = users(scim, startIndex=2, count=1)
    assert (told["totalResults"], told["startIndex"], told["itemsPerPage"]) == (3, 2, 1)
    assert users(scim, count=0)["Resources"] == []
    (bo,) = users(scim, filter='active eq true and emails.value sw "b"', attributes="userName")["Resources"]
    assert bo == {"schemas": bo["schemas"], "id": "bo", "userName": "bo@example.com"}
    assert users(scim, filter='userName ne "bo@example.com"')["totalResults"] == 2


def test_the_server_says_what_it_can(scim: httpx.Client):
    """Configuration, types and schemas, each also by itself."""
    config = scim.get("/scim/v2/ServiceProviderConfig").json()
    assert (config["patch"]["supported"], config["bulk"]["supported"]) == (True, False)
    for what, there in (("ResourceTypes", 2), ("Schemas", 3)):
        told = scim.get(f"/scim/v2/{what}").json()
        assert told["totalResults"] == there
        for each in told["Resources"]:
            assert scim.get(f"/scim/v2/{what}/{each['id']}").json() == each
        assert scim.get(f"/scim/v2/{what}/nonsense").json()["status"] == "404"


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("Users", {"displayName": "X"}, "invalidValue"),
        ("Users", {"userName": 7}, "invalidValue"),
        ("Users", {"userName": "x", "emails": [{"value": "no address"}]}, "invalidValue"),
        ("Users", {"userName": "x", "active": "perhaps"}, "invalidValue"),
        ("Users", {"userName": "x", ENTERPRISE: {"manager": {"value": "nobody"}}}, "invalidValue"),
        ("Users", [], "invalidSyntax"),
        ("Groups", {"displayName": "X", "members": [{"value": "nobody"}]}, "invalidValue"),
        ("Groups", {"displayName": "X", "members": "all"}, "invalidValue"),
    ],
)
def test_what_is_wrong_is_said_in_the_form_of_scim(scim: httpx.Client, path: str, body: Any, kind: str):
    """With the status as text, a type, and words."""
    answer = scim.post(f"/scim/v2/{path}", json=body)
    told = answer.json()
    assert (answer.status_code, told["status"], told["scimType"]) == (400, "400", kind)
    assert told["schemas"] == [f"{MESSAGES}Error"]
    assert answer.headers["content-type"] == "application/scim+json"


@pytest.mark.parametrize(
    "text", ["", "userName", "userName eq x", 'userName eq "a" or active eq true', '"' * 5000]
)
def test_a_filter_that_is_not_understood_is_refused(scim: httpx.Client, text: str):
    """With what would be."""
    answer = scim.get("/scim/v2/Users", params={"filter": text})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize(
    ("actor", "scopes"),
    [
        ("person:dana", ("read", "work", "manage", "admin")),
        ("person:dana", ("scim",)),
        ("service:other", ("read", "work", "manage", "service", "act_as")),
    ],
)
def test_only_a_program_with_the_scope_is_let_in(api: Api, actor: str, scopes: tuple[str, ...]):
    """Neither an administrator nor a person who was given the scope changes anything by SCIM; nor a nobody."""
    head = api.head
    with api.as_(actor, *scopes) as client:
        answer = client.post("/scim/v2/Users", json=ENTRA_USER)
        assert (answer.status_code, answer.json()["status"]) == (403, "403")
    assert api.head == head


def test_the_scope_opens_nothing_else(api: Api, scim: httpx.Client):
    """No values, no people by the other interface, no tokens, nobody's name; a stranger is told in SCIM's form."""
    for path in ("/v1/people", "/v1/runs", "/v1/tokens", "/v1/inbox", "/v1/search?q=a"):
        assert scim.get(path).status_code == 403
    assert scim.get("/scim/v2/Users", headers={"Milepost-Actor": "person:dana"}).status_code == 403
    stranger = httpx.get(f"{api.url}/scim/v2/Users")
    assert (stranger.status_code, stranger.json()["status"]) == (401, "401")


NAMES = (
    "userName", "displayName", "members", "emails", "value", "name", "active", "Operations", "op", "path",
    ENTERPRISE, "manager", "externalId",
)  # fmt: skip
WORDS = ("add", "replace", "remove", "members", "name.x", 'emails[type eq "work"]', ENTERPRISE)
JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-9, 9) | some.text(max_size=8),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(NAMES), inner | some.sampled_from(WORDS), max_size=4)
    ),
    max_leaves=12,
)
OPERATIONS = some.lists(
    some.fixed_dictionaries(
        {"op": some.sampled_from(WORDS), "path": some.sampled_from((*NAMES, *WORDS)), "value": JSON}
    ),
    min_size=1,
    max_size=3,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(
    body=JSON | some.fixed_dictionaries({"Operations": OPERATIONS}),
    method=some.sampled_from(["POST", "PUT", "PATCH"]),
    kind=some.sampled_from(["Users", "Groups"]),
)
def test_no_body_breaks_it(scim: httpx.Client, body: Any, method: str, kind: str):
    """Whatever is sent is done or refused in the form of SCIM."""
    if not users(scim, filter='id eq "kim.berg"')["totalResults"]:
        add(scim, "Users", ENTRA_USER)
        add(scim, "Groups", {"displayName": "Legal"})
    one = "kim.berg" if kind == "Users" else "legal"
    answer = scim.request(method, f"/scim/v2/{kind}" + ("" if method == "POST" else f"/{one}"), json=body)
    assert answer.status_code < 500, answer.text
    if not answer.is_success:
        assert answer.json()["status"] == str(answer.status_code)
