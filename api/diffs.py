"""What changed between two versions of a process: by structure and by text."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Any

from projections.answers import VersionRow


@dataclass(frozen=True, slots=True)
class Diff:
    """Keys of steps and stages that came, went or changed, and the two documents line by line."""

    process: str
    before: int
    after: int
    steps_added: tuple[str, ...]
    steps_removed: tuple[str, ...]
    steps_changed: tuple[str, ...]
    stages_added: tuple[str, ...]
    stages_removed: tuple[str, ...]
    text: str


def compare(before: VersionRow, after: VersionRow) -> Diff:
    """The difference from one version to another of the same process."""
    old, new = _steps(before.document), _steps(after.document)
    old_stages, new_stages = _stages(before.document), _stages(after.document)
    return Diff(
        process=before.process,
        before=before.version,
        after=after.version,
        steps_added=tuple(key for key in new if key not in old),
        steps_removed=tuple(key for key in old if key not in new),
        steps_changed=tuple(key for key in new if key in old and old[key] != new[key]),
        stages_added=tuple(key for key in new_stages if key not in old_stages),
        stages_removed=tuple(key for key in old_stages if key not in new_stages),
        text=_text(before, after),
    )


def _stages(document: dict[str, Any]) -> list[str]:
    return [stage["key"] for stage in document["stages"]]


def _steps(document: dict[str, Any]) -> dict[str, Any]:
    return {step["key"]: step for stage in document["stages"] for step in stage["steps"]}


def _text(before: VersionRow, after: VersionRow) -> str:
    old, new = (
        json.dumps(row.document, indent=2, ensure_ascii=False).splitlines() for row in (before, after)
    )
    of, to = (f"{row.process} version {row.version}" for row in (before, after))
    return "\n".join(difflib.unified_diff(old, new, of, to, lineterm=""))
