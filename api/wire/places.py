"""What stands in the places of addresses, such as the `{id}` of `/v1/runs/{id}`: for the OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

from domain import group, person

_PLACE = re.compile(r"{(\w+)}")
_UUID = {"type": "string", "format": "uuid"}
_KEY = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"}
SERVICE = "[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}"
"""What the key of a service can be."""
_NUMBER = {"type": "integer", "minimum": 1, "maximum": 2_000_000_000}

_PLACES: dict[str, tuple[str, dict[str, Any]]] = {
    "/v1/people/{key}": ("the key of the person", {"type": "string", "pattern": f"^{person.KEY.pattern}$"}),
    "/v1/services/{key}": ("the key of the service", {"type": "string", "pattern": f"^{SERVICE}$"}),
    "/v1/groups/{key}": ("the key of the group", {"type": "string", "pattern": f"^{group.KEY.pattern}$"}),
    "/v1/processes/{key}": ("the key of the process", _KEY),
    "/v1/processes/{key}/versions/{version}": ("the number of a published version", _NUMBER),
    "/v1/guest/{link}": ("the secret part of the link", {"type": "string", "maxLength": 400}),
    "/v1/mail-decisions/{link}": ("the secret part of the link", {"type": "string", "maxLength": 400}),
    "{id}": ("the id", _UUID),
    "{run}": ("the id of the run", _UUID),
    "{card}": ("the id of the run or task", _UUID),
    "{incident}": ("the id of the incident", _UUID),
    "{step}": ("the key of the step", _KEY),
    "{round}": ("which round of the step; 1 is the first", _NUMBER),
    "{action}": ("what sends it: `email`, `invitation`, `reminder:1`, …", {"type": "string", "maxLength": 100}),
    "{sha256}": ("the hash of its content", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
}  # fmt: skip
"""By the beginning of the address up to the place, else by the place alone."""


def places(path: str) -> list[dict[str, Any]]:
    """The parameters in a path, in their order."""
    return [_place(path, match) for match in _PLACE.finditer(path)]


def _place(path: str, match: re.Match[str]) -> dict[str, Any]:
    description, schema = _PLACES.get(path[: match.end()]) or _PLACES[match.group()]
    return {
        "name": match.group(1),
        "in": "path",
        "required": True,
        "description": description,
        "schema": dict(schema),
    }
