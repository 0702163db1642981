"""A refusal of the server in sentences: what is wrong, in which field, and what would be accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from milepost.cli.console.output import shown

_KNOWN = {"type", "title", "status", "code", "detail", "instance"}
_LISTS = ("errors", "problems")
"""Members that hold one entry per field: of the shape of a request, of the values of a form, of a document."""


def sentences(problem: Mapping[str, Any]) -> str:
    """A problem document (RFC 9457) as lines for a person."""
    detail = problem.get("detail") or problem.get("title") or "refused"
    lines = [f"{detail} ({problem.get('code', problem.get('status'))})"]
    for name in _LISTS:
        lines += [f"  {_of_field(entry)}" for entry in problem.get(name, ())]
    lines += [f"  {_change(one)}" for one in problem.get("changed") or ()]
    return "\n".join([*lines, *_facts(problem)])


def _of_field(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return shown(entry)
    place = entry.get("field") or entry.get("path") or entry.get("where") or "the body"
    said = entry.get("detail") or entry.get("message") or entry.get("code") or "is not accepted"
    accepted = entry.get("accepted") or entry.get("choices")
    return f"{place}: {said}" + (f"; accepted: {shown(accepted)}" if accepted else "")


def _change(one: Mapping[str, Any]) -> str:
    """One difference between what was seen and what is there now."""
    return f"{one['title']}: {shown(one['before'])} → {shown(one['now'])}"


def _facts(problem: Mapping[str, Any]) -> Iterator[str]:
    for name, value in problem.items():
        if name not in _KNOWN and name not in (*_LISTS, "changed") and value not in (None, [], {}):
            yield f"  {name.replace('_', ' ')}: {shown(value)}"
