"""The JSON Schema of the process document, and the reference of its keys: what editors check and people look up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from domain.document import Document
from interchange.documents.words import words_of

PATH = "docs/reference/process.schema.json"
PAGE = "docs/reference/process-document.md"
_HEAD = """\
# Process document

Every part of a process document with its keys. Keys without a default have to be there.
[Write a process](../how-to/write-a-process.md) shows them at work; editors complete and check them with
[process.schema.json](process.schema.json).

This page is generated from `domain/document.py`, `domain/formula.py` and `interchange/documents/words.py`.
"""


def schema() -> dict[str, Any]:
    """The schema, with a sentence for every key."""
    made = Document.model_json_schema(by_alias=True)
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    for model, part in {**made["$defs"], "Document": made}.items():
        for key, found in part.get("properties", {}).items():
            if (said := words_of(model, key)) is not None:
                found["description"] = said
    made["title"] = "Milepost process document"
    return made


def schema_text() -> str:
    """The schema as it is committed."""
    return json.dumps(schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def process_schema() -> dict[str, str]:
    """The generated files by their paths."""
    return {PATH: schema_text(), PAGE: _page(schema())}


def _page(made: dict[str, Any]) -> str:
    parts = {"Document": made, **made["$defs"]}
    return "\n".join([_HEAD, *(line for name, part in parts.items() for line in _part(name, part))])


def _part(name: str, part: dict[str, Any]) -> Iterator[str]:
    if "properties" not in part:
        return
    yield f"## {name}\n"
    yield f"{_one_line(part.get('description', ''))}\n"
    yield "| key | takes | default | meaning |\n|---|---|---|---|"
    needed = part.get("required", [])
    for key, found in part["properties"].items():
        default = "" if key in needed else _literal(found.get("default"))
        yield f"| `{key}` | {_takes(found)} | {default} | {_one_line(found.get('description', ''))} |"
    yield ""


def _takes(found: dict[str, Any]) -> str:
    """The type in a few words, with links to the parts."""
    if "$ref" in found:
        name = found["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in found:
            kinds = [_takes(one) for one in found[several] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if "enum" in found:
        return ", ".join(f"`{one}`" for one in found["enum"])
    if "const" in found:
        return f"`{found['const']}`"
    if found.get("type") == "array":
        return f"list of {_takes(found['items'])}" if "items" in found else "list"
    return _NAMES.get(found.get("type", ""), "anything")


_NAMES = {
    "string": "text", "integer": "whole number", "number": "number", "boolean": "true, false", "object": "mapping",
}  # fmt: skip


def _literal(value: Any) -> str:
    return "none" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")
