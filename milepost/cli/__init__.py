"""The command line: `milepost`. Exit codes: 0 done, 1 refused, 2 wrong use or bad input, 3 unreachable, 4 unhealthy."""

from __future__ import annotations

import typer

from milepost.cli import events, importing, processes, projections, projects, runs, servers, tasks, tokens

app = typer.Typer(
    name="milepost",
    help="Runs standard processes and shows projects, from one log of events.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
servers.register(app)
app.add_typer(processes.app, name="process")
app.add_typer(runs.app, name="run")
app.add_typer(projects.app, name="project")
app.add_typer(tasks.app, name="task")
app.add_typer(importing.app, name="import")
app.add_typer(projections.app, name="projection")
app.add_typer(events.app, name="events")
app.add_typer(tokens.app, name="token")


def main() -> None:
    """Run the command line."""
    app()
