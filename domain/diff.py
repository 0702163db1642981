"""What changed from one document to another, as data: stages, steps, roles, fields, dependencies, rules and texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from domain.document import Document
from domain.outline import Outline

ChangeKind = Literal["added", "removed", "changed", "moved"]
Subject = Literal["process", "role", "input", "stage", "step", "field", "dependency", "text", "rule"]
_TEXTS = frozenset({"title", "description", "instructions", "help", "note", "subject", "body"})
_PARTS = frozenset({"roles", "inputs", "stages", "steps", "fields", "after", "key"})


@dataclass(frozen=True)
class Change:
    """One difference. ``where`` is a path of keys such as ``provision.due``; values are JSON."""

    change: ChangeKind
    subject: Subject
    where: str
    before: Any = None
    after: Any = None


def diff(before: Document, after: Document) -> tuple[Change, ...]:
    """Every difference, in the order of the new document; what was removed stands after what is there."""
    return tuple(_changes(before, after))


def _changes(before: Document, after: Document) -> Iterator[Change]:
    old, new = _json(before), _json(after)
    yield from _compare("", old, new, "process")
    yield from _parts("role", "roles", _by_key(old.get("roles", ())), _by_key(new.get("roles", ())))
    yield from _parts("input", "inputs", _by_key(old.get("inputs", ())), _by_key(new.get("inputs", ())))
    yield from _parts("stage", "", _by_key(old["stages"]), _by_key(new["stages"]))
    yield from _steps(_placed_steps(old), _placed_steps(new))
    yield from _dependencies(before, after)


def _json(document: Document) -> dict[str, Any]:
    return document.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _by_key(parts: Any) -> dict[str, Any]:
    return {part["key"]: part for part in parts}


def _placed_steps(document: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    return {step["key"]: (stage["key"], step) for stage in document["stages"] for step in stage["steps"]}


def _parts(subject: Subject, owner: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Parts that have keys: what came, what changed, what went, and whether those that stay changed their order."""
    for key, part in new.items():
        where = f"{owner}.{key}" if owner else key
        if key not in old:
            yield Change("added", subject, where, after=part.get("title"))
        else:
            yield from _compare(where, old[key], part, subject)
    for key, part in old.items():
        if key not in new:
            yield Change("removed", subject, f"{owner}.{key}" if owner else key, before=part.get("title"))
    was, now = [key for key in old if key in new], [key for key in new if key in old]
    if was != now:
        yield Change("moved", subject, owner, before=was, after=now)


def _compare(
    where: str, old: Mapping[str, Any], new: Mapping[str, Any], subject: Subject
) -> Iterator[Change]:
    for name in dict.fromkeys([*new, *old]):
        if name not in _PARTS and old.get(name) != new.get(name):
            kind: ChangeKind = "added" if name not in old else "removed" if name not in new else "changed"
            about: Subject = "text" if name in _TEXTS else subject if subject != "step" else "rule"
            yield Change(kind, about, f"{where}.{name}" if where else name, old.get(name), new.get(name))


def _steps(old: Mapping[str, tuple[str, Any]], new: Mapping[str, tuple[str, Any]]) -> Iterator[Change]:
    yield from _parts(
        "step",
        "",
        {key: step for key, (_, step) in old.items()},
        {key: step for key, (_, step) in new.items()},
    )
    for key, (stage, step) in new.items():
        if key not in old:
            continue
        stage_before, step_before = old[key]
        if stage_before != stage:
            yield Change("moved", "step", key, before=stage_before, after=stage)
        yield from _parts(
            "field", key, _by_key(step_before.get("fields", ())), _by_key(step.get("fields", ()))
        )


def _dependencies(before: Document, after: Document) -> Iterator[Change]:
    """What the steps in both documents wait for, as the graph says: also by default, by gates and by approvals.

    A draft may still be wrong: steps that are not there are waited for by none.
    """
    old, new = Outline(before).waits_for, Outline(after).waits_for
    for step in new:
        if step in old:
            for other in sorted(new[step] - old[step]):
                yield Change("added", "dependency", step, after=other)
            for other in sorted(old[step] - new[step]):
                yield Change("removed", "dependency", step, before=other)
