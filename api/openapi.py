"""The OpenAPI 3.1 document of the HTTP interface: routes, bodies, answers, problems."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import Response

from api.access.grants import SCOPES
from api.access.matrix import RULES
from api.handling.registering import ANSWER, BODY, CONTENT, KEYED, MEDIA, REFUSES, VIEW
from api.wire.places import places
from api.wire.problems import CODES, MEDIA_TYPE
from api.wire.schemas import Schemas, named

_DESCRIPTION = """\
Commands change things, views show what the read models hold, feeds tell what happens.

**Who.** Every request names its actor: `Authorization: Bearer …` with an API token, or the session cookie of a browser.
A token with the scope `act_as` may name somebody else in `Milepost-Actor`; both are recorded.

**Commands** answer the id, the version of the stream (also as `ETag`), the position in the log and the types of the
events.
With `Idempotency-Key` a repeated request is the same request: it gets the first answer and `Idempotent-Replayed: true`.
With `If-Match: "version"` a command is only carried out on that version of the stream.

**Views** say in `Milepost-Position` which position they reflect; `min_position` waits for one (read your own writes).
Their `ETag` is of what they tell: sent back as `If-None-Match` it is answered with 304 while all of that is the same.

**Lists** come in pages: `limit` says how many rows, the answer says how many come `more`, and in `next_after` what to
send as `after` for the next page (null: there is none).

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
_IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of the answer that the caller has already; 304 when it is still the same.",
    "schema": {"type": "string"},
}
_ALWAYS = (400, 408, 422, 429, 431, 500, 503)
"""What any request may be answered: what it says, how it came, and the state of the server decide."""
_LET_IN = (401, 403)
_COMMAND = (404, 409, 412, 413, 415)
_CREATING = frozenset(
    {
        "/v1/runs",
        "/v1/projects",
        "/v1/tasks",
        "/v1/people",
        "/v1/groups",
        "/v1/recurrences",
        "/v1/views",
    }
)
"""Addresses at which a command makes something new: 201, and 200 when the request is repeated."""


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
    told = [route for route in routes if route.include_in_schema]
    made = _plain(routes)
    schemas = Schemas(
        (marks[BODY]["model"] for marks in map(_marks, told) if BODY in marks),
        (marks[ANSWER] for marks in map(_marks, told) if ANSWER in marks),
    )
    made["components"] = {
        "schemas": schemas.by_name,
        "responses": {f"Problem{status}": _refusal(status) for status in _statuses()},
        "securitySchemes": _security(),
    }
    for route in told:
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


def _marks(route: APIRoute) -> dict[str, Any]:
    return route.openapi_extra or {}


def _statuses() -> list[int]:
    return sorted({code.status for code in CODES.values()})


# --- one operation: what FastAPI cannot know, because routes read and answer by themselves ---


def _complete(operation: dict[str, Any], route: APIRoute, schemas: Schemas) -> None:
    rule = RULES[f"{_method(route)} {route.path}"]
    operation["security"] = [] if rule.open else [{"token": sorted(rule.scopes)}, {"session": []}]
    operation["parameters"] = _parameters(operation, route)
    if not operation["parameters"]:
        del operation["parameters"]
    if (asked := _asked(route, schemas)) is not None:
        operation["requestBody"] = asked
    refused = {
        str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in _refusals(route)
    }
    operation["responses"] = {**_successes(operation, route, schemas), **refused}


def _parameters(operation: dict[str, Any], route: APIRoute) -> list[dict[str, Any]]:
    told = [each for each in operation.get("parameters", ()) if each["in"] != "path"]
    keyed = _COMMAND_HEADERS if _marks(route).get(KEYED) else []
    tagged = [_IF_NONE_MATCH] if _is_tagged(route) else []
    return [*places(route.path), *told, *keyed, *tagged]


def _is_tagged(route: APIRoute) -> bool:
    return bool(_marks(route).get(VIEW))


def _asked(route: APIRoute, schemas: Schemas) -> dict[str, Any] | None:
    marks = _marks(route)
    if (media := marks.get(CONTENT)) is not None:
        return {"required": True, "content": {media: {"schema": _BYTES}}}
    if (body := marks.get(BODY)) is None:
        return None
    needed = any(field.is_required() for field in body["model"].model_fields.values())
    content = {"schema": schemas.of(body["model"], "validation"), "example": body["example"]}
    return {"required": needed, "content": {"application/json": content}}


def _successes(operation: dict[str, Any], route: APIRoute, schemas: Schemas) -> dict[str, Any]:
    if route.status_code == 204:
        return {"204": {"description": "Done"}}
    status = str(route.status_code or 200)
    told = {"description": _SAID[status], "content": _content(operation, route, schemas)}
    if headers := _headers(operation, route):
        told["headers"] = headers
    if _method(route) == "POST" and route.path in _CREATING:
        return {"201": {**told, "description": _SAID["201"]}, "200": {**told, "description": "Repeated"}}
    if _is_tagged(route):
        same = {"description": "As the caller has it already", "headers": told["headers"]}
        return {status: told, "304": same}
    return {status: told}


def _content(operation: dict[str, Any], route: APIRoute, schemas: Schemas) -> dict[str, Any]:
    marks = _marks(route)
    found: dict[str, Any] = {}
    if (answer := marks.get(ANSWER)) is not None:
        found["application/json"] = {"schema": schemas.of(answer, "serialization")}
    elif BODY in marks:
        found["application/json"] = {"schema": named("CommandAnswer")}
    others = [*marks.get(MEDIA, ()), *(["text/csv"] if _gives_csv(operation) else [])]
    return {
        **found,
        **{media: {"schema": _TEXT if media.startswith("text/") else _BYTES} for media in others},
    }


def _gives_csv(operation: dict[str, Any]) -> bool:
    parameters = operation.get("parameters", ())
    return any(each["name"] == "format" and "csv" in each["schema"].get("enum", ()) for each in parameters)


def _headers(operation: dict[str, Any], route: APIRoute) -> dict[str, Any]:
    """What the answer says in its head, beside what it is."""
    marks = _marks(route)
    if marks.get(KEYED):
        version = {} if ANSWER in marks else {"ETag": _header("The version of the stream, in quotes")}
        return {**version, "Milepost-Position": _header("The position of the log, afterwards")}
    if not marks.get(VIEW):
        return {}
    tag = _header("Of what is told, however fresh it is; see `If-None-Match`")
    waits = any(each["name"] == "min_position" for each in operation.get("parameters", ()))
    position = {"Milepost-Position": _header("The position that the answer reflects")} if waits else {}
    return {"ETag": tag, **position}


def _refusals(route: APIRoute) -> tuple[int, ...]:
    let_in = () if RULES[f"{_method(route)} {route.path}"].open else _LET_IN
    takes = {BODY, CONTENT} & _marks(route).keys()
    return tuple(
        sorted({*_ALWAYS, *let_in, *(_COMMAND if takes else (404,)), *_marks(route).get(REFUSES, ())})
    )


def _refusal(status: int) -> dict[str, Any]:
    codes = [name for name, code in CODES.items() if code.status == status]
    return {
        "description": ", ".join(f"`{name}`" for name in codes),
        "content": {MEDIA_TYPE: {"schema": named("Problem")}},
    }


_TEXT = {"type": "string"}
_BYTES = {"type": "string", "format": "binary"}
_SAID = {"200": "Done", "201": "Made", "202": "Written down; it goes on"}


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


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
