"""Reads process documents from YAML: every problem with its line, column, key and what would be accepted.

The text is read event by event without recursion, so that size, depth, aliases, tags and double keys are refused
before anything is built from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from domain.document import Document
from domain.lint import lint
from domain.outline import Finding, Path
from interchange.documents.repair import repaired, still_holds
from interchange.documents.shape import complaints
from interchange.documents.yaml_tree import Tree, TreeError, read_tree

LONGEST_DOCUMENT = 256 * 1024
_MOST_PROBLEMS = 200


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it stands (lines and columns count from 1), its code, and what would do."""

    line: int
    column: int
    key: str
    code: str
    message: str
    accepted: tuple[str, ...] = ()

    def __str__(self) -> str:
        accepted = f" (accepted: {', '.join(self.accepted)})" if self.accepted else ""
        return f"{self.line}:{self.column}: {self.key or 'document'}: {self.message}{accepted} [{self.code}]"

    def as_dict(self) -> dict[str, Any]:
        """The problem as JSON."""
        return {
            "line": self.line,
            "column": self.column,
            "key": self.key,
            "code": self.code,
            "message": self.message,
            "accepted": list(self.accepted),
        }


def read_document(file: FilePath) -> tuple[Document | None, list[Problem]]:
    """The document in the file (None when it has not the shape of one) and everything that is wrong with it."""
    with file.open("rb") as opened:
        content = opened.read(LONGEST_DOCUMENT + 1)
    return parse_document(content)


def parse_document(content: bytes) -> tuple[Document | None, list[Problem]]:
    """The same from bytes in memory."""
    if len(content) > LONGEST_DOCUMENT:
        kilobytes = LONGEST_DOCUMENT // 1024
        return None, [
            Problem(1, 1, "", "too_large", "the document is too large", (f"at most {kilobytes} KB",))
        ]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        return None, [Problem(line, 1, "", "not_utf8", "the document is not UTF-8 text", ("UTF-8",))]
    try:
        tree = read_tree(text)
    except TreeError as wrong:
        return None, [_unread(wrong)]
    except YAMLError as wrong:
        return None, [_not_yaml(wrong)]
    document, found = _validated(tree)
    found += [_unread(double) for double in tree.doubles]
    return document, sorted(found, key=lambda problem: (problem.line, problem.column))[:_MOST_PROBLEMS]


def _unread(wrong: TreeError) -> Problem:
    return Problem(wrong.line, wrong.column, wrong.key, wrong.code, wrong.message, wrong.accepted)


def _not_yaml(wrong: YAMLError) -> Problem:
    mark = (wrong.problem_mark or wrong.context_mark) if isinstance(wrong, MarkedYAMLError) else None
    said = wrong.problem if isinstance(wrong, MarkedYAMLError) else None
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    return Problem(
        line, column, "", "not_yaml", f"this is not YAML: {said or type(wrong).__name__}", ("YAML",)
    )


def _validated(tree: Tree) -> tuple[Document | None, list[Problem]]:
    """The document and what lint says; what is wrong in shape is told beside what lint says of all the rest."""
    try:
        document = Document.model_validate(tree.data)
    except ValidationError as wrong:
        said = complaints(tree.data, wrong)
        problems = [_placed(tree, one.path, one.code, one.message, one.accepted) for one in said]
        rest = repaired(tree.data, said)
        findings = [] if rest is None else [each for each in lint(rest) if still_holds(each, said)]
        return None, list(dict.fromkeys([*problems, *_told(tree, findings)]))
    return document, list(_told(tree, lint(document)))


def _told(tree: Tree, findings: list[Finding]) -> Iterator[Problem]:
    for each in findings:
        yield _placed(tree, each.path, each.code, each.message, each.accepted)


def _placed(tree: Tree, path: Path, code: str, message: str, accepted: tuple[str, ...] = ()) -> Problem:
    line, column = tree.place(path)
    return Problem(line, column, _name(path), code, message, accepted)


def _name(path: Path) -> str:
    return ".".join(str(part) for part in path)
