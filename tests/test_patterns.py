"""No text can make a pattern of ours work long: twice the text, twice the steps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.support.programs import ROOT
from tests.support.steps import Steps, TooManySteps, alphabet, beginnings, endings

ROOMS = ("domain", "store", "projections", "application", "interchange", "workers", "api", "web", "milepost")
SCANNING = {"search", "findall", "finditer", "sub", "subn", "split"}
_USE = re.compile(r"re\.(?:compile|match|search|fullmatch|sub|findall|split|finditer)\(|pattern=r")
SHORT, LONG = 24, 72
MOST = 4.0
"""Three times the text: three times the steps are linear, nine times are not."""


class Pattern(NamedTuple):
    """A pattern, where it stands, and whether it is looked for from everywhere."""

    place: str
    text: str
    flags: int
    scans: bool


@cache
def sources() -> dict[Path, str]:
    """The files of the product in which there is a pattern."""
    texts = {path: path.read_text() for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))}
    return {path: text for path, text in texts.items() if _USE.search(text)}


@cache
def patterns() -> list[Pattern]:
    """Every pattern in the product."""
    trees = {path.relative_to(ROOT): ast.parse(text) for path, text in sources().items()}
    uses = _uses(trees.values())
    return sorted({found for path, tree in trees.items() for found in _in(str(path), tree, uses)})


def _uses(trees: Iterable[ast.AST]) -> set[tuple[str, str]]:
    """Name of a constant and method called on it."""
    calls = (node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    methods = (function for function in calls if isinstance(function, ast.Attribute))
    return {(method.value.id, method.attr) for method in methods if isinstance(method.value, ast.Name)}


def _in(path: str, tree: ast.AST, uses: set[tuple[str, str]]) -> Iterator[Pattern]:
    named = {
        id(node.value): target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg == "pattern" and isinstance(keyword.value, ast.Constant):
                yield Pattern(f"{path}:{node.lineno}", _text(keyword.value), 0, scans=False)
        function = node.func
        if isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "re" and node.args:
            name = named.get(id(node), "")
            scans = function.attr in SCANNING or any((name, method) in uses for method in SCANNING)
            yield Pattern(f"{path}:{node.lineno}", _text(node.args[0]), _flags(node.args[1:]), scans)


def _text(node: ast.expr) -> str:
    found = ast.literal_eval(node)
    return found.decode("latin-1") if isinstance(found, bytes) else str(found)


def _flags(arguments: Iterable[ast.expr]) -> int:
    names = [node.attr for each in arguments for node in ast.walk(each) if isinstance(node, ast.Attribute)]
    return sum(getattr(re, name) for name in names if name in ("IGNORECASE", "DOTALL"))


def test_all_patterns_are_found():
    """What is looked at below is what there is: plain texts, not put together while running."""
    assert len(patterns()) == sum(len(_USE.findall(text)) for text in sources().values()) > 60


def test_every_pattern_takes_as_many_steps_as_the_text_is_long():
    """Whatever comes again and again in it, and however it ends."""
    costly = {}
    for pattern in patterns():
        if not pattern.scans and repeats(pattern.text) < 2:
            continue  # one repetition, looked for in one place, goes over the text once
        for hostile in hostiles(pattern):
            grown = growth(pattern, *hostile)
            if grown > MOST:
                costly[pattern.place] = (pattern.text, hostile, grown)
    assert costly == {}


def repeats(text: str) -> int:
    """How many repetitions a pattern has."""
    return len(re.findall(r"[*+?{]", text))


def hostiles(pattern: Pattern) -> Iterator[tuple[str, str, str]]:
    """How a text begins, what is repeated in it, how it ends."""
    signs = alphabet(pattern.text, pattern.flags)[:5]
    begins = beginnings(pattern.text, pattern.flags)[:3]
    bodies = {*signs, *(one + other for one, other in pairwise([*signs, *signs[:1]])), *begins} - {""}
    for begin in begins:
        for body in sorted(bodies):
            for end in ("\x00", " x", *endings(pattern.text, pattern.flags)):
                yield begin, body, end


def growth(pattern: Pattern, begin: str, body: str, end: str) -> float:
    """How many times more steps three times the text takes."""
    short, long = (steps(pattern, begin + body * (length // len(body)) + end) for length in (SHORT, LONG))
    return long / max(short, SHORT)


def steps(pattern: Pattern, text: str) -> float:
    """The steps for this text."""
    counted = Steps(pattern.text, pattern.flags, text)
    try:
        counted.scan() if pattern.scans else counted.fullmatch()
    except TooManySteps:
        return float("inf")
    return counted.taken
