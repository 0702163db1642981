"""The documentation runs: its commands exist, its links lead somewhere, its reference is whole."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from typer.core import TyperCommand

from api.access.matrix import RULES
from api.wire.problems import CODES
from domain.events import EVENT_TYPES
from milepost.settings.settings import PREFIX, Settings
from tools.generators.commands import verbs
from tools.generators.errors import refusals

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *(ROOT / "docs").rglob("*.md")])
WRITTEN = [page for page in PAGES if page.parent.name != "reference"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`(milepost\s[^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PLACE = re.compile(
    r"`((?:api|bench|domain|interchange|milepost|processes|projections|store|tests|tools|web|workers)/[\w./-]*)`"
)


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    """The fenced blocks of a page in these languages, in order."""
    found: list[tuple[str, str]] = BLOCK.findall(page.read_text("utf-8"))
    return [(language, text) for language, text in found if language in languages]


def lines(page: Path) -> list[list[str]]:
    """The words of every command that a page shows."""
    shown = (line for _, text in blocks(page, "sh") for line in text.splitlines())
    return [words for line in shown if (words := shlex.split(line, comments=True))]


def headings(page: str) -> set[str]:
    """What a page of the reference has headings for."""
    text = (ROOT / "docs" / "reference" / page).read_text("utf-8")
    return {line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    """Every relative link of the documentation names a file or directory that is there."""
    links = [link for link in LINK.findall(page.read_text("utf-8")) if "://" not in link and link[0] != "#"]
    assert [link for link in links if not (page.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize(
    ("page", "things"),
    [
        ("events.md", set(EVENT_TYPES)),
        ("routes.md", set(RULES)),
        ("settings.md", {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}),
        ("cli.md", set(verbs())),
        ("errors.md", {*CODES, *refusals()}),
        ("states.md", {"Step", "Run", "Task"}),
    ],
)
def test_the_reference_has_a_heading_for_everything(page: str, things: set[str]):
    """Nothing that exists is left out, and nothing is described that does not exist."""
    assert headings(page) == things


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_are_shown_exist(page: Path):
    """`make` has every target and `milepost` every verb and option that a page shows."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for words in lines(page):
        if words[0] == "make":
            assert words[1] in targets, words
        elif words[0] == "milepost":
            _is_a_verb(words)


@cache
def known_verbs() -> dict[str, TyperCommand]:
    """All verbs; to find them, the whole command line is read."""
    return verbs()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "cli.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_commands_that_are_named_exist(page: Path):
    """What a sentence calls a command is a verb with its options, or a group of verbs."""
    groups = {verb.rpartition(" ")[0] for verb in known_verbs()}
    for told in NAMED.findall(BLOCK.sub("", page.read_text("utf-8"))):
        words = shlex.split(told.replace("…", ""))
        if " ".join(words) not in groups:
            _is_a_verb(words)


def _is_a_verb(words: list[str]) -> None:
    known = known_verbs()
    verb = next((name for length in (3, 2) if (name := " ".join(words[:length])) in known), None)
    assert verb is not None, words
    options = {name for param in known[verb].params for name in (*param.opts, *param.secondary_opts)}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= options, words


def test_the_readme_begins_with_two_commands():
    """A fresh clone needs no others."""
    assert [words[:2] for words in lines(ROOT / "README.md")] == [["make", "run"], ["make", "test"]]


def test_the_changelog_names_what_people_use():
    """What is new stands there, and stored events have a part of their own."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert text.index("## Unreleased") < text.index("### Stored events")
    for word in ("milepost up", "milepost import", "OpenAPI", "JetStream"):
        assert word in text


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_exist(page: Path):
    """Whoever is sent to a module finds it there."""
    text = page.read_text("utf-8")
    missing = [place for place in PLACE.findall(text) if "ROOM" not in place and not (ROOT / place).exists()]
    tried = [word for command in re.findall(r'ARGS="([^"]+)"', text) for word in command.split()]
    missing += [word for word in tried if word.startswith("tests") and not (ROOT / word).exists()]
    assert missing == []


def test_every_decision_is_in_the_index():
    """By its number and its title."""
    pages = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    index = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    expected = []
    for page in pages:
        title = re.sub(r"^# 0*\d+\.? ", "", page.read_text("utf-8").partition("\n")[0])
        expected.append(f"| {page.name[:4]} | [{title}]({page.name}) |")
    assert [line for line in index.splitlines() if line.startswith("| 0")] == expected
