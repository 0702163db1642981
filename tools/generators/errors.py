"""docs/reference/errors.md, from the problems of api/ and from every place in domain/ that refuses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from api.wire.problems import CODES, Code

ROOT = Path(__file__).resolve().parent.parent.parent
HEAD = """\
# Errors

Every refusal is a problem document (RFC 9457, `application/problem+json`) with a stable `code`, a `detail` for people, and
members that say what would be accepted. Programs go by `code`; the texts may change.

This page is generated from `api/wire/problems.py` and `domain/`.

# Of the interface
"""
RULES = """\
# Of the rules

A rule of the process, run, project or task said no: status 409, nothing was recorded, and asking again does not help until
something else has changed.
"""


def errors_reference() -> dict[str, str]:
    """One heading per code: its status and what it means."""
    parts = [HEAD, *(_entry(name, code) for name, code in CODES.items()), RULES]
    parts += [_rule(code, detail) for code, detail in sorted(refusals().items()) if code not in CODES]
    return {"docs/reference/errors.md": "\n".join(parts)}


def _entry(name: str, code: Code) -> str:
    return f"## {name}\n\nStatus {code.status}. {code.meaning}\n"


def _rule(code: str, detail: str) -> str:
    return f"## {code}\n\nFor example: “{detail}”\n"


def refusals() -> dict[str, str]:
    """The code of every `Rejected` that domain/ raises, with the sentence of one of them."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "domain").rglob("*.py")):
        for code, detail in _in(ast.parse(path.read_text("utf-8"))):
            found.setdefault(code, detail)
    return found


def _in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Rejected":
            code, detail = node.args
            if not (isinstance(code, ast.Constant) and isinstance(code.value, str)):
                raise TypeError(f"line {node.lineno}: the code of a refusal is a literal, so that it stays")
            yield code.value, _words(detail)


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
