"""docs/reference/rights.md: who may do and see what, from the matrix that the application goes by."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import get_args

from application.rights.matrix import FUNCTIONS, READS, Allowed
from domain.relations import Relation

_HEAD = """# Rights

Who may ask for what. The rows are those of `application/rights/matrix.toml`, which every function of the application asks
first; a function without a row is refused to everybody. [Who may do and see what](../explanation/who-sees-what.md) says what
each word means and what else counts.

✓: may. ○: may, unless the values of the step are for some roles only.
"""


def rights_reference() -> dict[str, str]:
    """One table for each kind of thing."""
    parts = [_HEAD]
    for subject, rows in groupby(FUNCTIONS.items(), key=lambda row: row[0].partition(".")[0]):
        parts.append(f"## {subject.replace('_', ' ').capitalize()}\n\n{_table(dict(rows))}")
    parts.append(f"## What is read\n\n{_table(READS)}")
    return {"docs/reference/rights.md": "\n".join(parts)}


def _table(rows: Mapping[str, Allowed]) -> str:
    """A column for each relation that occurs, in the order in which the domain names them."""
    occurs = {each for row in rows.values() for each in row.by | row.unsealed}
    shown = [each for each in get_args(Relation) if each in occurs]
    head = ["", *(each.replace("_", " ") for each in shown)]
    lines = [head, ["---", *("---" for _ in shown)]]
    for name, row in rows.items():
        lines.append([_said(name), *(_cell(row, each) for each in shown)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _said(name: str) -> str:
    return (name.partition(".")[2] or name).replace("_", " ")


def _cell(row: Allowed, relation: Relation) -> str:
    return "✓" if relation in row.by else "○" if relation in row.unsealed else ""
