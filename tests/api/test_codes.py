"""A problem that the interface makes up has a code that it knows: an unknown one would answer as a defect."""

from __future__ import annotations

import ast

import pytest

from api.wire.problems import CODES, Problem
from tests.support.programs import ROOT
from web.pages.changes import Sent, wanted_runs


def test_every_problem_has_a_known_code_or_says_its_status():
    """Read in the code: no literal that CODES lacks stands without a status of its own."""
    unknown = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.args[0].value!r}"
        for room in ("api", "web")
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem"
        if node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value not in CODES
        if not any(keyword.arg == "status" for keyword in node.keywords)
    ]
    assert unknown == []


@pytest.mark.parametrize("given", [(), (("to_version", ""),), (("to_version", "two"),)])
def test_a_migration_form_without_a_version_is_refused_in_words(given: tuple[tuple[str, str], ...]):
    """It is the form that is wrong, not the program."""
    with pytest.raises(Problem) as refused:
        wanted_runs(Sent(given))
    assert (refused.value.code, refused.value.status) == ("invalid", 422)
