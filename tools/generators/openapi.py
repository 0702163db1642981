"""docs/reference/openapi.json, from the routes of api/."""

from __future__ import annotations

import json
from typing import Any

from fastapi.routing import APIRoute

from api.app import api_router
from api.openapi import document


def described() -> dict[str, Any]:
    """The OpenAPI document of the HTTP interface."""
    return document([route for route in api_router().routes if isinstance(route, APIRoute)])


def openapi() -> dict[str, str]:
    """The document as it is committed: the one that `/openapi.json` answers, laid out for reading."""
    text = json.dumps(described(), indent=2, ensure_ascii=False) + "\n"
    return {"docs/reference/openapi.json": text}
