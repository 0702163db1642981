"""`milepost project cards`, `timeline`, `due` and `feed`: a project as a list, over time, and as a calendar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from milepost.cli.console.client import ask, look
from milepost.cli.console.output import AsJson, Field, people, print_json, print_rows, shown
from milepost.cli.console.paging import After, Limit, ToCsv, lead_on, write_csv

Project = typer.Argument(help="Id of the project.", metavar="PROJECT")
_CARDS = (
    Field("card", "id", whole=True), Field("name", "name"), Field("stage", "stage"), Field("state", "state"),
    Field("next", "next_action"), Field("who", "who"), Field("due", "due_at"), Field("priority", "priority"),
    Field("progress", "progress"),
)  # fmt: skip
_BARS = (
    Field("card", "name"), Field("bar", "kind"), Field("what", "title"), Field("from", "begins_at"),
    Field("to", "ends_at"),
    Field("state", "state"),
)  # fmt: skip
_DUES = (
    Field("when", "at"), Field("what", "title"), Field("of", "of"), Field("who", "who"), Field("overdue", "overdue"),
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Put the verbs on `milepost project`."""
    app.command("cards")(cards)
    app.command("timeline")(timeline)
    app.command("due")(due)
    app.command("feed")(feed)


def cards(  # noqa: PLR0913, PLR0917 - one for each option of the command line
    project: str = Project,
    sort: str = typer.Option(
        "rank", help="rank, name, stage, state, due, priority, progress, who, started, target or ended."
    ),
    group: str = typer.Option(None, help="stage, state, who, priority, process or kind."),
    person: str = typer.Option(None, help="Only cards whose next action is this person's."),
    state: str = typer.Option(None, help="Only cards in this state, for example late."),
    text: str = typer.Option(None, help="Only cards whose name has this in it."),
    ended: bool = typer.Option(False, "--ended", help="Cards that have ended too."),
    limit: int = typer.Option(500, help="How many at the most, up to 5000."),
    after: int = After,
    to_csv: Path | None = ToCsv,
    as_json: bool = AsJson,
) -> None:
    """List a project's cards in any order, or write them as CSV."""
    query: dict[str, Any] = {
        "sort": sort, "group": group, "person": person, "state": state, "text": text, "ended": ended or None,
        "limit": limit, "after": after,
    }  # fmt: skip
    path = f"/v1/projects/{project}/list"
    if to_csv is not None:
        write_csv(path, to_csv, query)
        return
    found = ask(path, **query)
    if as_json:
        print_json(found)
        return
    for each in found["groups"]:
        cards = [
            {**card, "stage": found["stages"].get(card["stage"], card["stage"])} for card in each["cards"]
        ]
        print_rows(f"{each['title']} ({each['count']})", _CARDS, cards)
    lead_on(found)


def timeline(
    project: str = Project,
    ended: bool = typer.Option(False, "--ended", help="Cards that have ended too."),
    limit: int = Limit,
    after: int = After,
    as_json: bool = AsJson,
) -> None:
    """Show planned, actual and forecast times of a project's cards."""
    found = ask(f"/v1/projects/{project}/timeline", ended=ended or None, limit=limit, after=after)
    if as_json:
        print_json(found)
        return
    bars = [{**bar, "name": row["name"]} for row in found["rows"] for bar in row["bars"]]
    print_rows(found["name"], _BARS, bars)
    lead_on(found)


def due(
    project: str = Project,
    begin: str = typer.Option(None, "--from", help="The first instant, such as 2026-12-01T00:00:00Z."),
    end: str = typer.Option(None, "--to", help="The instant after the last."),
    as_json: bool = AsJson,
) -> None:
    """Show what is due in a project, and when."""
    found = ask("/v1/calendar", project=project, begin=begin, end=end)
    if as_json:
        print_json(found)
    else:
        print_rows("Due", _DUES, found["entries"])


def feed(
    project: str = typer.Argument(None, help="Id of the project; without it the feed shows your own dues."),
    days: int = typer.Option(366, help="After so many days the address opens nothing."),
    as_json: bool = AsJson,
) -> None:
    """Make the address of a calendar feed (iCal); whoever has it sees the dues, until `milepost access end ID`."""
    found = look("/v1/calendar-links", {"project": project, "lifetime_days": days})
    if as_json:
        print_json(found)
    else:
        people.print(
            f"{found['url']}\nlink {found['id']}, until {shown(found['expires_at'])}",
            soft_wrap=True,
            markup=False,
        )
