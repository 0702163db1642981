"""docs/reference/openapi.json and errors.md, from the routes and from every refusal in the code."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from fastapi.routing import APIRoute

from api.app import api_router
from api.openapi import document
from api.wire.problems import CODES

ROOT = Path(__file__).resolve().parent.parent.parent

HEAD = """\
# Errors

Every refusal is a problem document (RFC 9457, `application/problem+json`) with a stable `code`; `type` is
`urn:milepost:problem:` and the code. Nothing that is refused changes anything.

This page is generated from `api/wire/problems.py` and from the rules in `domain/`.
"""
RULES_HEAD = """\
## Rules

What a process, run, project or task refuses: status 409, with facts about what would be accepted.

| code | where |
|---|---|
"""


def openapi() -> dict[str, str]:
    """The OpenAPI document of the HTTP interface."""
    routes = [route for route in api_router().routes if isinstance(route, APIRoute)]
    return {
        "docs/reference/openapi.json": json.dumps(
            document(routes), indent=2, ensure_ascii=False, sort_keys=True
        )
        + "\n"
    }


def errors() -> dict[str, str]:
    """Every code, what it means, and where the rules are."""
    own = "\n".join(
        f"## {name}\n\n{code.status} {code.title}. {code.meaning}\n" for name, code in sorted(CODES.items())
    )
    rules = "\n".join(
        f"| `{code}` | {', '.join(sorted(places))} |" for code, places in sorted(refusals().items())
    )
    return {"docs/reference/errors.md": f"{HEAD}\n{own}\n{RULES_HEAD}{rules}\n"}


def refusals() -> dict[str, set[str]]:
    """The code of every `Rejected` in domain/, with the modules that raise it."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "domain").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Rejected"
                and node.args
            ):
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    found.setdefault(str(code.value), set()).add(
                        f"`{path.relative_to(ROOT).with_suffix('')}`"
                    )
    return found
