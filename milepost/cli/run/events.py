"""`milepost event`: tell of something that happened elsewhere, which a step of a run waits for."""

from __future__ import annotations

import typer

from milepost.cli.console.client import tell
from milepost.cli.console.commands import As, done
from milepost.cli.console.output import AsJson
from milepost.cli.console.values import pairs

app = typer.Typer(help="Events of other services, which steps wait for.", no_args_is_help=True)


@app.callback()
def event() -> None:
    """Keep `send` a word of its own."""


@app.command()
def send(
    name: str = typer.Argument(help="Name of the event, for example report.received."),
    source: str = typer.Option(..., "--id", help="The sender's own id of it: told twice it counts once."),
    run: str = typer.Option(None, help="Id of the run that it happened to."),
    key: str = typer.Option(None, help="In place of the run: the key by which the sender knows it."),
    values: list[str] = typer.Option([], "--value", "-v", help="A value for a field of the step, key=value."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Tell of an event; the step that waits for it is done. Needs a token with the scope send_events."""
    body = {"event": name, "id": source, "run": run, "key": key, "values": pairs(values, "--value")}
    done(tell("/v1/external-events", body, actor=actor), as_json)
