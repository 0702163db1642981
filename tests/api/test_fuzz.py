"""Bad input gets a problem, never a failure of ours, and changes nothing.

The requests are made from the application's own OpenAPI document: every route, its parameters, the schema of its body.
`MILEPOST_TEST_FUZZ` says how many; without it there are enough for every day.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from api.access.matrix import RULES
from tests.api.conftest import Api

REQUESTS = int(os.environ.get("MILEPOST_TEST_FUZZ", "1000"))
HUGE = 32
"""How deep bodies are made: deeper than any that is accepted."""
TEXTS = [
    "",
    " ",
    "x",
    "\0",
    "a\0b",
    "ä" * 300,
    "'; drop table log.event; --",
    "../..",
    "%s",
    "{}",
    "\u202e",
    "😀" * 5_000,
]
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    10**400,
    1.5,
    1e308,
    [],
    {},
    [[[[[]]]]],
    {"a": {"b": None}},
    *TEXTS,
]
RAW = [
    b"", b"{", b"[]", b"null", b"nan", b'{"a":NaN}', b'{"a":1e999}', b'"\\ud800"', b'{"text":"\\ud800"}', b"\xff\xfe",
    b'{"text":"\\u0000"}', b"[" * 10_000, b'{"values":' * 60 + b"1" + b"}" * 60,
    b'{"values":' + b"[" * 40 + b"]" * 40 + b"}",
]  # fmt: skip
PLACES = [
    "x",
    "%00",
    "0" * 400,
    "%F0%9F%98%80",
    "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55",
    "a b",
    "..",
    "-1",
    "%ff",
]
METHODS = ("GET", "POST", "PUT", "DELETE")


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    told: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As the matrix of access names it."""
        return f"{self.method} {self.path}"


@dataclass
class Maker:
    """Makes requests: mostly as the document says, with something odd in them now and then."""

    pick: random.Random
    schemas: Mapping[str, Any]
    ids: list[str]
    oddity: float = 0.0

    def begin(self) -> None:
        """Decide how odd the next request is: half of them keep to the schema."""
        self.oddity = self.pick.choice([0.0, 0.0, 0.02, 0.1])

    def address(self, operation: Operation) -> str:
        """The path with good or odd things in its places, and some of the query."""
        path, query = operation.path, []
        for told in operation.told.get("parameters", ()):
            if told["in"] == "path":
                path = path.replace(f"{{{told['name']}}}", self.pick.choice(self._place(told["name"])))
            elif told["in"] == "query" and self.pick.random() < 0.4:
                query.append(f"{told['name']}={self._text(told['schema'])}")
        if self.pick.random() < 0.05:
            query.append("nonsense=1")
        return path + ("?" + "&".join(query) if query else "")

    def _place(self, name: str) -> list[str]:
        good = {"step": ["contract", "kickoff"], "key": ["onboarding"], "version": ["1"]}.get(
            name, self.ids[:1]
        )
        return PLACES + good * 3 if self.oddity else good

    def headers(self, operation: Operation) -> dict[str, str]:
        """Some of the headers that the operation takes, right or wrong."""
        odd = ["", "x", '"1"', '"999"', "*", "ä".encode().decode("latin-1"), "9" * 300]
        taken = [told["name"] for told in operation.told.get("parameters", ()) if told["in"] == "header"]
        values = [*odd, str(uuid4())] if self.oddity else ["*"]
        return {name: self.pick.choice(values) for name in taken if self.pick.random() < 0.15}

    def content(self, operation: Operation) -> dict[str, Any]:
        """The body: as the schema says, an odd one, or raw bytes."""
        asked = operation.told.get("requestBody")
        if asked is None:
            return {}
        if self.oddity and self.pick.random() < 0.3:
            return {"content": self.pick.choice(RAW)}
        told = asked["content"].get("application/json")
        return {"content": b"any bytes"} if told is None else {"json": self.value(told["schema"])}

    def value(self, schema: Mapping[str, Any], depth: int = 0) -> Any:
        """A value of this schema; odd now and then, at any depth."""
        if self.pick.random() < self.oddity or depth > HUGE:
            return self.pick.choice(ODD)
        if "$ref" in schema:
            return self.value(self.schemas[schema["$ref"].rsplit("/", 1)[1]], depth + 1)
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self.value(self.pick.choice(schema[several]), depth + 1)
        if "enum" in schema:
            return self.pick.choice(schema["enum"])
        return schema["const"] if "const" in schema else self._of_type(schema, depth)

    def _of_type(self, schema: Mapping[str, Any], depth: int) -> Any:
        makers: dict[str, Callable[[], Any]] = {
            "object": lambda: self._object(schema, depth),
            "array": lambda: [
                self.value(schema.get("items", {}), depth + 1) for _ in range(self.pick.randint(0, 3))
            ],
            "string": lambda: self._string(schema),
            "integer": lambda: self.pick.choice([1, 2, 3, 10**9, -1, 2**31, 2**63]),
            "number": lambda: self.pick.choice([0, 1.5, -1, 1e300]),
            "boolean": lambda: self.pick.random() < 0.5,
            "null": lambda: None,
        }
        return makers.get(schema.get("type", ""), lambda: self.pick.choice(ODD))()

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        needed = schema.get("required", ())
        chance = 0.5 if depth < 4 else 0.1
        made = {
            name: self.value(part, depth + 1)
            for name, part in schema.get("properties", {}).items()
            if self.pick.random() < (1.0 - self.oddity if name in needed else chance)
        }
        more = schema.get("additionalProperties")
        if isinstance(more, dict) or more is True or self.pick.random() < self.oddity:
            made[self.pick.choice(["goals", "seller", "x", *TEXTS])] = self.pick.choice(ODD)
        return made

    def _string(self, schema: Mapping[str, Any]) -> str:
        good = {"uuid": self.ids[:1], "date-time": ["2027-01-01T12:00:00Z"], "date": ["2027-01-01"]}
        usual = good.get(
            schema.get("format", ""), ["onboarding", "contract", "seller", "person:dana", "start", "a0"]
        )
        return self.pick.choice([*usual, *TEXTS] if self.oddity else usual)

    def _text(self, schema: Mapping[str, Any]) -> str:
        odd = ["%00", "-1", "x", "9" * 30, ""] if self.oddity else []
        return self.pick.choice([str(self.value(schema)), *odd])


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Every operation that the document tells."""
    return [
        Operation(method.upper(), path, told)
        for path, item in document["paths"].items()
        for method, told in item.items()
        if method.upper() in METHODS
    ]


def test_the_document_tells_every_route_that_is_fuzzed(api: Api):
    """The OpenAPI document has all of the interface, save itself, the sign-in form and the calendar feed."""
    told = {each.name for each in operations(api.client.get("/openapi.json").json())}
    assert set(RULES) - told <= {"GET /openapi.json", "POST /sign-in", "GET /calendar/{name}"}


def test_no_request_breaks_the_server(published: Api):
    """Over all routes: never an unplanned 5xx, refusals are problem documents, and what is refused changes nothing."""
    document = published.client.get("/openapi.json").json()
    all_of_them = operations(document)
    ids = [published.start(), "contract", "onboarding", "1"]
    maker = Maker(random.Random(0), document["components"]["schemas"], ids)
    counts: Counter[str] = Counter()
    for number in range(REQUESTS):
        operation = all_of_them[number % len(all_of_them)]
        if counts[operation.name] >= 5 and operation.name == "DELETE /v1/tokens/{id}":
            continue  # each revocation waits for a lease
        counts[operation.name] += check(published, maker, operation)
    assert min(counts[each.name] for each in all_of_them) > 0


def check(api: Api, maker: Maker, operation: Operation) -> bool:
    """Send one request of this operation and look at its answer; False when no client can send it."""
    maker.begin()
    path, before = maker.address(operation), api.head
    headers, more = maker.headers(operation), maker.content(operation)
    if "content" in more:
        headers["Content-Type"] = maker.pick.choice(
            ["application/json", "text/plain", "application/json; charset=x"]
        )
    try:
        with api.client.stream(operation.method, path, headers=headers, **more) as answer:
            text = (
                ""
                if answer.headers.get("content-type", "").startswith("text/event-stream")
                else answer.read()
            )
    except (httpx.InvalidURL, ValueError):
        return False  # the client refuses to send it
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", (operation.name, path, text)
        assert api.head == before, (operation.name, path, text)
        planned = answer.status_code < 500 or answer.json()["code"] == "not_there_yet"
        assert planned, (operation.name, path, headers, more, text)
    return True


def test_what_is_too_large_is_refused(published: Api):
    """A body above the limit is 413, declared or not; so is an event above the cap of the log."""
    run = published.start()
    head = published.head
    path = f"/v1/runs/{run}/comment"
    many = b"x" * 600_000
    for body in (many, (part for part in [many[:300_000], many[300_000:]])):
        answer = published.client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    values = {"values": {"goals": "x" * 400_000}}
    answer = published.client.post(f"/v1/runs/{run}/steps/contract/save", json=values)
    assert 400 <= answer.status_code < 500
    assert published.head == head


def test_unknown_addresses_and_methods_are_problems(published: Api):
    """404 and 405 are problem documents too."""
    for method, path, status in (
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/runs", 405),
        ("GET", "/v1/runs/", 404),
    ):
        answer = published.client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_ids_of_answers_are_uuids(published: Api):
    """What a command makes has an id that sorts by time."""
    assert UUID(published.start()).version == 7
