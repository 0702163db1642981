"""`milepost task`: free cards on the board of a project."""

from __future__ import annotations

from typing import Any

import typer

from milepost.cli.board import ranks
from milepost.cli.console.client import ask, tell
from milepost.cli.console.commands import As, MaybeReason, Reason, command, done, unless_none
from milepost.cli.console.output import BAD_INPUT, AsJson, Field, fail, print_facts, print_json, print_rows

app = typer.Typer(help="Tasks: free cards on the board of a project.", no_args_is_help=True)

Task = typer.Argument(help="Id of the task.", metavar="TASK")
Kind = typer.Option("task", "--kind", help="Whether that is a task or a run.")
_FACTS = ("stage", "state", "who", "due_at", "priority", "labels", "blocked", "help", "description")
_LINES = (
    Field("line", "text"), Field("done", "done"), Field("by", "by"), Field("entry", "entry", whole=True),
)  # fmt: skip
_COMMENTS = (Field("when", "at"), Field("who", "by"), Field("comment", "text"))
Other = typer.Argument(help="Id of the task or run that it waits for.", metavar="ON")


@app.command()
def add(  # noqa: PLR0913, PLR0917 - one for each option of the command line
    project: str = typer.Argument(help="Id of the project."),
    title: str = typer.Argument(help="What is to be done."),
    stage: str = typer.Option(None, help="Column of the board; else the first."),
    description: str = typer.Option(None, help="More about it."),
    assignee: str = typer.Option(None, help="Whose work it is, for example person:dana."),
    priority: str = typer.Option(None, help="urgent, high, medium, low or none."),
    due: str = typer.Option(None, help="Day by which it is to be done, for example 2026-12-24."),
    labels: list[str] = typer.Option([], "--label", help="A label; may be given several times."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Add a task, last in its column."""
    column = ranks.column(project, stage)
    body: dict[str, Any] = {
        "project": project, "title": title, "stage": column["key"], "description": description, "assignee": assignee,
        "priority": priority, "due_on": due, "labels": labels or None, **ranks.place(column),
    }  # fmt: skip
    done(tell("/v1/tasks", body, actor=actor), as_json)


@app.command()
def show(task: str = Task, as_json: bool = AsJson) -> None:
    """Show a task: its card, its checklist, its comments, what it waits for."""
    found = ask(f"/v1/tasks/{task}")
    if as_json:
        print_json(found)
        return
    card = found["card"]
    facts = {name: card[name] for name in _FACTS}
    print_facts(card["name"], {**facts, "waits for": [each["name"] for each in found["waits_for"]]})
    print_rows("Checklist", _LINES, found["checklist"])
    print_rows("Comments", _COMMENTS, found["comments"])


@app.command("entry")
def add_entry(
    task: str = Task,
    text: str = typer.Argument(help="The line."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Add a line to a task's checklist."""
    _tell(task, "checklist", {"text": text}, actor, as_json)


@app.command()
def tick(
    task: str = Task,
    entry: str = typer.Argument(help="Id of the line, as `milepost task show` says."),
    undo: bool = typer.Option(False, "--undo", help="Take the tick back."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Tick a line of a task's checklist."""
    _tell(task, "tick", {"entry": entry, "done": not undo}, actor, as_json)


@app.command()
def edit(
    task: str = Task,
    title: str = typer.Option(None, help="What is to be done."),
    description: str = typer.Option(None, help="More about it."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Change a task's texts; what is not given stays."""
    _tell(task, "edit", {"title": title, "description": description}, actor, as_json)


@app.command()
def move(
    task: str = Task,
    stage: str = typer.Argument(help="Column of the board."),
    above: str = typer.Option(None, help="Id of the card that shall stand right below it."),
    below: str = typer.Option(None, help="Id of the card that shall stand right above it."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Move a task to another column, or to another place in it; last without --above or --below."""
    if above and below:
        fail("--above and --below: one of them says it", BAD_INPUT)
    column = ranks.column(ranks.project_of(task), stage)
    body = {"stage": stage, **ranks.place(column, task, above, below)}
    _tell(task, "move", body, actor, as_json)


@app.command()
def assign(
    task: str = Task,
    assignee: str = typer.Argument(help="person:dana, group:legal … or none."),
    reason: str = MaybeReason,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Give a task to somebody."""
    _tell(task, "assign", {"assignee": unless_none(assignee), "reason": reason}, actor, as_json)


@app.command()
def priority(
    task: str = Task, priority: str = typer.Argument(help="urgent, high, medium, low or none."), actor: str = As,
    as_json: bool = AsJson,
) -> None:  # fmt: skip
    """Set a task's priority."""
    _tell(task, "priority", {"priority": priority}, actor, as_json)


@app.command()
def due(
    task: str = Task,
    day: str = typer.Argument(help="A day such as 2026-12-24, or none."),
    reason: str = MaybeReason,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Set the day by which a task is to be done."""
    _tell(task, "due", {"due_on": unless_none(day), "reason": reason}, actor, as_json)


@app.command()
def label(
    task: str = Task,
    labels: list[str] = typer.Argument(None, help="All labels from now on; none at all removes them."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Set a task's labels."""
    _tell(task, "labels", {"labels": labels or []}, actor, as_json)


@app.command()
def depend(
    task: str = Task, on: str = Other, kind: str = Kind, actor: str = As, as_json: bool = AsJson
) -> None:
    """Let a task wait for another task or a run."""
    _tell(task, "depend", {"on": on, "kind": kind}, actor, as_json)


@app.command()
def undepend(
    task: str = Task, on: str = Other, kind: str = Kind, actor: str = As, as_json: bool = AsJson
) -> None:
    """Let a task wait no longer."""
    _tell(task, "undepend", {"on": on, "kind": kind}, actor, as_json)


@app.command()
def block(task: str = Task, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Say that nobody can go on with a task."""
    _tell(task, "block", {"reason": reason}, actor, as_json)


@app.command()
def unblock(task: str = Task, actor: str = As, as_json: bool = AsJson) -> None:
    """Say that a task can go on."""
    _tell(task, "unblock", {}, actor, as_json)


@app.command("ask-help")
def ask_help(
    task: str = Task,
    reason: str = Reason,
    waiting_on: str = typer.Option(None, help="Of whom it is needed."),
    until: str = typer.Option(
        None, help="Until when at the latest, an instant such as 2026-11-25T12:00:00Z."
    ),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Ask for help on a task."""
    body = {"reason": reason, "waiting_on": waiting_on, "until": until}
    _tell(task, "request-help", body, actor, as_json)


@app.command("clear-help")
def clear_help(
    task: str = Task,
    note: str = typer.Option(None, help="What became of it."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Say that help is no longer needed."""
    _tell(task, "clear-help", {"note": note}, actor, as_json)


@app.command()
def comment(
    task: str = Task,
    text: str = typer.Argument(help="What you have to say."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Comment on a task."""
    _tell(task, "comment", {"text": text}, actor, as_json)


@app.command()
def complete(task: str = Task, actor: str = As, as_json: bool = AsJson) -> None:
    """Say that a task is done."""
    _tell(task, "complete", {}, actor, as_json)


@app.command()
def reopen(task: str = Task, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Take a task up again."""
    _tell(task, "reopen", {"reason": reason}, actor, as_json)


@app.command()
def cancel(task: str = Task, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Say that a task will not be done."""
    _tell(task, "cancel", {"reason": reason}, actor, as_json)


def _tell(task: str, verb: str, body: dict[str, Any], actor: str | None, as_json: bool) -> None:
    command(f"/v1/tasks/{task}/{verb}", body, actor, as_json)
