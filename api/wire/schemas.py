"""The schemas of the OpenAPI document: what bodies and answers are made of, each under a name of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import TypeAdapter

from api.wire.problems import CODES

Mode = Literal["validation", "serialization"]
REF = "#/components/schemas/{model}"


class Schemas:
    """Types by their schemas. Two types of the same name get longer ones, so that none stands for the other."""

    def __init__(self, bodies: Iterable[type[Any]], answers: Iterable[type[Any]]) -> None:
        adapters: list[tuple[str, Mode, TypeAdapter[Any]]] = [
            *((_key(body), "validation", TypeAdapter(body)) for body in _each_once(bodies)),
            *((_key(answer), "serialization", TypeAdapter(answer)) for answer in _each_once(answers)),
        ]
        self._roots, made = TypeAdapter.json_schemas(adapters, ref_template=REF)
        self.by_name: dict[str, Any] = made.get("$defs", {})
        for name, schema in (("CommandAnswer", command_answer()), ("Problem", problem())):
            if name in self.by_name:
                raise ValueError(f"{name} is the name of another schema of the document already")
            self.by_name[name] = schema

    def of(self, type_: type[Any], mode: Mode) -> dict[str, Any]:
        """The schema of a type: where it stands."""
        return dict(self._roots[_key(type_), mode])


def named(name: str) -> dict[str, Any]:
    """The schema with this name."""
    return {"$ref": REF.format(model=name)}


def _key(type_: type[Any]) -> str:
    return f"{type_.__module__}.{type_.__qualname__}"


def _each_once(types: Iterable[type[Any]]) -> list[type[Any]]:
    return sorted(set(types), key=_key)


def command_answer() -> dict[str, Any]:
    """What a command answers that tells nothing else."""
    return {
        "type": "object",
        "description": "What a command did. `events` is empty when everything was as asked already.",
        "properties": {
            "id": {"type": "string"},
            "version": {"type": "integer", "description": "of the stream, afterwards"},
            "position": {"type": "integer", "description": "in the log, of the stream's newest event"},
            "events": {
                "type": "array",
                "items": {"type": "string"},
                "description": "types of the events stored",
            },
            "warnings": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": True},
                "description": "of a publication: what is no mistake of the document, and will still be in the way",
            },
            "told": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": True},
                "description": "of a reminder: who hears of it (`who`, `name`), and `how`: by `mail` to `address`, in "
                "their `inbox` only, or by a mail kept in the `outbox`, as no mail server is set or it is a test",
            },
        },
        "required": ["id", "version", "position", "events"],
    }


def problem() -> dict[str, Any]:
    """What every refusal answers."""
    texts = {name: {"type": "string"} for name in ("type", "title", "code", "detail")}
    error = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
        "required": ["field", "code", "detail"],
        "additionalProperties": True,
    }
    return {
        "type": "object",
        "description": "RFC 9457, with a stable code; further members are facts about this problem.",
        "properties": {
            **texts,
            "status": {"type": "integer"},
            "errors": {
                "type": "array",
                "items": error,
                "description": "of `invalid`: each field, what is wrong with it, what is accepted",
            },
        },
        "required": [*texts, "status"],
        "additionalProperties": True,
        "example": {
            "type": "urn:milepost:problem:version_mismatch",
            "title": CODES["version_mismatch"].title,
            "status": 412,
            "code": "version_mismatch",
            "detail": "it is at version 7, not at 6",
            "version": 7,
        },
    }
