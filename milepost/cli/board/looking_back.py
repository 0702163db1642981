"""`milepost project since` and `why`, and the options that ask for a project as of an earlier moment."""

from __future__ import annotations

from typing import Any

import typer

from milepost.cli.console.client import ask
from milepost.cli.console.output import AsJson, Field, people, print_json, print_rows

AsOf = typer.Option(None, "--as-of", help="As it was at this instant, such as 2026-12-01T09:00:00Z.")
AsOfPosition = typer.Option(None, "--as-of-position", help="As it was at this position of the log.")
_Project = typer.Argument(help="Id of the project.", metavar="PROJECT")
_CHANGES = (
    Field("card", "name"), Field("what", "what"), Field("how", "said"), Field("id", "card", whole=True),
)  # fmt: skip
_CAUSES = (
    Field("cell", "cell"), Field("of", "of"), Field("shows", "shows"), Field("position", "position"),
    Field("event", "type"), Field("step", "step_title"), Field("who", "who"), Field("when", "at"),
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Put the verbs on `milepost project`."""
    app.command("since")(since)
    app.command("why")(why)


def since(
    project: str = _Project,
    begins: str = typer.Option(None, "--from", help="The first instant; without it Monday of this week."),
    ends: str = typer.Option(None, "--to", help="The last instant; without it now."),
    as_json: bool = AsJson,
) -> None:
    """Show what changed in a project between two moments: in sentences, and card by card."""
    found = ask(f"/v1/projects/{project}/since", **{"from": begins, "to": ends})
    if as_json:
        print_json(found)
        return
    for line in found["lines"] or (f"Nothing has changed since {found['begins_at']}.",):
        people.print(line, markup=False)
    print_rows("Changes", _CHANGES, found["changes"])


def why(
    project: str = _Project,
    card: str = typer.Argument(help="Id of the card: a run or a task.", metavar="CARD"),
    as_json: bool = AsJson,
) -> None:
    """Show which events made a card what it is, cell by cell; never a value."""
    found = ask(f"/v1/projects/{project}/board/{card}/why")
    if as_json:
        print_json(found)
    else:
        print_rows(found["name"], _CAUSES, [row for cell in found["cells"] for row in _rows(cell)])


def _rows(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """A line for each event of a cell, and for each instant that has passed; one line when there is neither."""
    told = {"cell": cell["cell"], "of": cell["of"], "shows": cell["shows"]}
    passed = [{**told, "type": "time passed", "at": at} for at in cell["passed"]]
    passed += [{**told, "type": cell["said"]}] if cell["said"] else []
    return [*({**told, **event} for event in cell["events"]), *passed] or [told]
