"""Whatever stands in an address or a body: what cannot be stored or is said twice is refused in words, at its place."""

from __future__ import annotations

import re

import pytest

from tests.api.conftest import Api

ID = "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"


def parameters(api: Api) -> list[tuple[str, str, str, str]]:
    """Method, path, place and name of every parameter of an address that the document tells."""
    document = api.client.get("/openapi.json").json()
    return [
        (method.upper(), path, parameter["in"], parameter["name"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
        for parameter in operation.get("parameters", ())
        if parameter["in"] in ("path", "query")
    ]


def test_no_parameter_of_any_route_takes_control_characters(published: Api):
    """U+0000 and its like name nothing in a path and are no text in a query; the answer says where, never 500."""
    odd = []
    for method, path, kind, name in parameters(published):
        for sign in ("%00", "a%00b", "%01", "%7f"):
            address = path.replace(f"{{{name}}}", sign) if kind == "path" else f"{path}?{name}={sign}"
            answer = published.client.request(method, re.sub(r"{\w+}", ID, address))
            told = answer.json()
            right = (
                answer.status_code in (404, 405)
                if kind == "path"
                else (answer.status_code, told["errors"][0]["field"]) == (422, name)
            )
            if not right or ("control character" not in told["detail"] and answer.status_code != 405):
                odd.append((method, address, answer.status_code, told))
    assert odd == []


def test_pasted_ends_of_lines_and_tabs_are_text(published: Api):
    """A text copied from a table or a mail is looked for all the same."""
    assert published.client.get("/v1/search?q=acme%0D%0A").status_code == 200
    assert published.client.get("/v1/search?q=a%09b").status_code == 200


def test_a_parameter_is_said_once(published: Api):
    """Of two values the last would count, without a word."""
    answer = published.client.get("/v1/runs?limit=1&state=running&limit=2")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "limit")
    assert published.client.get("/v1/runs?limit=1&state=running").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"text": "a", "text": "b"}', "text"),
        ('{"text": "a", "te\\u0078t": "b"}', "text"),
        ('{"text": "a", "more": [1, {"b": {"c": 1, "d": 2, "c": 1}}]}', "more.1.b.c"),
    ],
)
def test_a_body_that_says_a_name_twice_is_refused(published: Api, body: str, field: str):
    """Of two values the last would win, also of an approval's; the answer says where, and nothing is stored."""
    run = published.start()
    head = published.head
    answer = published.client.post(
        f"/v1/runs/{run}/comment", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [{"field": field, "code": "said_twice", "detail": f"{field} is said twice; say it once"}],
    )
    assert published.head == head


def test_the_same_name_in_two_objects_is_said_once_in_each(published: Api):
    """Only within one object."""
    body = {"values": {"goals": 'a "goals": b'}}
    run = published.start()
    assert published.client.post(f"/v1/runs/{run}/steps/contract/save", json=body).status_code == 200
