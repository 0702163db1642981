"""`milepost events`: read the log as it is, and verify it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
import typer

from milepost.cli.console.database import running_log
from milepost.cli.console.output import REFUSED, AsJson, Field, fail, people, print_json, print_rows
from store.log import Log, Recorded
from store.verify import verify as verify_log

app = typer.Typer(help="Events: the log behind everything.", no_args_is_help=True)

_FIELDS = (Field("position", "position"), Field("occurred", "occurred_at"), Field("event", "type"),
           Field("stream", "stream", whole=True), Field("version", "version"), Field("data", "data"))  # fmt: skip
PAGE = 500


@app.command()
def show(position: int = typer.Argument(help="Position in the log."), as_json: bool = AsJson) -> None:
    """Show one event, its hash included."""
    with running_log() as log:
        found = log.read(position - 1, 1)
    if not found or found[0].position != position:
        fail(f"there is no event at position {position}", REFUSED)
    event = {**_row(found[0]), "meta": orjson.loads(found[0].meta), "hash": found[0].hash.hex(),
             "recorded_at": found[0].recorded_at, "schema_version": found[0].schema_version}  # fmt: skip
    if as_json:
        print_json(event)
    else:
        print_rows(f"Event {position}", (Field("", "name"), Field("", "value")),
                   ({"name": name, "value": value} for name, value in event.items()))  # fmt: skip


@app.command()
def tail(
    after: int | None = typer.Option(None, help="Start after this position; else with the last ten events."),
    types: list[str] = typer.Option(
        [], "--type", help="Only events of this type; may be given several times."
    ),
    follow: bool = typer.Option(False, "--follow", "-f", help="Wait for more, until Ctrl-C."),
    as_json: bool = AsJson,
) -> None:
    """Print the newest events, and go on printing with --follow."""
    with running_log() as log:
        position = max(log.head() - 10, 0) if after is None else after
        position = _print_all(log, position, types, as_json)
        while follow:
            log.follower.wait(position, timeout=60.0)
            position = _print_all(log, position, types, as_json)


@app.command()
def verify(as_json: bool = AsJson) -> None:
    """Recompute the hash chain of every stream; the first broken event is named."""
    with running_log() as log:
        result = verify_log(log)
    facts = {"events": result.events, "broken": result.broken and asdict(result.broken)}
    if as_json:
        print_json(facts)
    elif result.broken is None:
        people.print(f"{result.events} events: every hash is right")
    if result.broken is not None:
        fail(f"the log was changed at position {result.broken.position}: {result.broken.reason}", REFUSED)


def _print_all(log: Log, position: int, types: list[str], as_json: bool) -> int:
    head = log.head()
    while events := log.read(position, PAGE, types or None):
        position = events[-1].position
        if as_json:
            for event in events:
                print_json(_row(event))
        else:
            print_rows("Events", _FIELDS, (_row(event) for event in events))
    return max(head, position)


def _row(event: Recorded) -> dict[str, Any]:
    return {
        "position": event.position, "occurred_at": event.occurred_at, "type": event.type, "stream": event.stream,
        "version": event.version, "data": orjson.loads(event.data),
    }  # fmt: skip
