"""The command line: `milepost`. Exit codes: 0 done, 1 refused, 2 wrong use or bad input, 3 unreachable, 4 unhealthy."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

GROUPS = {
    "process": "process.processes",
    "run": "run.runs",
    "project": "board.projects",
    "task": "board.tasks",
    "recurrence": "board.recurrences",
    "incidents": "run.incidents",
    "actions": "run.actions",
    "event": "run.events",
    "people": "people.people",
    "groups": "people.groups",
    "import": "process.imports",
    "projection": "machine.projections",
    "mail": "machine.mails",
    "forecast": "process.forecasts",
    "events": "machine.log",
    "token": "people.tokens",
    "access": "people.access",
    "rights": "people.rights",
    "subscriber": "machine.subscribers",
    "receiver": "machine.receivers",
}
"""Verbs that have verbs of their own, and the module that holds them."""


def build(only: str | None = None) -> typer.Typer:
    """The command line; with the first word that was given, only what it needs is imported: servers start fast."""
    app = typer.Typer(
        name="milepost",
        help="Runs standard processes and shows projects, from one log of events.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    servers = import_module("milepost.cli.machine.servers")
    servers.register(app)
    if only is None or only not in {*GROUPS, *servers.NAMES}:
        import_module("milepost.cli.people.work").register(app)
    for name, module in GROUPS.items():
        if only is None or only == name or only not in {*GROUPS, *servers.NAMES}:
            app.add_typer(import_module(f"milepost.cli.{module}").app, name=name)
    return app


def main() -> None:
    """Run the command line."""
    build(next((word for word in sys.argv[1:] if not word.startswith("-")), None))()
