"""How the command line speaks: tables for people, JSON for programs, an exit code that means something."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

import orjson
import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

REFUSED, BAD_INPUT, UNREACHABLE, UNHEALTHY = 1, 2, 3, 4

WIDTH_OF_FILES = 200
"""Columns of a table that goes into a file or another program, where no window says how wide it is."""


def _width() -> int | None:
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_OF_FILES


_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""What a terminal obeys instead of showing it, or what turns or hides the text beside it; not line end and tab."""
_UNSEEN_IN_JSON = re.compile(r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: str) -> str:
    r"""The text with every character that a terminal would obey written out: ``\x1b`` for the escape character."""
    return _UNSEEN.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class _Screen(Console):
    """A console that shows the characters of a text and obeys none of them: every text to be shown passes here."""

    def render_str(self, text: str, **how: Any) -> Text:
        """As its parent does, of what can be seen; no name of a picture becomes one."""
        return super().render_str(visible(text), **{**how, "emoji": False})


people = _Screen(highlight=False, width=_width())
problems = _Screen(stderr=True, highlight=False, style="red")

AsJson = typer.Option(False, "--json", help="Print JSON for programs instead of a table for people.")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


@dataclass(frozen=True)
class Field:
    """A column of a table: its title, the key of the value it shows, and whether a value must stay on one line."""

    title: str
    key: str
    whole: bool = False


def fail(text: str, code: int) -> NoReturn:
    """Say on standard error what went wrong, and end with this exit code."""
    complain(text)
    raise typer.Exit(code)


def complain(text: str) -> None:
    """Say something on standard error."""
    problems.print(text, soft_wrap=True, markup=False)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    text = orjson.dumps(value, option=options, default=str).decode()
    sys.stdout.write(_UNSEEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def print_rows(title: str, fields: Sequence[Field], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a table; a missing value is shown as a dash."""
    table = Table(title=escape(title), title_justify="left", header_style="bold", box=box.SIMPLE_HEAD)
    for field in fields:
        table.add_column(field.title, overflow="fold", no_wrap=field.whole)
    count = 0
    for row in rows:
        table.add_row(*(escape(shown(row.get(field.key))) for field in fields))
        count += 1
    people.print(table if count else f"{escape(title)}: none")


def print_facts(title: str, facts: Mapping[str, Any]) -> None:
    """Print names and values, one a line."""
    table = Table(title=escape(title), title_justify="left", show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), escape(shown(value)))
    people.print(table)


def shown(value: Any) -> str:  # noqa: PLR0911 - one line for each kind of value
    """A value as a person reads it; instants in the time zone of this machine."""
    match value:
        case None | "":
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.2f}"
        case int():
            return f"{value}"
        case datetime():
            return f"{value.astimezone():%Y-%m-%d %H:%M}"
        case str() if _INSTANT.fullmatch(value):
            return shown(datetime.fromisoformat(value))
        case dict():
            return ", ".join(f"{key}: {shown(part)}" for key, part in value.items()) or "–"
        case list() | tuple():
            return ", ".join(shown(part) for part in value) or "–"
        case _:
            return str(value)
