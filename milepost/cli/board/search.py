"""`milepost search`: find runs, tasks, steps, people and values."""

from __future__ import annotations

import typer

from milepost.cli.console.client import ask
from milepost.cli.console.output import AsJson, Field, people, print_json, print_rows

_HITS = (
    Field("kind", "kind"), Field("what", "title"), Field("where", "context"), Field("state", "state"),
    Field("id", "id", whole=True), Field("address", "path", whole=True),
)  # fmt: skip


def search(
    text: str = typer.Argument(help="Parts of names, or the beginnings of words."),
    limit: int = typer.Option(20, help="How many of each kind at the most, up to 100."),
    after: int = typer.Option(0, help="Behind so many of each kind: the next_after of the page before."),
    as_json: bool = AsJson,
) -> None:
    """Find runs, tasks, steps under way, people, and values that concern you."""
    found = ask("/v1/search", q=text, limit=limit, after=after)
    if as_json:
        print_json(found)
        return
    print_rows(f"Found for {text}", _HITS, found["hits"])
    if found["more"]:
        people.print(f"There is more: say more words, or add --after {found['next_after']}")
