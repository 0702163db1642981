"""`milepost run`: start runs, look at them, act on their steps."""

from __future__ import annotations

from typing import Any

import typer

from milepost.cli.client import ask, tell
from milepost.cli.output import AsJson, Field, people, print_facts, print_json, print_rows
from milepost.cli.values import pairs

app = typer.Typer(help="Runs: executions of a process.", no_args_is_help=True)

Run = typer.Argument(help="Id of the run.", metavar="RUN")
Step = typer.Argument(help="Key of the step.", metavar="STEP")
As = typer.Option(
    None, "--as", help="Act in somebody's name, for example person:dana (needs the scope act_as)."
)
Reason = typer.Option(..., "--reason", help="Why; kept in the history.")
_STEPS = (
    Field("step", "title"), Field("key", "key"), Field("state", "state"), Field("who", "assignee"),
    Field("due", "due_at"), Field("ended", "ended_at"), Field("by", "by"), Field("waits for", "waits_for"),
)  # fmt: skip


@app.command()
def start(  # noqa: PLR0913, PLR0917 - one for each option of the command line
    process: str = typer.Argument(help="Key of the process."),
    values: list[str] = typer.Option([], "--input", "-i", help="An input of the kick-off form, key=value."),
    roles: list[str] = typer.Option([], "--role", "-r", help="Who plays a role, role=person:dana."),
    project: str = typer.Option(None, help="Id of the project that shows the run."),
    name: str = typer.Option(None, help="Name of the run; else the process's name pattern makes it."),
    version: int = typer.Option(None, help="Version of the process; else the newest."),
    test: bool = typer.Option(False, "--test", help="A test run: it counts in no statistic."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Start a run."""
    body: dict[str, Any] = {
        "process": process, "version": version, "name": name, "project": project, "test": test or None,
        "inputs": pairs(values, "--input"), "roles": pairs(roles, "--role"),
    }  # fmt: skip
    done(tell("/v1/runs", body, actor=actor), as_json)


@app.command("list")
def list_runs(
    process: str = typer.Option(None, help="Only runs of this process."),
    project: str = typer.Option(None, help="Only runs of this project."),
    state: str = typer.Option(None, help="running, paused, completed, ended_early or cancelled."),
    limit: int = typer.Option(50, help="How many at the most."),
    as_json: bool = AsJson,
) -> None:
    """List runs, the newest first."""
    answer = ask("/v1/runs", process=process, project=project, state=state, limit=limit)
    if as_json:
        print_json(answer)
        return
    fields = (Field("run", "id"), Field("name", "name"), Field("process", "process"), Field("state", "state"),
              Field("stage", "stage"), Field("started", "started_at"), Field("outcome", "outcome"))  # fmt: skip
    print_rows("Runs", fields, answer["rows"])


@app.command()
def show(run: str = Run, as_json: bool = AsJson) -> None:
    """Show every step of a run: its state, who, when, and what it waits for."""
    answer = ask(f"/v1/runs/{run}")
    if as_json:
        print_json(answer)
        return
    facts = (
        "name",
        "process",
        "version",
        "state",
        "outcome",
        "started_at",
        "ended_at",
        "target_at",
        "priority",
    )
    print_facts(answer["name"], {name: answer[name] for name in facts})
    for stage in answer["stages"]:
        rows = [
            {**step, "waits_for": [waiting["title"] for waiting in step["waits_for"]]}
            for step in stage["steps"]
        ]
        outcome = f": {stage['outcome']}" if stage["outcome"] else ""
        print_rows(f"{stage['title']} ({stage['state']}{outcome})", _STEPS, rows)


@app.command()
def history(
    run: str = Run,
    after: int = typer.Option(0, help="Only what came after this position."),
    as_json: bool = AsJson,
) -> None:
    """Show every event of a run."""
    entries: list[Any] = []
    following: int | None = after
    while following is not None:
        answer = ask(f"/v1/runs/{run}/history", after=following, limit=500)
        entries += answer["entries"]
        following = answer["next_after"]
    if as_json:
        print_json(entries)
        return
    fields = (Field("position", "position"), Field("when", "occurred_at"), Field("event", "type"),
              Field("step", "step"), Field("round", "round"), Field("who", "by"), Field("what", "data"))  # fmt: skip
    print_rows("History", fields, entries)


@app.command()
def begin(run: str = Run, step: str = Step, actor: str = As, as_json: bool = AsJson) -> None:
    """Start working on a step."""
    _step(run, step, "start", {}, actor, as_json)


@app.command()
def complete(
    run: str = Run,
    step: str = Step,
    values: list[str] = typer.Option([], "--value", "-v", help="A field of the step's form, key=value."),
    outcome: str = typer.Option(None, help="The named result, where the step has several."),
    reason: str = typer.Option(None, help="Why, when an automatic step is done by hand."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Complete a step with the values of its form."""
    body = {"values": pairs(values, "--value"), "outcome": outcome, "reason": reason}
    _step(run, step, "complete", body, actor, as_json)


@app.command()
def approve(
    run: str = Run,
    step: str = Step,
    comment: str = typer.Option(None),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Approve at an approval step."""
    _step(run, step, "approve", {"comment": comment}, actor, as_json)


@app.command()
def refuse(
    run: str = Run, step: str = Step, reason: str = Reason, actor: str = As, as_json: bool = AsJson
) -> None:
    """Refuse at an approval step."""
    _step(run, step, "refuse", {"reason": reason}, actor, as_json)


@app.command()
def skip(
    run: str = Run, step: str = Step, reason: str = Reason, actor: str = As, as_json: bool = AsJson
) -> None:
    """Skip a step."""
    _step(run, step, "skip", {"reason": reason}, actor, as_json)


@app.command()
def reopen(
    run: str = Run, step: str = Step, reason: str = Reason, actor: str = As, as_json: bool = AsJson
) -> None:
    """Reopen a step that has ended."""
    _step(run, step, "reopen", {"reason": reason}, actor, as_json)


@app.command()
def assign(
    run: str = Run,
    step: str = Step,
    assignee: str = typer.Argument(help="person:dana, group:legal …"),
    reason: str = typer.Option(None),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Give a step to somebody."""
    _step(run, step, "assign", {"assignee": assignee, "reason": reason}, actor, as_json)


@app.command("ask-help")
def ask_help(
    run: str = Run, step: str = Step, reason: str = Reason, actor: str = As, as_json: bool = AsJson
) -> None:
    """Ask for help on a step."""
    _step(run, step, "request-help", {"reason": reason}, actor, as_json)


@app.command()
def pause(run: str = Run, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Pause a run."""
    done(tell(f"/v1/runs/{run}/pause", {"reason": reason}, actor=actor), as_json)


@app.command()
def resume(run: str = Run, actor: str = As, as_json: bool = AsJson) -> None:
    """Let a paused run go on."""
    done(tell(f"/v1/runs/{run}/resume", {}, actor=actor), as_json)


@app.command()
def cancel(run: str = Run, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Call a run off."""
    done(tell(f"/v1/runs/{run}/cancel", {"reason": reason}, actor=actor), as_json)


def _step(run: str, step: str, verb: str, body: dict[str, Any], actor: str | None, as_json: bool) -> None:
    done(tell(f"/v1/runs/{run}/steps/{step}/{verb}", body, actor=actor), as_json)


def done(answer: Any, as_json: bool) -> None:
    """Say what a command did."""
    if as_json:
        print_json(answer)
        return
    what = ", ".join(answer["events"]) or "nothing new: it was so already"
    people.print(
        f"{answer['id']} is at version {answer['version']}, position {answer['position']}: {what}",
        soft_wrap=True,
    )
