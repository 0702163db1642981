"""`milepost incidents`: where the machine could not go on, and what to do about it."""

from __future__ import annotations

from typing import Any

import orjson
import typer

from milepost.cli.console.client import ask, tell
from milepost.cli.console.commands import As, Reason, done
from milepost.cli.console.output import BAD_INPUT, AsJson, Field, fail, print_json, print_rows
from milepost.cli.console.paging import After, Limit, lead_on
from milepost.cli.console.values import pairs

app = typer.Typer(
    help="Incidents: what the machine could not do, and asks people about.", no_args_is_help=True
)

Run = typer.Argument(help="Id of the run.", metavar="RUN")
Incident = typer.Argument(help="Id of the incident.", metavar="INCIDENT")
Why = typer.Option(None, "--reason", help="Why; people read it in the history.")
_ROWS = (
    Field("incident", "incident", whole=True), Field("run", "run", whole=True), Field("name", "name"),
    Field("step", "step"), Field("action", "action"), Field("problem", "problem"), Field("reason", "reason"),
    Field("for", "assignee"), Field("since", "since"),
)  # fmt: skip


@app.command("list")
def list_incidents(
    run: str = typer.Option(None, help="Only incidents of this run."),
    assignee: str = typer.Option(
        None, help="Only those that this person is asked about, for example person:dana."
    ),
    limit: int = Limit,
    after: int = After,
    as_json: bool = AsJson,
) -> None:
    """List open incidents, the oldest first."""
    found = ask("/v1/incidents", run=run, assignee=assignee, limit=limit, after=after)
    if as_json:
        print_json(found)
        return
    print_rows("Incidents", _ROWS, found["rows"])
    lead_on(found)


@app.command()
def retry(
    run: str = Run, incident: str = Incident, reason: str = Why, actor: str = As, as_json: bool = AsJson
) -> None:
    """Have the machine try again."""
    done(tell(_path(run, incident, "retry"), {"reason": reason}, actor=actor), as_json)


@app.command()
def edit(
    run: str = Run,
    incident: str = Incident,
    changes: str = typer.Argument(
        help='What to send instead, as JSON: {"url": …} or {"body": …}, {"to": […]}.'
    ),
    reason: str = Why,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Have the machine try again with something changed."""
    body = {"changes": _object(changes), "reason": reason}
    done(tell(_path(run, incident, "edit"), body, actor=actor), as_json)


@app.command("by-hand")
def by_hand(
    run: str = Run,
    incident: str = Incident,
    reason: str = Reason,
    values: list[str] = typer.Option(
        [], "--value", "-v", help="A value that it would have brought, key=value."
    ),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Say that it was done by hand; when that was the whole step, the step is done."""
    body = {"reason": reason, "values": pairs(values, "--value")}
    done(tell(_path(run, incident, "done-by-hand"), body, actor=actor), as_json)


@app.command("let-go")
def let_go(
    run: str = Run, incident: str = Incident, reason: str = Reason, actor: str = As, as_json: bool = AsJson
) -> None:
    """Let it be: a webhook or a notice that nobody needs. A step of its own is skipped instead."""
    done(tell(_path(run, incident, "let-go"), {"reason": reason}, actor=actor), as_json)


def _path(run: str, incident: str, verb: str) -> str:
    return f"/v1/runs/{run}/incidents/{incident}/{verb}"


def _object(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fail(f"this is not JSON: {error}", BAD_INPUT)
    if not isinstance(found, dict):
        fail('the changes are a JSON object, such as {"url": "https://…"}', BAD_INPUT)
    return found
