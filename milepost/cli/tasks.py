"""`milepost task`: free cards on the board of a project."""

from __future__ import annotations

from typing import Any

import typer

from milepost.cli.client import tell
from milepost.cli.output import AsJson
from milepost.cli.runs import As, Reason, done

app = typer.Typer(help="Tasks: free cards on the board of a project.", no_args_is_help=True)

Task = typer.Argument(help="Id of the task.", metavar="TASK")


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
    """Add a task."""
    body: dict[str, Any] = {
        "project": project, "title": title, "stage": stage, "description": description, "assignee": assignee,
        "priority": priority, "due_on": due, "labels": labels or None,
    }  # fmt: skip
    done(tell("/v1/tasks", body, actor=actor), as_json)


@app.command()
def move(
    task: str = Task,
    stage: str = typer.Argument(help="Column of the board."),
    before: str = typer.Option(None, help="Id of the card that shall stand below it."),
    after: str = typer.Option(None, help="Id of the card that shall stand above it."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Move a task to another column, or to another place in it."""
    _tell(task, "move", {"stage": stage, "before": before, "after": after}, actor, as_json)


@app.command()
def assign(
    task: str = Task, assignee: str = typer.Argument(help="person:dana, group:legal …"), actor: str = As,
    as_json: bool = AsJson,
) -> None:  # fmt: skip
    """Give a task to somebody."""
    _tell(task, "assign", {"assignee": assignee}, actor, as_json)


@app.command()
def priority(
    task: str = Task, priority: str = typer.Argument(help="urgent, high, medium, low or none."), actor: str = As,
    as_json: bool = AsJson,
) -> None:  # fmt: skip
    """Set a task's priority."""
    _tell(task, "priority", {"priority": priority}, actor, as_json)


@app.command()
def due(
    task: str = Task, day: str = typer.Argument(help="A day such as 2026-12-24, or none."), actor: str = As,
    as_json: bool = AsJson,
) -> None:  # fmt: skip
    """Set the day by which a task is to be done."""
    answer = tell(f"/v1/tasks/{task}/due", {"due_on": day} if day != "none" else {}, actor=actor)
    done(answer, as_json)


@app.command()
def block(task: str = Task, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Say that nobody can go on with a task."""
    _tell(task, "block", {"reason": reason}, actor, as_json)


@app.command()
def unblock(task: str = Task, actor: str = As, as_json: bool = AsJson) -> None:
    """Say that a task can go on."""
    _tell(task, "unblock", {}, actor, as_json)


@app.command("ask-help")
def ask_help(task: str = Task, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Ask for help on a task."""
    _tell(task, "request-help", {"reason": reason}, actor, as_json)


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
    done(tell(f"/v1/tasks/{task}/{verb}", body, actor=actor), as_json)
