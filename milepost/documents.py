"""Reads process documents from YAML: every problem with its line, column, key and what would be accepted.

The text is read event by event without recursion, so that size, depth, aliases, tags and double keys are refused
before anything is built from them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from domain.document import Document
from domain.formula import OPERATIONS
from domain.lint import lint
from domain.outline import Path
from milepost.yaml_tree import Tree, TreeError, read_tree

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
        return None, [Problem(wrong.line, wrong.column, wrong.key, wrong.code, wrong.message, wrong.accepted)]
    except YAMLError as wrong:
        return None, [_not_yaml(wrong)]
    return _validated(tree)


def _not_yaml(wrong: YAMLError) -> Problem:
    mark = (wrong.problem_mark or wrong.context_mark) if isinstance(wrong, MarkedYAMLError) else None
    said = wrong.problem if isinstance(wrong, MarkedYAMLError) else None
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    return Problem(line, column, "", "not_yaml", f"this is not YAML: {said or type(wrong).__name__}")


def _validated(tree: Tree) -> tuple[Document | None, list[Problem]]:
    try:
        document = Document.model_validate(tree.data)
    except ValidationError as wrong:
        return None, list(_shape_problems(tree, wrong))[:_MOST_PROBLEMS]
    found = [
        _placed(tree, finding.path, finding.code, finding.message, finding.accepted)
        for finding in lint(document)
    ]
    return document, found[:_MOST_PROBLEMS]


def _placed(tree: Tree, path: Path, code: str, message: str, accepted: tuple[str, ...] = ()) -> Problem:
    line, column = tree.place(path)
    return Problem(line, column, _name(path), code, message, accepted)


def _name(path: Path) -> str:
    return ".".join(str(part) for part in path)


# --- what pydantic says, put in place ---


def _shape_problems(tree: Tree, wrong: ValidationError) -> Iterator[Problem]:
    found = [_Said.of(tree, error) for error in wrong.errors(include_url=False, include_context=True)]
    against = _against(found)
    shown = [said for said in found if all(_is_best(against, owner, name) for owner, name in said.branches)]
    inside = {said.path[:length] for said in shown for length in range(len(said.path))}
    told = [said for said in shown if said.code != "too_short" or said.path not in inside]
    problems = dict.fromkeys(
        _placed(tree, said.path, said.code, said.message, said.accepted) for said in told
    )
    yield from sorted(problems, key=lambda problem: (problem.line, problem.column))


@dataclass(frozen=True)
class _Said:
    """One complaint: ``path`` within the data; ``branches`` are the alternatives of choices that it speaks for."""

    path: Path
    branches: tuple[tuple[Path, str], ...]
    code: str
    message: str
    accepted: tuple[str, ...]

    @classmethod
    def of(cls, tree: Tree, error: Any) -> _Said:
        path, branches = _locate(tree.data, error["loc"])
        accepted = error.get("ctx", {}).get("expected")
        listed = (
            tuple(part.strip("' ") for part in str(accepted).replace(" or ", ", ").split(", "))
            if accepted
            else ()
        )
        if error["type"] == "unknown_operation":
            listed = OPERATIONS
        code, message = _in_words(error)
        return cls(path, branches, code, message, listed)


def _against(found: list[_Said]) -> dict[Path, dict[str, int]]:
    """How much speaks against each alternative: most when its own keys are not there or the shape is another."""
    against: dict[Path, dict[str, int]] = {}
    for said in found:
        for owner, name in said.branches:
            near = len(said.path) - len(owner)
            weight = (
                1_000
                if near == 0
                else 100
                if near == 1 and said.code in ("unknown_key", "missing_key")
                else 1
            )
            names = against.setdefault(owner, {})
            names[name] = names.get(name, 0) + weight
    return against


def _is_best(against: dict[Path, dict[str, int]], owner: Path, name: str) -> bool:
    return against[owner][name] == min(against[owner].values())


def _locate(data: Any, loc: tuple[int | str, ...]) -> tuple[Path, tuple[tuple[Path, str], ...]]:
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


def _is_word(part: int | str) -> bool:
    return isinstance(part, str) and part.isidentifier() and part.islower()


def _in_words(error: Any) -> tuple[str, str]:
    match error["type"]:
        case "extra_forbidden":
            return "unknown_key", "there is no such key here"
        case "missing":
            return "missing_key", "this key is needed"
        case "string_pattern_mismatch" if "[a-z][a-z0-9_]" in error["ctx"]["pattern"]:
            return "bad_key", _bad_key(str(error["input"]))
        case "too_short" | "too_long" as kind:
            context = error["ctx"]
            limit = context.get("min_length", context.get("max_length"))
            word = "at least" if kind == "too_short" else "at most"
            return kind, f"{word} {limit} entries, not {context['actual_length']}"
        case "literal_error":
            return "unknown_word", f"{_short(error['input'])} is not known here"
        case kind:
            return str(kind), f"{error['msg']}, not {_short(error['input'])}"


def _bad_key(key: str) -> str:
    strange = next((sign for sign in key if not sign.isascii()), None)
    if strange is not None:
        name = unicodedata.name(strange, "an unnamed character")
        return f"a key is made of a-z, 0-9 and _; {strange!r} is {name}"
    return f"a key begins with a-z and goes on with a-z, 0-9 or _ (64 at most), not {_short(key)}"


def _short(value: Any) -> str:
    text = (
        repr(value) if isinstance(value, (str, int, float, bool, type(None))) else f"a {type(value).__name__}"
    )
    return text if len(text) <= 60 else f"{text[:57]}…"
