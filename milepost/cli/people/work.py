"""`milepost inbox` and `milepost workload`: what somebody has to do, and how much is ahead of whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from milepost.cli.board.search import search
from milepost.cli.console.client import ask
from milepost.cli.console.output import AsJson, Field, print_json, print_rows
from milepost.cli.console.paging import After, Limit, ToCsv, lead_on, write_csv

_INBOX = (
    Field("what", "title"), Field("of", "name"), Field("due", "due_at"), Field("overdue", "overdue"),
    Field("priority", "priority"), Field("whose", "assignee"), Field("to claim", "claimable"), Field("step", "step"),
    Field("id", "id", whole=True),
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command()(inbox)
    app.command()(workload)
    app.command()(search)


def inbox(
    person: str = typer.Argument(
        None, help="Whose, for example person:dana; else your own.", metavar="[PERSON]"
    ),
    limit: int = Limit,
    after: int = After,
    to_csv: Path | None = ToCsv,
    as_json: bool = AsJson,
) -> None:
    """Show ready work, that of groups too: overdue first, then today, undated, upcoming."""
    query: dict[str, Any] = {"person": person, "limit": limit, "after": after}
    if to_csv is not None:
        write_csv("/v1/inbox", to_csv, query)
        return
    answer = ask("/v1/inbox", **query)
    if as_json:
        print_json(answer)
        return
    print_rows(f"{answer['total']} to do, {answer['overdue']} overdue", _INBOX, answer["rows"])
    lead_on(answer)


def workload(
    project: str = typer.Argument(
        None, help="Id of the project; without it, all of them.", metavar="[PROJECT]"
    ),
    weeks: int = typer.Option(4, help="How many weeks from this one on, 1 to 26."),
    as_json: bool = AsJson,
) -> None:
    """Show the hours of effort ahead of everybody, by week; after a slash what they can work, where that is known."""
    answer = ask("/v1/workload", project=project, weeks=weeks)
    if as_json:
        print_json(answer)
        return
    fields = (
        Field("who", "who"), Field("overdue", "overdue"), *(Field(week, week) for week in answer["weeks"]),
        Field("later", "later"), Field("no due", "undated"), Field("waiting", "waiting"),
    )  # fmt: skip
    print_rows("Hours of effort", fields, map(_load, answer["rows"]))


def _load(row: dict[str, Any]) -> dict[str, Any]:
    who = row["name"] or row["who"] or "nobody yet"
    left = "" if row["active"] else " (takes no more work)"
    return {**row, "who": who + left, **{week["week"]: _hours(week) for week in row["weeks"]}}


def _hours(week: dict[str, Any]) -> str:
    hours = f"{week['ready'] + week['coming']:.1f}"
    return hours if week["capacity"] is None else f"{hours} / {week['capacity']:.0f}"
