"""`milepost import`: real logs in, as facts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from interchange.bad_log import BadLog
from interchange.logs.csv_form import called
from interchange.logs.importer import Progress as Hears
from interchange.logs.importer import Request, examine_log, import_log
from milepost.cli.console.database import running_log
from milepost.cli.console.output import BAD_INPUT, AsJson, fail, people, print_facts, print_json
from milepost.cli.process.bpmn import bpmn

app = typer.Typer(help="Import history and models from other systems.", no_args_is_help=True)
app.command()(bpmn)

File = typer.Argument(help="The log; it may be packed with gzip.", exists=True, dir_okay=False, readable=True)
Process = typer.Option(..., "--process", help="Key of the process that the runs will follow.")
Stages = typer.Option(None, "--stages", help="YAML: columns, stages, outcomes.", exists=True, dir_okay=False)
Zone = typer.Option(
    None, "--zone", help="Time zone of times without an offset, for example Europe/Amsterdam."
)
Project = typer.Option(
    "", "--project", help="Name of the project that shows the runs; else the process's title."
)
Delimiter = typer.Option(
    None,
    "--delimiter",
    help="What stands between two values: a character, or comma, semicolon, tab, bar; else found out.",
)
Encoding = typer.Option(
    None,
    "--encoding",
    help="How the file's characters are written, for example windows-1252; else found out.",
)
DryRun = typer.Option(False, "--dry-run", help="Read and check everything, store nothing.")


@app.command()
def xes(
    file: Path = File, process: str = Process, stages: Path = Stages, zone: str = Zone, project: str = Project,
    dry_run: bool = DryRun, as_json: bool = AsJson,
) -> None:  # fmt: skip
    """Import an event log in XES (IEEE 1849)."""
    _import(Request(file, "xes", process, stages, zone, project), dry_run, as_json)


@app.command()
def csv(  # noqa: PLR0913, PLR0917 - one for each option
    file: Path = File, process: str = Process, stages: Path = Stages, zone: str = Zone, project: str = Project,
    delimiter: str = Delimiter, encoding: str = Encoding, dry_run: bool = DryRun, as_json: bool = AsJson,
) -> None:  # fmt: skip
    """Import an event log in CSV, one row per event."""
    request = Request(file, "csv", process, stages, zone, project, encoding=encoding, delimiter=delimiter)
    _import(request, dry_run, as_json)


def _import(request: Request, dry_run: bool, as_json: bool) -> None:
    try:
        with _bar(as_json) as hears:
            if dry_run:
                report, document = examine_log(request, hears)
                facts: dict[str, Any] = {
                    "report": asdict(report),
                    "document": document.model_dump(mode="json"),
                }
            else:
                with running_log() as log:
                    facts = asdict(import_log(request, log, hears))
    except BadLog as error:
        fail(f"{request.path}: {error}\nnothing was imported", BAD_INPUT)
    if as_json:
        print_json(facts)
        return
    delimiter = facts["report"]["delimiter"]
    print_facts("What the file holds", {**facts["report"], "delimiter": delimiter and called(delimiter)})
    if dry_run:
        people.print("Dry run: nothing was stored.")
    else:
        people.print(f"{facts['runs']} new runs, {facts['events']} events stored; process {facts['process']}, "
                     f"version {facts['process_version']}; project {facts['project']}")  # fmt: skip


@contextmanager
def _bar(silent: bool) -> Iterator[Hears]:
    columns = (TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=people, disable=silent, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def hear(doing: str, done: int, of: int) -> None:
            if doing not in tasks:
                tasks[doing] = bar.add_task(doing, total=of)
            bar.update(tasks[doing], completed=done)

        yield hear
