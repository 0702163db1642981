"""What would be accepted at a place of a process document, in a few words, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

from domain.outline import Path, some
from milepost.process_schema import schema

Node = dict[str, Any]

_WORDS = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "object": "a mapping of keys to values", "array": "a list",
}  # fmt: skip
_LIMITS = {
    "minimum": "from {} on", "exclusiveMinimum": "above {}", "maximum": "up to {}", "exclusiveMaximum": "below {}",
    "maxLength": "of at most {} characters", "minItems": "with {} entries at least",
    "maxItems": "with {} entries at most",
}  # fmt: skip
KEY = "a-z first, then a-z, 0-9 or _, at most 64 of them"


def keys_at(path: Path, kind: str | None) -> tuple[str, ...]:
    """The keys of the mapping around this place, the likeliest first; ``kind`` names it where several may stand."""
    around = [node for name, node in _nodes(path[:-1]) if kind is None or name in (kind, "")]
    keys = list(dict.fromkeys(key for node in around for key in node.get("properties", ())))
    like = get_close_matches(str(path[-1]), keys, cutoff=0.5)
    return some([*like, *(key for key in keys if key not in like)])


def values_at(path: Path) -> tuple[str, ...]:
    """What may stand at this place."""
    return some(dict.fromkeys(_said(name, node) for name, node in _nodes(path)))


@cache
def _schema() -> Node:
    return schema()


def _nodes(path: Path) -> list[tuple[str, Node]]:
    """The parts of the schema that describe this place, with the names of those that have one."""
    found = [("Document", _schema())]
    for part in path:
        found = [each for _, node in found for child in _children(node, part) for each in _resolved(child)]
    return found


def _children(node: Node, part: str | int) -> Iterator[Node]:
    if isinstance(part, int):
        if isinstance(node.get("items"), dict):
            yield node["items"]
        yield from node.get("prefixItems", [])[part : part + 1]
    elif part in node.get("properties", {}):
        yield node["properties"][part]
    elif isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]


def _resolved(node: Node, name: str = "") -> Iterator[tuple[str, Node]]:
    """The node itself, or what it refers to, or each of its alternatives."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        yield from _resolved(_schema()["$defs"][name], name)
    elif alternatives := node.get("anyOf", node.get("oneOf")):
        for one in alternatives:
            yield from _resolved(one, name)
    elif node.get("type") != "null":
        yield name, node


def _said(name: str, node: Node) -> str:
    if "enum" in node or "const" in node:
        return ", ".join(str(one) for one in node.get("enum", [node.get("const")]))
    if "properties" in node:
        needed = node.get("required", [])
        return f"a mapping with {', '.join(needed)}" if needed else f"a mapping ({name})"
    if str(node.get("pattern", "")).startswith("^[a-z][a-z0-9_]{"):
        return KEY
    return " ".join(_words(node))


def _words(node: Node) -> Iterable[str]:
    yield _WORDS.get(node.get("type", ""), "any value")
    for key, text in _LIMITS.items():
        if key in node:
            limit = node[key]
            yield text.format(f"{limit:g}" if isinstance(limit, float) else limit)
    if "pattern" in node:
        yield f"that matches {node['pattern']}"
