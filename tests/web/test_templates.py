"""Templates are written for people: one element a line, short lines, and decisions in Python."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.programs import ROOT

TEMPLATES = sorted((ROOT / "web" / "templates").glob("*.html"))
LONGEST_LINE = 140
MOST_TURNS = 3
"""Words (and, or, if) of one expression; what turns more often has a name in Python."""
_BLOCK = re.compile(
    r"<(article|div|dl|dd|details|dt|fieldset|footer|form|h[1-4]|header|li|main|nav|ol|p|section|summary|"
    r"table|tbody|td|textarea|th|thead|tr|ul)\b"
)
_EXPRESSION = re.compile(r"\{\{(.*?)\}\}|\{%-? (?:if|elif|set|for) (.*?)-?%\}", re.DOTALL)
_QUOTED = re.compile(r'"[^"]*"')
_TURN = re.compile(r"\b(?:and|or|if)\b")


def lines(name: str) -> Iterator[tuple[int, str]]:
    """The lines of a template with their numbers."""
    yield from enumerate((ROOT / "web" / "templates" / name).read_text("utf-8").splitlines(), 1)


@pytest.mark.parametrize("name", [path.name for path in TEMPLATES])
def test_a_template_can_be_read(name: str):
    """No line is longer than a screen is wide, and none begins two elements that stand for themselves."""
    assert [number for number, line in lines(name) if len(line) > LONGEST_LINE] == []
    assert [(number, line) for number, line in lines(name) if len(_BLOCK.findall(line)) > 1] == []


@pytest.mark.parametrize("name", [path.name for path in TEMPLATES])
def test_a_template_decides_little(name: str):
    """What has several conditions is a function in Python, with a name and with types."""
    text = (ROOT / "web" / "templates" / name).read_text("utf-8")
    found = (_QUOTED.sub("", one[1] or one[2]) for one in _EXPRESSION.finditer(text))
    assert [each.strip() for each in found if len(_TURN.findall(each)) > MOST_TURNS] == []
