"""`milepost mail`: the mails that went out or will, and what they say."""

from __future__ import annotations

import typer

from milepost.cli.console.client import ask
from milepost.cli.console.output import AsJson, Field, people, print_json, print_rows
from milepost.cli.console.paging import After, lead_on

app = typer.Typer(help="Mails: what was sent, to whom, and what could not be.", no_args_is_help=True)

_ROWS = (
    Field("state", "state", whole=True), Field("subject", "subject"), Field("to", "to"), Field("run", "run_name"),
    Field("step", "step"), Field("action", "action"), Field("at", "at", whole=True), Field("why", "reason"),
)  # fmt: skip


@app.command("list")
def list_mails(
    state: str | None = typer.Option(
        None,
        "--state",
        help="queued, sending, sent, unsent, skipped, failed, uncertain or withdrawn; else all.",
    ),
    run: str | None = typer.Option(None, "--run", help="Id of a run; else of all."),
    limit: int = typer.Option(50, "--limit", help="How many at most, 1 to 500."),
    after: int = After,
    as_json: bool = AsJson,
) -> None:
    """List mails, those that changed last first."""
    answer = ask("/v1/outbox", state=state, run=run, limit=limit, after=after)
    if as_json:
        print_json(answer)
        return
    print_rows("Mails", _ROWS, answer["rows"])
    lead_on(answer)
    if answer["incidents"]:
        people.print(f"{answer['incidents']} of all mails wait for a decision")


@app.command()
def show(
    run: str = typer.Argument(help="Id of the run."),
    action: str = typer.Argument(help="Name of the action, such as email or reminder:1."),
    step: str = typer.Option(
        "-", "--step", help="Key of the step; without it a mail about the run as a whole."
    ),
    number: int = typer.Option(1, "--round", help="Round of the step."),
    as_json: bool = AsJson,
) -> None:
    """Show what a mail says, for each of its readers."""
    found = ask(f"/v1/outbox/{run}/{step}/{number}/{action}")
    if as_json:
        print_json(found)
        return
    people.print(f"{found['mail']['state']}, {found['mail']['at']}", markup=False)
    for text in found["texts"]:
        people.print(
            f"\nTo: {text['to']}\nSubject: {text['subject']}\n\n{text['text']}", soft_wrap=True, markup=False
        )
    if not found["texts"]:
        people.print("nobody to go to" if found["mail"]["to"] is not None else "not yours to read")
