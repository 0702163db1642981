"""What changed between two versions of a process: change by change, and line by line."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from api.wire.problems import Problem
from domain.diff import Change, diff
from domain.document import Document
from domain.process import must_pass_lint
from projections.answers import ProcessView, VersionRow


@dataclass(frozen=True, slots=True)
class Diff:
    """Every change from version ``before`` to version ``after``; ``text`` has the two documents line by line.

    The draft has the number that publishing it would give it.
    """

    process: str
    before: int
    after: int
    changes: tuple[Change, ...]
    text: str


def draft_of(process: ProcessView) -> VersionRow:
    """The draft as if it were a version, also while it has problems; Problem where there is none."""
    if process.draft is None:
        raise Problem("unknown_version", f"{process.key} has no draft")
    title = Document.model_validate(process.draft).title
    number = max((row.version for row in process.versions), default=0) + 1
    return VersionRow(process.key, number, title, "draft", datetime.now(UTC), None, process.draft)


def drafted(process: ProcessView) -> VersionRow:
    """The draft as a version; Problem or Rejected("lint") while it cannot be one."""
    row = draft_of(process)
    must_pass_lint(row.document)
    return row


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
