"""Tests keep their own rules: each demands something, and only the wait for a fact reads a clock or lets time pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from tests.support.programs import ROOT
from tests.support.waiting import PATIENCE_SECONDS

DEMANDS = {"raises", "wait_until", "wait_until_async", "expect", "optional_test_insert_subscribe"}
"""What fails by itself where something is not as it should be; ``assert`` is the other."""
CLOCKS = {"monotonic", "perf_counter", "process_time", "sleep", "wait_for_timeout"}
MAY_READ_ONE = {
    "tests/support/waiting.py": "waits, with a deadline",
    "tests/test_child.py": "hands the time in",
    "tests/application/test_milepost.py": "is never awaited to its end",
    "tests/workers/acting_process.py": "a process that works until it is ended",
    "tests/workers/test_timers.py": "lets others go first, for no time",
}
"""What they do with it."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> dict[str, ast.Module]:
    """Every file under tests/, read."""
    files = sorted((ROOT / "tests").rglob("*.py"))
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8")) for path in files}


def functions() -> Iterator[tuple[str, Function]]:
    """Every function, with the file in which it is."""
    for path, module in modules().items():
        for node in ast.walk(module):
            if isinstance(node, Function):
                yield path, node


def name_of(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def calls(node: ast.AST) -> set[str]:
    """The last names of all that is called in it."""
    return {name_of(each) for each in ast.walk(node) if isinstance(each, ast.Call)}


def asserts(node: ast.AST) -> bool:
    """Whether it has an ``assert`` of its own."""
    return any(isinstance(each, ast.Assert) for each in ast.walk(node))


def test_every_test_demands_something():
    """An assertion, in the test or in what it calls: that nothing was raised is no result."""
    called = [(path, node, calls(node)) for path, node in functions()]
    demanding, more = set(DEMANDS), {node.name for _, node, _ in called if asserts(node)}
    while more:
        demanding |= more
        more = {node.name for _, node, names in called if names & demanding} - demanding
    silent = [
        f"{path}:{node.lineno}"
        for path, node, names in called
        if node.name.startswith("test_") and not (asserts(node) or names & demanding)
    ]
    assert silent == []


def test_no_test_waits_for_a_time():
    """Nor measures one: what is read of a clock here is how fast the machine is."""
    reading = {path for path, module in modules().items() if calls(module) & CLOCKS}
    assert reading == set(MAY_READ_ONE)


def test_no_test_is_hasty():
    """No deadline of a test's own below the one that all have."""
    hasty = [
        f"{path}:{node.lineno}"
        for path, module in modules().items()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and name_of(node) in ("wait_until", "wait_until_async")
        for given in (*node.args[2:], *(each.value for each in node.keywords if each.arg == "deadline"))
        if isinstance(given, ast.Constant)
        and isinstance(given.value, int | float)
        and given.value < PATIENCE_SECONDS
    ]
    assert hasty == []
