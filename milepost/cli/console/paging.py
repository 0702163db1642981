"""What lists of the command line share: how many rows, behind which, how many come then, and all of them as CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from milepost.cli.console.client import ask, download
from milepost.cli.console.output import BAD_INPUT, fail, people

Limit = typer.Option(200, help="How many at the most, up to 500.")
After = typer.Option(0, help="How many came before these: what the list before says to go on with.")
ToCsv = typer.Option(None, "--csv", help="Write all of them into this file as CSV.")


def whole(path: str, *, ask: Callable[..., Any] = ask, **query: Any) -> dict[str, Any]:
    """All of a list that is short by its nature, asked for a page at a time."""
    told: dict[str, Any] = ask(path, **query, limit=500)
    rows = list(told["rows"])
    while told["next_after"] is not None:
        told = ask(path, **query, limit=500, after=told["next_after"])
        rows += told["rows"]
    return {**told, "rows": rows}


def lead_on(answer: dict[str, Any]) -> None:
    """Say how many rows come after these, and how to see them."""
    if answer["more"]:
        people.print(f"{answer['more']} more: go on with --after {answer['next_after']}", markup=False)


def write_csv(path: str, file: Path, query: dict[str, Any]) -> None:
    """Write the whole list into a file that is not there yet."""
    if file.exists():
        fail(f"{file} is there already; name another file", BAD_INPUT)
    wanted = {name: value for name, value in query.items() if name not in ("limit", "after")}
    size = download(path, file, **wanted, format="csv")
    people.print(f"{file}: {size} bytes", markup=False)
