"""The words of SCIM: its schemas, and how a request is refused."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from api.wire.problems import Problem

BASE = "/scim/v2"
CORE = "urn:ietf:params:scim:schemas:core:2.0"
USER = f"{CORE}:User"
GROUP = f"{CORE}:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MESSAGE = "urn:ietf:params:scim:api:messages:2.0"
TYPE = "application/scim+json"
_BAD_REQUEST, _CONFLICT, _UNPROCESSABLE = 400, 409, 422
_VALUES = ("bad_", "unknown_", "person_deactivated", "manager_cycle", "too_many_members", "group_closed")
"""Refusals by a rule of people and groups: to SCIM, a value that cannot be."""
_TYPES = {"not_json": "invalidSyntax", "not_json_type": "invalidSyntax", "invalid": "invalidValue"}


def refusal(kind: str, detail: str, status: int = _BAD_REQUEST) -> Problem:
    """A refusal with one of the types of RFC 7644, section 3.12."""
    return Problem("invalid", detail, status=status, scimType=kind)


def not_there(kind: str, key: str) -> Problem:
    """There is no such user or group."""
    return Problem("not_found", f"there is no {kind} {key}")


def answer(value: Any, status: int = 200, **headers: str) -> Response:
    """A SCIM answer; never cached."""
    return Response(orjson.dumps(value), status, {"Cache-Control": "no-store", **headers}, TYPE)


def as_error(response: Response) -> Response:
    """A problem document in the form that SCIM has for errors (RFC 7644, section 3.12)."""
    told = orjson.loads(response.body)
    status = _BAD_REQUEST if response.status_code == _UNPROCESSABLE else response.status_code
    if status == _CONFLICT and told["code"].startswith(_VALUES):
        status = _BAD_REQUEST
    kind = told.get("scimType") or (
        _TYPES.get(told["code"], "invalidValue") if status == _BAD_REQUEST else None
    )
    error = {"schemas": [f"{MESSAGE}:Error"], "status": str(status), "detail": told["detail"]}
    if kind:
        error["scimType"] = kind
    headers = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
    return Response(orjson.dumps(error), status, headers, TYPE)
