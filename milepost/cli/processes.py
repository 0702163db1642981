"""`milepost process`: check documents, publish versions, look at them."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import typer

from domain.document import Document
from milepost.cli.client import ask, tell
from milepost.cli.output import BAD_INPUT, AsJson, Field, fail, people, print_json, print_rows
from milepost.cli.runs import done
from milepost.documents import Problem, read_document

app = typer.Typer(help="Processes: documented, versioned procedures.", no_args_is_help=True)

File = typer.Argument(help="A process document (YAML).", exists=True, dir_okay=False, readable=True)
Process = typer.Argument(help="Key of the process.")


@app.command()
def check(file: Path = File, as_json: bool = AsJson) -> None:
    """Check a document and report everything that is wrong with it at once."""
    document, problems = read_document(file)
    if as_json:
        print_json([problem.as_dict() for problem in problems])
        raise typer.Exit(BAD_INPUT if problems else 0)
    if document is None or problems:
        _refuse(file, problems)
    steps = len(document.steps)
    people.print(
        f"{file}: {document.title}: {steps} steps in {len(document.stages)} stages, nothing to complain about"
    )


@app.command()
def publish(
    file: Path = File,
    note: str = typer.Option(
        ..., "--note", help="What is new in this version, for the people who work with it."
    ),
    as_json: bool = AsJson,
) -> None:
    """Publish a document as the next version of its process."""
    document = _readable(file)
    body = {"document": document.model_dump(mode="json", by_alias=True, exclude_defaults=True)}
    tell(f"/v1/processes/{document.key}/draft", body, method="PUT")
    done(tell(f"/v1/processes/{document.key}/publish", {"note": note}), as_json)


@app.command("list")
def list_processes(as_json: bool = AsJson) -> None:
    """List the processes."""
    answer = ask("/v1/processes")
    if as_json:
        print_json(answer)
        return
    fields = (Field("process", "key"), Field("title", "title"), Field("version", "version"), Field("runs", "runs"),
              Field("open", "open"), Field("retired", "retired"))  # fmt: skip
    print_rows("Processes", fields, answer["rows"])


@app.command()
def show(process: str = Process, version: int = typer.Option(None), as_json: bool = AsJson) -> None:
    """Show a version of a process: its stages and steps."""
    path = f"/v1/processes/{process}" + (f"/versions/{version}" if version else "")
    answer = ask(path)
    if as_json:
        print_json(answer)
        return
    document = Document.model_validate(answer["document"])
    people.print(f"[bold]{document.title}[/bold], version {answer['version']}")
    fields = (Field("step", "title"), Field("key", "key"), Field("kind", "kind"), Field("role", "role"))
    for stage in document.stages:
        print_rows(stage.title, fields, [step.model_dump() for step in stage.steps])


@app.command()
def diff(
    process: str = Process,
    before: int = typer.Argument(help="The earlier version."),
    after: int = typer.Argument(help="The later version."),
    as_json: bool = AsJson,
) -> None:
    """Show what changed between two versions."""
    answer = ask(f"/v1/processes/{process}/diff", before=before, after=after)
    if as_json:
        print_json(answer)
        return
    fields = (
        Field("change", "change"),
        Field("where", "where"),
        Field("before", "before"),
        Field("after", "after"),
    )
    print_rows(f"{process}: version {before} to {after}", fields, answer["changes"])


@app.command()
def retire(
    process: str = Process, reason: str = typer.Option(..., "--reason", help="Why."), as_json: bool = AsJson
) -> None:
    """Take no new runs; runs under way go on."""
    done(tell(f"/v1/processes/{process}/retire", {"reason": reason}), as_json)


def _readable(file: Path) -> Document:
    document, problems = read_document(file)
    if document is None or problems:
        _refuse(file, problems)
    return document


def _refuse(file: Path, problems: list[Problem]) -> NoReturn:
    lines = "\n".join(f"{file}:{problem}" for problem in problems)
    fail(f"{lines}\n{len(problems)} problem{'s' if len(problems) != 1 else ''}", BAD_INPUT)
