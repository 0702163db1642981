"""The command line: `milepost`. Exit codes: 0 done, 1 refused, 2 wrong use or bad input, 3 unreachable, 4 unhealthy."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

GROUPS = {
    "process": "processes",
    "run": "runs",
    "project": "projects",
    "task": "tasks",
    "recurrence": "recurrences",
    "incidents": "incidents",
    "actions": "actions",
    "event": "telling_events",
    "people": "staff",
    "groups": "teams",
    "import": "importing",
    "projection": "projections",
    "mail": "mails",
    "forecast": "forecasts",
    "events": "events",
    "token": "tokens",
    "access": "access",
    "subscriber": "subscribers",
    "receiver": "receivers",
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
    servers = import_module("milepost.cli.servers")
    servers.register(app)
    if only is None or only not in {*GROUPS, *servers.NAMES}:
        import_module("milepost.cli.work").register(app)
    for name, module in GROUPS.items():
        if only is None or only == name or only not in {*GROUPS, *servers.NAMES}:
            app.add_typer(import_module(f"milepost.cli.{module}").app, name=name)
    return app


def main() -> None:
    """Run the command line."""
    build(next((word for word in sys.argv[1:] if not word.startswith("-")), None))()
