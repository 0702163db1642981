"""The OpenAPI 3.1 document of the HTTP interface: routes, bodies, answers, problems."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from api.access import SCOPES
from api.matrix import RULES
from api.problems import CODES
from api.registering import ANSWER, BODY

_REF = "#/components/schemas/{model}"
_DESCRIPTION = """\
Commands change things, views show what the read models hold, feeds tell what happens.

**Who.** Every request names its actor: `Authorization: Bearer …` with an API token, or the session cookie of a browser.
A token with the scope `act_as` may name somebody else in `Milepost-Actor`; both are recorded.

**Commands** answer the id, the version of the stream (also as `ETag`), the position in the log and the types of the
events.
With `Idempotency-Key` a repeated request is the same request: it gets the first answer and `Idempotent-Replayed: true`.
With `If-Match: "version"` a command is only carried out on that version of the stream.

**Views** say in `Milepost-Position` which position they reflect; `min_position` waits for one (read your own writes).

**Problems** are RFC 9457 documents with a stable `code`; errors.md lists them.
"""
_COMMAND_HEADERS: list[dict[str, Any]] = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes a repeated request the same request; 1 to 200 printable characters, unique per actor.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    {
        "name": "If-Match",
        "in": "header",
        "description": 'Carry out only on this version of the stream, as `"12"`.',
        "schema": {"type": "string"},
    },
]
_STATUSES = {
    "command": (400, 401, 403, 404, 409, 412, 413, 415, 422, 503),
    "view": (401, 403, 404, 422, 503),
    "open": (),
}


def add_openapi(router: APIRouter) -> None:
    """Register the address of the document."""
    router.add_api_route(
        "/openapi.json", openapi, methods=["GET"], response_model=None, include_in_schema=False
    )


async def openapi(request: Request) -> Response:
    """The document."""
    text: bytes | None = getattr(request.app.state, "openapi", None)
    if text is None:
        text = request.app.state.openapi = json.dumps(document(_routes(request.app.routes))).encode()
    return Response(text, media_type="application/json")


def _routes(routes: Any) -> list[APIRoute]:
    return [
        route for route in routes if isinstance(route, APIRoute) and f"{_method(route)} {route.path}" in RULES
    ]


def document(routes: list[APIRoute]) -> dict[str, Any]:
    """The document for these routes."""
    made = _plain(routes)
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.update(_bodies(routes), CommandAnswer=_command_answer(), Problem=_problem())
    made["components"]["securitySchemes"] = _security()
    made["components"]["responses"] = {f"Problem{status}": _response(status) for status in _statuses()}
    for route in routes:
        if route.include_in_schema:
            _complete(made["paths"][route.path_format][_method(route).lower()], route, schemas)
    return made


def _plain(routes: list[APIRoute]) -> dict[str, Any]:
    """What FastAPI tells; our marks of types are not for it to write out."""
    marks = [route.openapi_extra for route in routes]
    for route in routes:
        route.openapi_extra = None
    try:
        return get_openapi(
            title="Milepost",
            version="1",
            openapi_version="3.1.0",
            summary="Processes and projects from one log of events",
            description=_DESCRIPTION,
            routes=routes,
        )
    finally:
        for route, mark in zip(routes, marks, strict=True):
            route.openapi_extra = mark


def _method(route: APIRoute) -> str:
    return min(route.methods or ())


def _statuses() -> list[int]:
    return sorted({code.status for code in CODES.values()})


def _bodies(routes: list[APIRoute]) -> dict[str, Any]:
    models = {
        route.openapi_extra[BODY]["model"]
        for route in routes
        if route.openapi_extra and BODY in route.openapi_extra
    }
    ordered = sorted(models, key=lambda model: model.__name__)
    _, definitions = models_json_schema([(model, "validation") for model in ordered], ref_template=_REF)
    found: dict[str, Any] = definitions.get("$defs", {})
    return found


_CREATING = ("/v1/runs", "/v1/projects", "/v1/tasks", "/v1/people", "/v1/groups")
"""Addresses at which a command makes something new."""


def _complete(operation: dict[str, Any], route: APIRoute, schemas: dict[str, Any]) -> None:
    """What FastAPI cannot know, because routes read and answer by themselves."""
    marks = route.openapi_extra or {}
    body, answer = marks.get(BODY), marks.get(ANSWER)
    rule = RULES[f"{_method(route)} {route.path}"]
    kind = "command" if body else "open" if rule.open else "view"
    success = operation["responses"] = {
        status: told
        for status, told in operation["responses"].items()
        if status in ("200", "201", "204", "303")
    }
    operation["security"] = [] if rule.open else [{"token": sorted(rule.scopes)}, {"session": []}]
    if body:
        _describe_command(operation, body, creates=route.path in _CREATING)
        success = operation["responses"]
    if answer is not None:
        success["200"] = _ok(
            TypeAdapter(answer).json_schema(ref_template=_REF, mode="serialization"), schemas, answer.__name__
        )
    for status in _STATUSES[kind]:
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/Problem{status}"}


def _describe_command(operation: dict[str, Any], body: dict[str, Any], *, creates: bool) -> None:
    reference = {"$ref": _REF.format(model=body["model"].__name__)}
    content = {"application/json": {"schema": reference, "example": body["example"]}}
    needed = any(field.is_required() for field in body["model"].model_fields.values())
    operation["requestBody"] = {"required": needed, "content": content}
    operation.setdefault("parameters", []).extend(_COMMAND_HEADERS)
    told = {"$ref": _REF.format(model="CommandAnswer")}
    if "204" not in operation["responses"] and operation["tags"] != ["Access"]:
        headers = {
            "ETag": _header("The version of the stream, in quotes"),
            "Milepost-Position": _header("The position"),
        }
        ok = {
            "description": "Carried out",
            "headers": headers,
            "content": {"application/json": {"schema": told}},
        }
        operation["responses"] = {"201": {**ok, "description": "Made"}, "200": ok} if creates else {"200": ok}


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _ok(schema: dict[str, Any], schemas: dict[str, Any], name: str) -> dict[str, Any]:
    schemas.update(schema.pop("$defs", {}))
    schemas[name] = schema
    return {
        "description": "As it is at the position named",
        "headers": {"Milepost-Position": _header("The position that the answer reflects")},
        "content": {"application/json": {"schema": {"$ref": _REF.format(model=name)}}},
    }


def _response(status: int) -> dict[str, Any]:
    codes = [name for name, code in CODES.items() if code.status == status]
    return {
        "description": ", ".join(f"`{name}`" for name in codes),
        "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}},
    }


def _command_answer() -> dict[str, Any]:
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
                "items": {"type": "object"},
                "description": "of a publication: what is no mistake of the document, and will still be in the way",
            },
            "told": {
                "type": "array",
                "items": {"type": "object"},
                "description": "of a reminder: who hears of it (`who`, `name`), and `how`: by `mail` to `address`, in "
                "their `inbox` only, or by a mail kept in the `outbox`, as no mail server is set or it is a test",
            },
        },
        "required": ["id", "version", "position", "events"],
    }


def _problem() -> dict[str, Any]:
    texts = {name: {"type": "string"} for name in ("type", "title", "code", "detail")}
    return {
        "type": "object",
        "description": "RFC 9457, with a stable code; further members are facts about this problem.",
        "properties": {**texts, "status": {"type": "integer"}},
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


def _security() -> dict[str, Any]:
    scopes = "; ".join(f"`{name}`: {meaning}" for name, meaning in SCOPES.items())
    return {
        "token": {"type": "http", "scheme": "bearer", "description": f"An API token. Scopes: {scopes}."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "milepost_session",
            "description": "A browser's session; changes need `X-CSRF-Token` (see `/v1/me`) and a matching Origin.",
        },
    }
