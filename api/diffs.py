"""What changed between two versions of a process: change by change, and line by line."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass

from domain.diff import Change, diff
from domain.document import Document
from projections.answers import VersionRow


@dataclass(frozen=True, slots=True)
class Diff:
    """Every change from version ``before`` to version ``after``; ``text`` has the two documents line by line."""

    process: str
    before: int
    after: int
    changes: tuple[Change, ...]
    text: str


def compare(before: VersionRow, after: VersionRow) -> Diff:
    """The difference from one version to another of the same process."""
    old, new = Document.model_validate(before.document), Document.model_validate(after.document)
    return Diff(before.process, before.version, after.version, diff(old, new), _text(before, after))


def _text(before: VersionRow, after: VersionRow) -> str:
    old, new = (
        json.dumps(row.document, indent=2, ensure_ascii=False).splitlines() for row in (before, after)
    )
    of, to = (f"{row.process} version {row.version}" for row in (before, after))
    return "\n".join(difflib.unified_diff(old, new, of, to, lineterm=""))
