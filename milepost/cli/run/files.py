"""`milepost run attach`, `detach`, `files` and `download`: files beside runs and their steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from milepost.cli.console.client import ask, download, upload
from milepost.cli.console.commands import As, MaybeReason, command
from milepost.cli.console.output import BAD_INPUT, AsJson, Field, fail, people, print_json, print_rows

Run = typer.Argument(help="Id of the run.", metavar="RUN")
_FILES = (
    Field("file", "name"), Field("where", "where"), Field("bytes", "size"), Field("type", "type"),
    Field("sha256", "sha256", whole=True), Field("attachment", "attachment", whole=True),
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Put the verbs on `milepost run`."""
    app.command("attach")(attach)
    app.command("detach")(detach)
    app.command("files")(show_files)
    app.command("download")(fetch)


def attach(
    run: str = Run,
    file: Path = typer.Argument(help="The file to upload.", exists=True, dir_okay=False, readable=True),
    step: str = typer.Option(None, help="Key of the step that it belongs to."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Upload a file and show it beside a run or one of its steps."""
    kept = upload("/v1/files", file, name=file.name)
    body = {
        "name": kept["name"],
        "media_type": kept["type"],
        "size_bytes": kept["size"],
        "sha256": kept["sha256"],
    }
    command(f"/v1/runs/{run}/attach", {**body, "step": step}, actor, as_json)


def detach(
    run: str = Run,
    attachment: str = typer.Argument(help="Id of the attachment, as `milepost run files` shows it."),
    reason: str = MaybeReason,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Show an attached file no longer."""
    command(f"/v1/runs/{run}/detach", {"attachment": attachment, "reason": reason}, actor, as_json)


def show_files(run: str = Run, as_json: bool = AsJson) -> None:
    """List the files that a run shows: attached ones and those in fields."""
    found = _shown(ask(f"/v1/runs/{run}"))
    if as_json:
        print_json(found)
    else:
        print_rows("Files", _FILES, found)


def fetch(
    run: str = Run,
    sha256: str = typer.Argument(help="Hash of the file, as `milepost run files` shows it."),
    to: Path | None = typer.Option(None, help="Where to put it; else its own name, in this directory."),
) -> None:
    """Fetch the content of a file that a run shows."""
    named = [file["name"] for file in _shown(ask(f"/v1/runs/{run}")) if file["sha256"] == sha256]
    path = Path(Path(named[0] if named else sha256).name) if to is None else to
    if path.exists():
        fail(f"{path} is there already; name another place with --to", BAD_INPUT)
    size = download(f"/v1/runs/{run}/files/{sha256}", path)
    people.print(f"{path}: {size} bytes", markup=False)


def _shown(run: dict[str, Any]) -> list[dict[str, Any]]:
    attached = [
        {**file, "where": file["step"] or "run", "size": file["size_bytes"], "type": file["media_type"]}
        for file in run["attachments"]
    ]
    steps = [step for stage in run["stages"] for step in stage["steps"]]
    given = [
        {**file, "where": f"{step['key']}.{key}", "attachment": None}
        for step in steps
        for key, value in (step["values"] or {}).items()
        if isinstance(value, list)
        for file in value
        if isinstance(file, dict) and "sha256" in file
    ]
    return attached + given
