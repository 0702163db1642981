"""`milepost inbox`: what somebody has to do, the first thing first."""

from __future__ import annotations

import typer

from milepost.cli.client import ask
from milepost.cli.output import AsJson, Field, print_json, print_rows

NAMES = ("inbox",)
_INBOX = (
    Field("what", "title"), Field("of", "name"), Field("due", "due_at"), Field("overdue", "overdue"),
    Field("priority", "priority"), Field("whose", "assignee"), Field("to claim", "claimable"), Field("step", "step"),
    Field("id", "id", whole=True),
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command()(inbox)


def inbox(
    person: str = typer.Argument(
        None, help="Whose, for example person:dana; else your own.", metavar="[PERSON]"
    ),
    as_json: bool = AsJson,
) -> None:
    """Show ready work, that of groups too: overdue first, then today, undated, upcoming."""
    answer = ask("/v1/inbox", person=person)
    if as_json:
        print_json(answer)
    else:
        print_rows(f"{answer['total']} to do, {answer['overdue']} overdue", _INBOX, answer["rows"])
