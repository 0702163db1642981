"""`milepost actions`: mails, calls and child runs, those to come and those that were."""

from __future__ import annotations

import typer

from milepost.cli.console.client import ask
from milepost.cli.console.output import AsJson, Field, print_json, print_rows
from milepost.cli.console.paging import After, Limit, lead_on

app = typer.Typer(help="What the machine does for runs: mails, calls, child runs.", no_args_is_help=True)

_ROWS = (
    Field("run", "run", whole=True), Field("name", "name"), Field("step", "step"), Field("round", "round"),
    Field("action", "action"), Field("state", "state"), Field("attempt", "attempt"), Field("next", "next_at"),
    Field("reason", "reason"),
)  # fmt: skip


@app.command("list")
def list_actions(
    run: str = typer.Option(None, help="Only actions of this run."),
    state: str = typer.Option(
        None, help="Only those that are queued, started, failed, uncertain, succeeded or withdrawn."
    ),
    kind: str = typer.Option(None, help="Only email, http or run."),
    limit: int = Limit,
    after: int = After,
    as_json: bool = AsJson,
) -> None:
    """List actions, the one that changed last first."""
    found = ask("/v1/actions", run=run, state=state, kind=kind, limit=limit, after=after)
    if as_json:
        print_json(found)
        return
    print_rows("Actions", _ROWS, found["rows"])
    lead_on(found)
