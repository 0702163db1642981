"""The first version of a document, as it was before some steps were added."""

from __future__ import annotations

from typing import Any

from domain.document import Document


def without_steps(document: Document, gone: frozenset[str]) -> Document:
    """The document without these steps, and without every mention of them."""
    plain = document.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for stage in plain["stages"]:
        stage["steps"] = [_without(step, gone) for step in stage["steps"] if step["key"] not in gone]
    return Document.model_validate(plain)


def _without(step: dict[str, Any], gone: frozenset[str]) -> dict[str, Any]:
    if isinstance(step.get("after"), list):
        step["after"] = [key for key in step["after"] if key not in gone]
    blocks = (step.get("gate") or {}).get("blocks")
    if isinstance(blocks, list):
        step["gate"]["blocks"] = [key for key in blocks if key not in gone]
    if step.get("email"):
        step["email"]["body"] = _without_lines(step["email"]["body"], gone)
    return step


def _without_lines(text: str, gone: frozenset[str]) -> str:
    """The text without the lines that quote a field of these steps."""
    return "".join(
        line for line in text.splitlines(keepends=True) if not any(f"{{{key}." in line for key in gone)
    )
