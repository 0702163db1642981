"""The page about security leaves out no item of the standard, and sends nobody to what is not there."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "security.md"
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
COUNTED = re.compile(r"^\| ([12]) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w.-]+/[\w./-]+|Dockerfile|\.dockerignore|[A-Z]+\.md)(?:::(\w+))?`")
STATES = ("met", "partly", "not yet met", "does not apply")
LEVELS = {
    "1": (
        "1.2.1-5 1.3.1-2 1.5.1 2.1.1 2.2.1-2 2.3.1 3.2.1-2 3.3.1 3.4.1-2 3.5.1-3 4.1.1 4.4.1 5.2.1-2 5.3.1-2 "
        "6.1.1 6.2.1-8 6.3.1-2 6.4.1-2 7.2.1-4 7.4.1-2 8.1.1 8.2.1-2 8.3.1 9.1.1-3 9.2.1 10.4.1-5 11.3.1-2 11.4.1 "
        "12.1.1 12.2.1-2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1"
    ),
    "2": (
        "1.1.1-2 1.2.6-9 1.3.3-11 1.4.1-3 1.5.2 2.1.2-3 2.2.3 2.3.2-4 2.4.1 3.3.2-4 3.4.3-6 3.5.4-5 3.7.1-2 "
        "4.1.2-3 4.2.1 4.3.1-2 4.4.2-4 5.1.1 5.2.3 5.4.1-3 6.1.2-3 6.2.9-12 6.3.3-4 6.4.3-4 6.5.1-5 6.6.1-3 "
        "6.8.1-4 7.1.1-3 7.3.1-2 7.4.3-5 7.5.1-2 7.6.1-2 8.1.2 8.2.3 8.4.1 9.2.2-4 10.1.1-2 10.2.1-2 10.3.1-4 "
        "10.4.6-11 10.5.1-5 10.6.1-2 10.7.1-3 11.1.1-2 11.2.1-3 11.3.3 11.4.2-4 11.5.1 11.6.1 12.1.2-3 12.3.1-4 "
        "13.1.1 13.2.1-5 13.3.1-2 13.4.2-5 14.1.1-2 14.2.2-4 14.3.2-3 15.1.2-3 15.2.2-3 15.3.2-7 16.1.1 16.2.1-5 "
        "16.3.1-4 16.4.1-3 16.5.1-3 17.1.1 17.2.1-4 17.3.1-2"
    ),
}
"""The items of ASVS 5.0.0, as its table has them: 70 of level 1, 183 of level 2."""


@cache
def rows() -> list[tuple[str, str, str, str, str]]:
    """Number, level, words, state and place of each item on the page."""
    found: list[tuple[str, str, str, str, str]] = ROW.findall(PAGE.read_text("utf-8"))
    return found


def items(written: str) -> list[str]:
    """``1.2.1-3`` is three items."""
    found = []
    for each in written.split():
        section, _, numbers = each.rpartition(".")
        first, _, last = numbers.partition("-")
        found += [f"{section}.{number}" for number in range(int(first), int(last or first) + 1)]
    return found


def test_no_item_is_left_out():
    """Each is there once, at its level."""
    expected = {(item, level) for level, written in LEVELS.items() for item in items(written)}
    assert (len(items(LEVELS["1"])), len(items(LEVELS["2"]))) == (70, 183)
    assert len(rows()) == len(expected)
    assert {(item, level) for item, level, *_ in rows()} == expected


def test_every_item_says_how_it_stands():
    """In one of four words; what is met names a file or a test, and everything else why."""
    assert {state for _, _, _, state, _ in rows()} == set(STATES)
    for item, _, _, state, where in rows():
        assert where.strip(), item
        assert state != "met" or NAMED.search(where), f"{item} is met nowhere"


def test_the_counts_at_the_top_are_those_of_the_rows():
    """Met, partly, not yet met and not applicable, for each level."""
    counted = {
        level: [int(each) for each in figures] for level, *figures in COUNTED.findall(PAGE.read_text("utf-8"))
    }
    for level in ("1", "2"):
        states = Counter(state for _, at, _, state, _ in rows() if at == level)
        figures = [states[state] for state in STATES]
        assert counted[level] == [*figures, sum(figures)]


def test_every_file_and_test_that_is_named_exists():
    """Whoever wants to see for themselves finds it."""
    named = NAMED.findall(PAGE.read_text("utf-8"))
    assert len([test for _, test in named if test]) > 100
    missing = []
    for path, test in named:
        file = ROOT / path
        if not file.exists() or (test and f"def {test}(" not in file.read_text("utf-8")):
            missing.append((path, test))
    assert missing == []
