"""`milepost run`: start runs, look at them, steer them; the verbs on their steps are in milepost.cli.run.steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from milepost.cli.console.client import ask, tell
from milepost.cli.console.commands import As, MaybeReason, Reason, command, done, unless_none
from milepost.cli.console.output import AsJson, Field, print_facts, print_json, print_rows, shown
from milepost.cli.console.paging import ToCsv, lead_on, write_csv
from milepost.cli.console.values import pairs
from milepost.cli.process.migrations import migrate_run
from milepost.cli.run import files, steps

app = typer.Typer(help="Runs: executions of a process.", no_args_is_help=True)

Run = typer.Argument(help="Id of the run.", metavar="RUN")
_FACTS = (
    "process",
    "version",
    "state",
    "outcome",
    "started_at",
    "ended_at",
    "target_at",
    "priority",
    "roles",
)
_STEPS = (
    Field("step", "title"), Field("key", "key", whole=True), Field("state", "state", whole=True),
    Field("who", "assignee"), Field("due", "due_at"), Field("ended", "ended_at"),
    Field("by", "by"), Field("waits for", "waits_for"),
)  # fmt: skip
_DOING = (
    Field("step", "step", whole=True), Field("what", "action", whole=True), Field("state", "state", whole=True),
    Field("tries", "attempt"), Field("last", "changed_at"), Field("why", "reason"), Field("next try", "next_at"),
)  # fmt: skip
_ROWS = (
    Field("run", "id", whole=True), Field("name", "name"), Field("process", "process"), Field("state", "state"),
    Field("stage", "stage"), Field("started", "started_at"), Field("outcome", "outcome"),
)  # fmt: skip
_HISTORY = (
    Field("position", "position"), Field("when", "occurred_at"), Field("event", "type"), Field("step", "step"),
    Field("round", "round"), Field("who", "by"), Field("what", "data"),
)  # fmt: skip


@app.command()
def start(  # noqa: PLR0913, PLR0917 - one for each option of the command line
    process: str = typer.Argument(help="Key of the process."),
    values: list[str] = typer.Option([], "--input", "-i", help="An input of the kick-off form, key=value."),
    roles: list[str] = typer.Option([], "--role", "-r", help="Who plays a role, role=person:dana."),
    project: str = typer.Option(None, help="Id of the project that shows the run."),
    name: str = typer.Option(None, help="Name of the run; else the process's name pattern makes it."),
    version: int = typer.Option(None, help="Version of the process; else the newest."),
    priority: str = typer.Option(None, help="urgent, high, medium, low or none."),
    target: str = typer.Option(
        None, help="When it is to be finished, an instant such as 2026-12-18T16:00:00Z."
    ),
    subject: str = typer.Option(None, help="Whom or what the run is about."),
    test: bool = typer.Option(False, "--test", help="A test run: it counts in no statistic."),
    draft: bool = typer.Option(False, "--draft", help="Try out the draft, as a test run."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Start a run."""
    body: dict[str, Any] = {
        "process": process, "process_version": version, "name": name, "project": project, "test": test or None,
        "draft": draft or None, "priority": priority, "target_at": target, "subject": subject,
        "inputs": pairs(values, "--input"), "roles": pairs(roles, "--role"),
    }  # fmt: skip
    done(tell("/v1/runs", body, actor=actor), as_json)


@app.command("list")
def list_runs(
    process: str = typer.Option(None, help="Only runs of this process."),
    project: str = typer.Option(None, help="Only runs of this project."),
    state: str = typer.Option(None, help="running, paused, completed, ended_early or cancelled."),
    limit: int = typer.Option(50, help="How many at the most, up to 500."),
    after: str = typer.Option(
        None, help="The run after which to go on: what the list before says to go on with."
    ),
    to_csv: Path | None = ToCsv,
    as_json: bool = AsJson,
) -> None:
    """List runs, the newest first."""
    query = {"process": process, "project": project, "state": state, "limit": limit, "after": after}
    if to_csv is not None:
        write_csv("/v1/runs", to_csv, query)
        return
    answer = ask("/v1/runs", **query)
    if as_json:
        print_json(answer)
        return
    print_rows("Runs", _ROWS, answer["rows"])
    lead_on(answer)


@app.command()
def show(run: str = Run, as_json: bool = AsJson) -> None:
    """Show every step of a run: its state, who, when, and what it waits for."""
    answer = ask(f"/v1/runs/{run}")
    if as_json:
        print_json(answer)
        return
    print_facts(answer["name"], {name: answer[name] for name in _FACTS})
    for stage in answer["stages"]:
        outcome = f": {stage['outcome']}" if stage["outcome"] else ""
        print_rows(f"{stage['title']} ({stage['state']}{outcome})", _STEPS, map(_step, stage["steps"]))
    doing = [
        {**action, "step": step["key"]}
        for stage in answer["stages"]
        for step in stage["steps"]
        for action in step["actions"]
        if action["state"] != "succeeded"
    ]
    if doing:
        print_rows("What the machine has to do", _DOING, doing)


@app.command()
def history(
    run: str = Run,
    after: int = typer.Option(0, help="Only what came after this version of the run."),
    to_csv: Path | None = ToCsv,
    as_json: bool = AsJson,
) -> None:
    """Show every event of a run."""
    if to_csv is not None:
        write_csv(f"/v1/runs/{run}/history", to_csv, {})
        return
    entries: list[Any] = []
    following: int | None = after
    while following is not None:
        answer = ask(f"/v1/runs/{run}/history", after=following, limit=500)
        entries += answer["entries"]
        following = answer["next_after"]
    if as_json:
        print_json(entries)
    else:
        print_rows("History", _HISTORY, entries)


steps.register(app)
files.register(app)


@app.command()
def pause(run: str = Run, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Pause a run: work and due clocks stop."""
    command(f"/v1/runs/{run}/pause", {"reason": reason}, actor, as_json)


@app.command()
def resume(run: str = Run, actor: str = As, as_json: bool = AsJson) -> None:
    """Let a paused run go on."""
    command(f"/v1/runs/{run}/resume", {}, actor, as_json)


@app.command()
def cancel(run: str = Run, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Call a run off."""
    command(f"/v1/runs/{run}/cancel", {"reason": reason}, actor, as_json)


@app.command()
def priority(
    run: str = Run, priority: str = typer.Argument(help="urgent, high, medium, low or none."), actor: str = As,
    as_json: bool = AsJson,
) -> None:  # fmt: skip
    """Set a run's priority."""
    command(f"/v1/runs/{run}/priority", {"priority": priority}, actor, as_json)


@app.command()
def target(
    run: str = Run,
    at: str = typer.Argument(help="An instant such as 2026-12-18T16:00:00Z, or none."),
    reason: str = MaybeReason,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Set when a run is to be finished."""
    command(f"/v1/runs/{run}/target", {"target_at": unless_none(at), "reason": reason}, actor, as_json)


@app.command()
def inputs(
    run: str = Run,
    values: list[str] = typer.Option(..., "--input", "-i", help="An input with its new value, key=value."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Change inputs of a run."""
    command(f"/v1/runs/{run}/inputs", {"inputs": pairs(values, "--input")}, actor, as_json)


@app.command()
def link(
    run: str = Run, project: str = typer.Argument(help="Id of the project, or none."), actor: str = As,
    as_json: bool = AsJson,
) -> None:  # fmt: skip
    """Show a run on a project's board."""
    command(f"/v1/runs/{run}/link", {"project": unless_none(project)}, actor, as_json)


@app.command()
def role(
    run: str = Run,
    role: str = typer.Argument(help="Key of the role."),
    assignee: str = typer.Argument(help="person:dana, group:legal … or none."),
    reason: str = MaybeReason,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Say who fills a role for the rest of a run."""
    body = {"role": role, "assignee": unless_none(assignee), "reason": reason}
    command(f"/v1/runs/{run}/assign-role", body, actor, as_json)


@app.command()
def comment(
    run: str = Run,
    text: str = typer.Argument(help="What you have to say."),
    step: str = typer.Option(None, help="Key of the step that it is about."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Write about a run or one of its steps."""
    command(f"/v1/runs/{run}/comment", {"text": text, "step": step}, actor, as_json)


def _step(step: dict[str, Any]) -> dict[str, Any]:
    return {**step, "due_at": _due(step), "waits_for": [_waiting(other) for other in step["waits_for"]]}


def _due(step: dict[str, Any]) -> str | None:
    """When the step is due, by its rule when it is not announced yet, or what has to be known before."""
    if step["due_at"]:
        return f"{shown(step['due_at'])}{' (overdue)' if step['overdue'] else ''}"
    if step["due_waits_for"] and step["due_waits_for"]["anchor"] == f"step_ready:{step['key']}":
        return "none yet (counted once the step is ready)"
    if step["due_waits_for"]:
        return f"none yet (waits for {step['due_waits_for']['title']})"
    return f"then {shown(step['due_expected_at'])}" if step["due_expected_at"] else None


def _waiting(other: dict[str, Any]) -> str:
    """Another step that this one waits for: whose it is, and when it is due."""
    told = [other["who"] or "nobody", *([f"due {shown(other['due_at'])}"] if other["due_at"] else [])]
    return f"{other['title']} ({', '.join(told)})"


app.command("migrate")(migrate_run)
