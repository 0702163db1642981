"""`milepost process`: check documents, publish versions, look at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import typer

from domain.document import Document, stored_form
from interchange.documents.reading import Problem, read_document
from interchange.documents.schema import schema_text
from milepost.cli.console.client import ask, look, tell
from milepost.cli.console.commands import As, Reason, done
from milepost.cli.console.output import (
    BAD_INPUT,
    AsJson,
    Field,
    complain,
    fail,
    people,
    print_json,
    print_rows,
)
from milepost.cli.console.paging import whole
from milepost.cli.console.values import pairs
from milepost.cli.process.insights import print_insights
from milepost.cli.process.migrations import register

app = typer.Typer(help="Processes: documented, versioned procedures.", no_args_is_help=True)

File = typer.Argument(help="A process document (YAML).", exists=True, dir_okay=False, readable=True)
Process = typer.Argument(help="Key of the process.")
_ROWS = (
    Field("process", "key", whole=True), Field("title", "title"), Field("state", "state"), Field("version", "version"),
    Field("steps", "steps"), Field("open runs", "open_runs"), Field("ended runs", "ended_runs"),
)  # fmt: skip
_STEPS = (
    Field("step", "title"), Field("key", "key", whole=True), Field("kind", "kind"), Field("role", "role"),
)  # fmt: skip
_VERSIONS = (
    Field("version", "version"), Field("published", "published_at"), Field("by", "published_by"), Field("note", "note"),
)  # fmt: skip
_CHANGES = (
    Field("change", "change"), Field("of", "subject"), Field("where", "where"), Field("before", "before"),
    Field("after", "after"),
)  # fmt: skip


@app.command()
def check(file: Path = File, as_json: bool = AsJson) -> None:
    """Check a document and report everything that is wrong with it at once."""
    document, problems = read_document(file)
    if as_json:
        print_json([problem.as_dict() for problem in problems])
        raise typer.Exit(BAD_INPUT if problems else 0)
    if document is None or problems:
        _refuse(file, problems)
    steps, stages = _counted(len(document.steps), "step"), _counted(len(document.stages), "stage")
    people.print(
        f"{file}: {document.title}: {steps} in {stages}, nothing to complain about",
        soft_wrap=True,
        markup=False,
    )


@app.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of process documents, with which an editor completes and checks them."""
    typer.echo(schema_text(), nl=False)


@app.command()
def publish(
    file: Path = File,
    note: str = typer.Option(
        ..., "--note", help="What is new in this version, for the people who work with it."
    ),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Publish a document as the next version of its process; the same document again makes no new version."""
    document = _readable(file)
    address = f"/v1/processes/{document.key}"
    tell(f"{address}/draft", stored_form(document), method="PUT", actor=actor)
    _published(document.key, tell(f"{address}/publish", {"note": note}, actor=actor), as_json)


@app.command()
def draft(file: Path = File, actor: str = As, as_json: bool = AsJson) -> None:
    """Keep a document as the draft of its process, to be looked at and published later."""
    document = _readable(file)
    address = f"/v1/processes/{document.key}/draft"
    answer = tell(address, stored_form(document), method="PUT", actor=actor)
    _say(answer, f"{document.key}: the draft is saved", as_json)


@app.command("publish-draft")
def publish_draft(
    process: str = Process,
    note: str = typer.Option(
        ..., "--note", help="What is new in this version, for the people who work with it."
    ),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Publish the draft that the server has as the next version of its process."""
    _published(process, tell(f"/v1/processes/{process}/publish", {"note": note}, actor=actor), as_json)


@app.command()
def versions(process: str = Process, as_json: bool = AsJson) -> None:
    """List the versions of a process: when, by whom, and what was new."""
    found = ask(f"/v1/processes/{process}")["versions"]
    if as_json:
        print_json(found)
    else:
        print_rows(f"Versions of {process}", _VERSIONS, found)


@app.command("preview-mail")
def preview_mail(
    file: Path = File,
    step: str = typer.Option(..., "--step", help="Key of the step whose mail it is."),
    action: str = typer.Option(
        "email", "--action", help="email, invitation, farewell, reminder:1, digest:1 …"
    ),
    value: list[str] = typer.Option(
        [], "--value", help="A field's value, as inputs.plan=Business; more than once."
    ),
    as_json: bool = AsJson,
) -> None:
    """Show a mail of a document as it would be sent, with samples where no value is given; nothing is sent."""
    document = _readable(file)
    values = pairs(value, "--value")
    body = {"step": step, "action": action, "values": values, "document": stored_form(document)}
    told = look(f"/v1/processes/{document.key}/preview-mail", body)
    if as_json:
        print_json(told)
        return
    for mail in told["mails"] or [{"to": "nobody: no address", "subject": "", "text": ""}]:
        people.print(
            f"To: {mail['to']}\nSubject: {mail['subject']}\n\n{mail['text']}\n", soft_wrap=True, markup=False
        )


@app.command("list")
def list_processes(as_json: bool = AsJson) -> None:
    """List the processes."""
    answer = whole("/v1/processes")
    if as_json:
        print_json(answer)
    else:
        print_rows("Processes", _ROWS, answer["rows"])


@app.command()
def show(
    process: str = Process,
    version: int | None = typer.Option(None, help="Which version; else the newest."),
    as_json: bool = AsJson,
) -> None:
    """Show a version of a process: its stages and steps."""
    found = ask(f"/v1/processes/{process}/versions/{version}") if version else newest(process)
    if as_json:
        print_json(found)
        return
    document = Document.model_validate(found["document"])
    people.print(
        f"{document.title}, version {found['version']}: {found['note']}", soft_wrap=True, markup=False
    )
    for stage in document.stages:
        print_rows(stage.title, _STEPS, [step.model_dump() for step in stage.steps])


@app.command()
def insights(
    process: str = Process,
    version: int | None = typer.Option(None, help="Only the runs of this version."),
    as_json: bool = AsJson,
) -> None:
    """Show what its runs teach: times, approvals, what is sent back, where runs are, what went another way."""
    answer = ask(f"/v1/processes/{process}/insights", version=version)
    if as_json:
        print_json(answer)
    else:
        print_insights(answer)


@app.command()
def diff(
    process: str = Process,
    before: str = typer.Argument(help="The earlier version."),
    after: str = typer.Argument("draft", help="The later version, or the draft."),
    as_json: bool = AsJson,
) -> None:
    """Show what changed between two versions, change by change; --json has it line by line too."""
    answer = ask(f"/v1/processes/{process}/diff", before=before, after=after)
    if as_json:
        print_json(answer)
    else:
        print_rows(f"{process}, version {before} to {after}", _CHANGES, answer["changes"])


@app.command()
def restore(
    process: str = Process,
    version: int = typer.Argument(help="The published version to take up again."),
    note: str | None = typer.Option(
        None, "--note", help="Publish it at once, with this note for the people who work with it."
    ),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Make the document of an earlier version the draft; with a note it is published as the next version."""
    address = f"/v1/processes/{process}"
    answer = tell(f"{address}/restore", {"version": version}, actor=actor)
    if note is None:
        _say(answer, f"{process}: the draft is that of version {version}", as_json)
    else:
        _published(process, tell(f"{address}/publish", {"note": note}, actor=actor), as_json)


@app.command()
def retire(process: str = Process, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Take no new runs; runs under way go on."""
    answer = tell(f"/v1/processes/{process}/retire", {"reason": reason}, actor=actor)
    _say(answer, f"{process}: retired, it takes no new runs", as_json)


register(app)


def newest(process: str) -> dict[str, Any]:
    """The newest published version of a process; the end of the program when there is none."""
    versions: list[dict[str, Any]] = ask(f"/v1/processes/{process}")["versions"]
    if not versions:
        fail(f"the process {process} is a draft: no version is published", BAD_INPUT)
    return versions[0]


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _published(process: str, answer: Any, as_json: bool) -> None:
    """Say which version there is now: its own number, not that of the stream that it is stored in."""
    _say(answer, "" if as_json else f"{process}: version {newest(process)['version']} is published", as_json)


def _say(answer: Any, sentence: str, as_json: bool) -> None:
    if as_json or not answer["events"]:
        done(answer, as_json)
        return
    people.print(sentence, soft_wrap=True, markup=False)
    for warning in answer.get("warnings", ()):
        complain(f"mind: {warning['detail']}")


def _readable(file: Path) -> Document:
    document, problems = read_document(file)
    if document is None or problems:
        _refuse(file, problems)
    return document


def _refuse(file: Path, problems: list[Problem]) -> NoReturn:
    lines = "\n".join(f"{file}:{problem}" for problem in problems)
    fail(f"{lines}\n{len(problems)} problem{'s' if len(problems) != 1 else ''}", BAD_INPUT)
