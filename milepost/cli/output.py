"""How the command line speaks: tables for people, JSON for programs, an exit code that means something."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.table import Table

REFUSED, BAD_INPUT, UNREACHABLE, UNHEALTHY = 1, 2, 3, 4

people = Console(highlight=False)
problems = Console(stderr=True, highlight=False, style="red")

AsJson = typer.Option(False, "--json", help="Print JSON for programs instead of a table for people.")


@dataclass(frozen=True)
class Field:
    """A column of a table: its title, and the key of the value it shows."""

    title: str
    key: str


def fail(text: str, code: int) -> NoReturn:
    """Say on standard error what went wrong, and end with this exit code."""
    problems.print(text, soft_wrap=True, markup=False)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(value, option=options, default=str).decode() + "\n")


def print_rows(title: str, fields: Sequence[Field], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a table; a missing value is shown as a dash."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for field in fields:
        table.add_column(field.title, overflow="fold")
    count = 0
    for row in rows:
        table.add_row(*(shown(row.get(field.key)) for field in fields))
        count += 1
    people.print(table if count else f"{title}: none")


def print_facts(title: str, facts: Mapping[str, Any]) -> None:
    """Print names and values, one a line."""
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), shown(value))
    people.print(table)


def shown(value: Any) -> str:  # noqa: PLR0911 - one line for each kind of value
    """A value as a person reads it."""
    match value:
        case None | "" | [] | {}:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.2f}"
        case int():
            return f"{value}"
        case dict():
            return ", ".join(f"{key}: {shown(part)}" for key, part in value.items())
        case list() | tuple():
            return ", ".join(shown(part) for part in value)
        case _:
            return str(value)
