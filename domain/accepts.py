"""What would be accepted at a place of some data, in a few words, from the JSON Schema of its model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel

from domain.outline import Path, some

Node = dict[str, Any]
Model = type[BaseModel]
Branches = tuple[tuple[Path, str], ...]

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


def keys_at(model: Model, path: Path, kind: str | None) -> tuple[str, ...]:
    """The keys of the mapping around this place, the likeliest first; ``kind`` names it where several may stand."""
    around = [node for name, node in _nodes(model, path[:-1]) if kind is None or name in (kind, "")]
    keys = list(dict.fromkeys(key for node in around for key in node.get("properties", ())))
    like = get_close_matches(str(path[-1]), keys, cutoff=0.5)
    return some([*like, *(key for key in keys if key not in like)])


def values_at(model: Model, path: Path) -> tuple[str, ...]:
    """What may stand at this place."""
    return some(dict.fromkeys(_said(name, node) for name, node in _nodes(model, path)))


def located(data: Any, loc: tuple[int | str, ...]) -> tuple[Path, Branches]:
    """Tells places in the data from the names of alternatives that pydantic puts between them."""
    path: list[int | str] = []
    branches: list[tuple[Path, str]] = []
    for place, part in enumerate(loc):
        inside = isinstance(data, dict) and part in data
        if inside or (isinstance(data, list) and isinstance(part, int) and part < len(data)):
            data = data[part]
            path.append(part)
        elif place == len(loc) - 1 and isinstance(data, dict) and _is_word(part):
            path.append(part)
        else:
            branches.append((tuple(path), str(part)))
    return tuple(path), tuple(branches)


def kind_at(path: Path, branches: Branches) -> str | None:
    """Which of the alternatives the mapping around this place was taken for."""
    return next((name for owner, name in reversed(branches) if owner == path[:-1]), None)


def against(found: Iterable[tuple[Path, Branches, bool]]) -> dict[Path, dict[str, int]]:
    """How much speaks against each alternative: most when the shape is another, or its own keys are not there.

    Of each complaint: where it is, the alternatives that it speaks for, and whether it is of keys.
    """
    weights: dict[Path, dict[str, int]] = {}
    for path, branches, of_keys in found:
        for owner, name in branches:
            near = len(path) - len(owner)
            weight = 1_000 if near == 0 else 100 if near == 1 and of_keys else 1
            names = weights.setdefault(owner, {})
            names[name] = names.get(name, 0) + weight
    return weights


def is_likeliest(weights: dict[Path, dict[str, int]], branches: Branches) -> bool:
    """Whether a complaint speaks for those alternatives against which the least speaks."""
    return all(weights[owner][name] == min(weights[owner].values()) for owner, name in branches)


def _is_word(part: int | str) -> bool:
    return isinstance(part, str) and part.isidentifier() and part.islower()


@cache
def _schema(model: Model) -> Node:
    return model.model_json_schema()


def _nodes(model: Model, path: Path) -> list[tuple[str, Node]]:
    """The parts of the schema that describe this place, with the names of those that have one."""
    whole = _schema(model)
    found = list(_resolved(whole, whole, model.__name__))
    for part in path:
        found = [
            each for _, node in found for child in _children(node, part) for each in _resolved(whole, child)
        ]
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


def _resolved(whole: Node, node: Node, name: str = "") -> Iterator[tuple[str, Node]]:
    """The node itself, or what it refers to, or each of its alternatives."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        yield from _resolved(whole, whole["$defs"][name], name)
    elif alternatives := node.get("anyOf", node.get("oneOf")):
        for one in alternatives:
            yield from _resolved(whole, one, name)
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
