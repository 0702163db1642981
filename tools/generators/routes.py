"""docs/reference/routes.md, from the OpenAPI document and the table of who may call what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.access.matrix import RULES
from tools.generators.openapi import described

HEAD = """\
# Routes

Every route of the HTTP interface. [openapi.json](openapi.json) has the schema of each body and answer, and is served at
`/openapi.json`; [errors.md](errors.md) lists the refusals. *Scope*: the token needs one of these; *open* asks for nobody's name.

This page is generated from `api/`.
"""


def routes_reference() -> dict[str, str]:
    """One heading per route: what it does, who may call it, what it takes."""
    told = described()["paths"]
    entries = (_entry(route, _operation(told, route)) for route in RULES)
    return {"docs/reference/routes.md": "\n".join([HEAD, *entries])}


def _operation(paths: dict[str, Any], route: str) -> dict[str, Any]:
    method, _, path = route.partition(" ")
    found: dict[str, Any] = paths.get(path, {}).get(method.lower(), {"summary": "This document"})
    return found


def _entry(route: str, operation: dict[str, Any]) -> str:
    rule = RULES[route]
    scope = "open" if rule.open else f"scope: {' or '.join(f'`{name}`' for name in sorted(rule.scopes))}"
    lines = [f"- {scope}", *_parameters(operation), *_body(operation)]
    return f"## {route}\n\n{_sentence(operation)}\n\n" + "\n".join(lines) + "\n"


def _sentence(operation: dict[str, Any]) -> str:
    summary = operation["summary"] + ("" if operation["summary"].endswith("?") else ".")
    more = " ".join(operation.get("description", "").split())
    return f"{summary} {more}".strip()


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    for place, title in (("query", "query"), ("header", "headers")):
        names = [f"`{each['name']}`" for each in operation.get("parameters", ()) if each["in"] == place]
        if names:
            yield f"- {title}: {', '.join(names)}"


def _body(operation: dict[str, Any]) -> Iterator[str]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"- body: {content['schema'].get('$ref', media_type).removeprefix('#/components/schemas/')}"
