"""Small process documents for tests of runs."""

from __future__ import annotations

from typing import Any

from domain.definition import Definition
from domain.run import RUN
from tests.support.given import Story

ROLES: list[dict[str, Any]] = [
    {"key": "seller", "title": "Seller", "initiator": True},
    {"key": "boss", "title": "Boss", "from_input": "boss"},
    {"key": "helper", "title": "Helper"},
    {"key": "customer", "title": "Customer", "guest": True},
    {"key": "engine", "title": "Engine", "system": True},
]
INPUTS = [
    {"key": "plan", "title": "Plan", "kind": "choice", "choices": ["small", "large"]},
    {"key": "go_live", "title": "Go-live", "kind": "date"},
    {"key": "boss", "title": "Boss", "kind": "person"},
]


def step(key: str, after: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """A step as a document has it."""
    return {"key": key, "title": key, "after": after or [], **more}


def definition(*steps: dict[str, Any], **more: Any) -> Definition:
    """A process with these steps, each stage being what its steps name as ``stage`` (default: work)."""
    stages: dict[str, list[dict[str, Any]]] = {}
    for one in steps:
        stages.setdefault(one.pop("stage", "work"), []).append(one)
    document = {
        "key": "sale",
        "title": "Sale",
        "roles": ROLES,
        "inputs": INPUTS,
        "stages": [{"key": key, "title": key, "steps": found} for key, found in stages.items()],
        **more,
    }
    return Definition.load("sale", 1, document)


def run_of(*steps: dict[str, Any], **more: Any) -> Story:
    """The story of a run of such a process, before it starts."""
    return Story(RUN, definition(*steps, **more))
