"""Makes requests of the application's own OpenAPI document: mostly as it says, now and then with something odd."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

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
