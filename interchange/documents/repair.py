"""Makes the rest of a document with a wrong shape readable for lint, so that everything wrong is said at once.

What is wrong is left out, or stood in for; keys are never invented. What lint says only because of that is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from domain.document import Document
from domain.outline import Finding, Path
from interchange.documents.shape import Said, complaints

_TRIES = 3
_STAND_INS = {"title": "?", "kind": "text"}
_ORDERING = frozenset({"after", "gate", "track", "approval"})
_BY_ORDER = frozenset({
    "dependency_cycle", "unreachable_step", "covers_later", "condition_set_later", "formula_set_later", "due_never_set",
})  # fmt: skip
_BY_FIELD = frozenset({"not_a_date", "not_a_person", "not_a_table", "impossible_value", "sensitive_source"})
_NAMES = frozenset({
    "duplicate_key", "look_alike_key", "reserved_key", "unknown_field", "unknown_placeholder", "unknown_role",
    "unknown_stage", "unknown_step",
})  # fmt: skip


def repaired(data: Any, said: Iterable[Said]) -> Document | None:
    """The document without what is wrong in shape; None where that leaves open what things are called."""
    data = deepcopy(data)
    for _ in range(_TRIES):
        for one in said:
            if not _mended(data, one):
                return None
        try:
            return Document.model_validate(data)
        except ValidationError as wrong:
            said = complaints(data, wrong)
    return None


def still_holds(finding: Finding, said: Iterable[Said]) -> bool:
    """Whether a finding on the repaired document says something of the one that was written."""
    for one in said:
        unit = _unit(one.path) or one.path
        if finding.code not in _NAMES and _owner(finding.path) == _owner(unit):
            return False
        if finding.code in _BY_ORDER and _ORDERING & set(unit):
            return False
        if finding.code in _BY_FIELD and {"fields", "inputs"} & set(unit):
            return False
        if finding.code == "unknown_field" and "columns" in one.path:
            return False
    return True


def _mended(data: Any, said: Said) -> bool:
    unit = _unit(said.path)
    if unit is None or unit[-1] == "key":
        return False
    holder = data
    for part in unit[:-1]:
        holder = holder[part]
    name = str(unit[-1])
    if said.code == "missing_key" and said.path == unit:
        if name not in _STAND_INS:
            return False
        holder[name] = _STAND_INS[name]
    else:
        holder.pop(name, None)
    return True


def _unit(path: Path) -> Path | None:
    """The smallest part around a place that can be left out: a key of a field, step, role, stage or the document."""
    match path:
        case ("stages", int(), "steps", int(), "fields", int(), str(), *_):
            return path[:7]
        case ("stages", int(), "steps", int(), str() as name, *_) if name != "fields":
            return path[:5]
        case ("stages", int(), str() as name, *_) if name != "steps":
            return path[:3]
        case ("roles" | "inputs", int(), str(), *_):
            return path[:3]
        case (str() as name, *_) if name not in ("stages", "roles", "inputs"):
            return path[:1]
        case _:
            return None


def _owner(path: Path) -> Path:
    """The step, stage, role or input that a place is in, else the key of the document."""
    return path[:4] if path[:1] == ("stages",) and path[2:3] == ("steps",) else path[:2]
