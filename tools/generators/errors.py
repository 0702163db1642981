"""docs/reference/errors.md, from the problems of api/ and from every place in any room that refuses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from api.wire.problems import CODES, Code

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("domain", "application", "interchange", "workers", "api", "web")
"""Where something is refused; the sentence of the first of them that uses a code stands for it."""
_RULE = 409
HEAD = """\
# Errors

Every refusal is a problem document (RFC 9457, `application/problem+json`) with a stable `code`, a `detail` for people, and
members that say what would be accepted. Programs go by `code`; the texts may change.

This page is generated from `api/wire/problems.py` and from every place that refuses.

# Of the interface
"""
RULES = """\
# Of the rules

A rule of the process, run, project or task said no: status 409 where nothing else is said, nothing was recorded, and asking again
does not help until something else has changed.
"""


class Refusal(NamedTuple):
    """What one place says when it refuses, and the status that is answered with it."""

    detail: str
    status: int


def errors_reference() -> dict[str, str]:
    """One heading per code: its status and what it means."""
    parts = [HEAD, *(_entry(name, code) for name, code in CODES.items()), RULES]
    parts += [_rule(code, refusal) for code, refusal in sorted(refusals().items()) if code not in CODES]
    return {"docs/reference/errors.md": "\n".join(parts)}


def _entry(name: str, code: Code) -> str:
    return f"## {name}\n\nStatus {code.status}. {code.meaning}\n"


def _rule(code: str, refusal: Refusal) -> str:
    status = f"Status {refusal.status}. " if refusal.status != _RULE else ""
    return f"## {code}\n\n{status}For example: “{refusal.detail}”\n"


def refusals() -> dict[str, Refusal]:
    """The code of every ``Rejected`` and ``Problem`` that is raised, with the sentence of one of them."""
    found: dict[str, Refusal] = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for code, refusal in _in(ast.parse(path.read_text("utf-8"))):
                found.setdefault(code, refusal)
    return found


def _in(tree: ast.Module) -> Iterator[tuple[str, Refusal]]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id in ("Rejected", "Problem") and len(node.args) >= 2:
            code, detail, *_ = node.args
            if node.func.id == "Rejected" and isinstance(code, ast.JoinedStr | ast.BinOp):
                raise TypeError(f"line {node.lineno}: the code of a refusal is a literal, so that it stays")
            status = next((one.value for one in node.keywords if one.arg == "status"), None)
            for each in _codes(code):
                yield each, Refusal(_words(detail), _number(status, each))


def _codes(code: ast.expr) -> Iterator[str]:
    """The literal, or both of a choice; what hands on the refusal of somebody else has none of its own."""
    match code:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp(body=body, orelse=other):
            yield from (*_codes(body), *_codes(other))
        case _:
            return


def _number(status: ast.expr | None, code: str) -> int:
    if isinstance(status, ast.Constant) and isinstance(status.value, int):
        return status.value
    return CODES[code].status if code in CODES else _RULE


def _words(node: ast.expr) -> str:
    """The sentence; what is filled in stands as the name of what fills it."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_words(part) for part in parts)
        case ast.FormattedValue(value=ast.BinOp()):
            return ""  # the ending of a plural
        case ast.FormattedValue(value=value):
            return f"‹{_name(value)}›"
        case _:
            return f"‹{_name(node)}›"


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").replace("_", " ").lower()
        case ast.Call(args=[*_, ast.expr() as last]):
            return _name(last)
        case ast.Subscript(value=value):
            return _name(value)
        case _:
            return "…"
