"""Says in words what changed from one version of a process to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.comparing import is_set
from domain.diff import Change

_SUBJECTS: Mapping[str, str] = {
    "process": "Process", "role": "Role", "input": "Input", "stage": "Stage", "step": "Step", "field": "Field",
    "dependency": "Order", "text": "Text", "rule": "Rule",
}  # fmt: skip
_LONGEST = 200


def subject(change: Change) -> str:
    """What kind of part a change is about."""
    return _SUBJECTS[change.subject]


def sentence(change: Change) -> str:
    """A change in a line: ``now waits for check``, ``5 → 3``."""
    before, after = plain(change.before), plain(change.after)
    match change.subject, change.change:
        case "dependency", "added":
            said = f"now waits for {after}"
        case "dependency", _:
            said = f"no longer waits for {before}"
        case _, "moved" if isinstance(change.after, list):
            said = f"in another order: {after}"
        case _, "moved":
            said = f"moved from {before} to {after}"
        case _, "added":
            said = f"new: {after}"
        case _, "removed":
            said = f"gone: {before}"
        case _:
            said = f"{before} → {after}"
    return said


def plain(value: Any) -> str:
    """A value of a document as people read it; a long text is cut."""
    if not is_set(value):
        return "nothing"
    match value:
        case bool():
            return "yes" if value else "no"
        case str() | int() | float():
            text = str(value)
        case list():
            text = ", ".join(plain(part) for part in value)
        case dict():
            text = ", ".join(f"{name.replace('_', ' ')} {plain(part)}" for name, part in value.items())
        case _:
            text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} …"
