"""The version of a process that is meant, published or about to be."""

from __future__ import annotations

from typing import Any, Literal

from application.found import PROCESSES, known_process
from application.milepost import Milepost
from application.refused import Refused
from domain.definition import Definition
from domain.document import Document
from domain.lint import lint
from domain.words import Rejected, process_stream

Wanted = int | Literal["newest", "draft"]
"""A version by its number, the newest published one, or the draft."""


def version_wanted(app: Milepost, key: str, wanted: Wanted) -> Definition:
    """The version meant; the draft as what publishing it would make. Refused: no such process or
    version; Rejected: the draft is unsound. Blocks.
    """
    process = known_process(app.load(PROCESSES, process_stream(key)), key)
    if wanted == "draft" and process.draft is not None and process.draft != process.published:
        return _draft(key, process.version + 1, process.draft)
    if process.version == 0:
        raise Refused("unknown_version", f"no version of {key} is published", accepted=[])
    return app.definition(key, wanted if isinstance(wanted, int) else process.version)


def _draft(key: str, version: int, draft: dict[str, Any]) -> Definition:
    document = Document.model_validate(draft)
    problems = lint(document)
    if problems:
        raise Rejected(
            "lint",
            f"the draft has {len(problems)} problem{'s' * (len(problems) > 1)}; first: {problems[0].message}",
            problems=[problem.as_dict() for problem in problems],
        )
    return Definition(key, version, document)
