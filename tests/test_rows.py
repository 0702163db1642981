"""Rows come back as objects with names, and statements lie in .sql files: what still does otherwise is named here.

A file that has been put right has to be taken off its list; none is ever put on one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache

from tests.support.programs import ROOT

_STATEMENT = re.compile(
    r"\s*(select|insert into|delete from|update \w+\.?\w* set|with \w+ as)\b", re.IGNORECASE
)
BY_PLACE = {
    "asked by the statements of projections/queries.sql, which do not yet call their columns as fields are": """
        projections/asking.py
        projections/board/funnel.py
        projections/lists/calendar.py
        projections/process/queries.py
        projections/run/queries.py
        projections/run/step_times.py
        projections/work/queries.py""",
    "asked by statements of their own, which do not yet either": """
        projections/board/task_queries.py
        projections/forecasts/queries.py
        projections/lists/saved_views.py
        projections/lists/search.py
        projections/process/insight_queries.py
        projections/process/migration_queries.py
        projections/process/statistics_queries.py
        projections/work/workload_queries.py""",
    "with a cursor of their own: for events in binary, many cards, or a row that is written": """
        projections/forecasts/backtests.py
        projections/forecasts/trails.py
        projections/lists/cards.py
        projections/past/moment.py""",
}
"""Files of the read models that ask by themselves, and so get rows whose columns have places only, by the reason."""
WITH_SQL = {
    "tokens, sessions and links, which are no read model and have no room of their own below the API yet": """
        api/access/grants.py
        api/board/calendar_links.py
        api/run/guest_codes.py
        api/run/guest_seen.py
        api/scim/kept.py
        api/signing_in/granted.py""",
    "asked with every request, of the log and of how far all read models are": """
        api/access/standing.py
        api/handling/reached.py""",
    "of the database itself: its settings, its locks, how far it is": """
        workers/health.py
        workers/lease.py""",
}
"""Files of api/ and workers/ that hold statements, by the reason."""


@cache
def trees(room: str) -> dict[str, ast.Module]:
    """The modules of a room by their paths."""
    paths = sorted((ROOT / room).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in paths}


def asks_by_itself(tree: ast.Module) -> bool:
    """Whether a module executes statements or takes a row apart by places."""
    return any(executes(node) or is_place(node) for node in ast.walk(tree))


def executes(node: ast.AST) -> bool:
    """Whether this asks the database, or the helper that gives plain tuples."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Attribute):
        return called.attr in ("execute", "fetchone") or (called.attr == "rows" and len(node.args) == 1)
    return isinstance(called, ast.Name) and called.id in ("rows", "_rows", "_ask") and bool(node.args)


def is_place(node: ast.AST) -> bool:
    """Whether this is ``row[7]``."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return False
    return (
        node.value.id == "row" and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int)
    )


def statements(tree: ast.Module) -> Iterator[str]:
    """The texts of a module that are SQL."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _STATEMENT.match(node.value):
            yield node.value


def listed(by_reason: Mapping[str, str]) -> set[str]:
    """The files of such a list."""
    return {path for paths in by_reason.values() for path in paths.split()}


def test_rows_have_names() -> None:
    """Outside the engine the read models ask by ``projections.statements``, which makes rows with named fields."""
    apart = ("projections/engine/", "projections/statements.py")
    found = {
        path
        for path, tree in trees("projections").items()
        if not path.startswith(apart) and asks_by_itself(tree)
    }
    assert found == listed(BY_PLACE)


def test_statements_lie_in_files_of_their_own() -> None:
    """The API and the workers hold no SQL: a read model answers what they ask, see ``projections``."""
    found = {
        path for room in ("api", "workers") for path, tree in trees(room).items() if any(statements(tree))
    }
    assert found == listed(WITH_SQL)
