"""Moves runs to another version: `milepost process plan-migration` and `migrate`, and `milepost run migrate`."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Any

import typer

from milepost.cli.console.client import ask, look, tell
from milepost.cli.console.commands import As, MaybeReason, command
from milepost.cli.console.output import (
    BAD_INPUT,
    REFUSED,
    AsJson,
    Field,
    fail,
    people,
    print_json,
    print_rows,
)
from milepost.cli.console.paging import After, Limit, lead_on

Process = typer.Argument(help="Key of the process.")
Choice = typer.Option(
    [],
    "--choice",
    help="An answer to what plans leave open, for all (step_added=not_applicable) or for one "
    "(step_added:kyc=required). May be given again.",
)
Run = typer.Option([], "--run", help="Id of a run; without it all active runs. May be given again.")
_RUNS = (
    Field("run", "run", whole=True), Field("name", "name"), Field("from", "from_version"), Field("verdict", "verdict"),
    Field("because", "because"),
)  # fmt: skip
_CHOICES = (
    Field("choice", "choice", whole=True), Field("runs", "runs"), Field("answers", "accepted"),
    Field("because", "reason"),
)  # fmt: skip
_PROBLEMS = (
    Field("run", "run", whole=True), Field("state", "state"), Field("code", "code"), Field("because", "detail"),
)  # fmt: skip
_JOBS = (
    Field("migration", "id", whole=True), Field("to", "to_version"), Field("asked", "asked_at"), Field("runs", "total"),
    Field("waiting", "waiting"), Field("migrated", "migrated"), Field("refused", "refused"), Field("failed", "failed"),
)  # fmt: skip
_NEWS = (Field("whose", "who"), Field("steps that can be done now", "steps"))
_PAUSE_SECONDS = 0.3


def plan_migration(
    process: str = Process,
    to: str = typer.Option("draft", "--to", help="A version, or `draft`: what publishing it would mean."),
    run: list[str] = Run,
    choice: list[str] = Choice,
    all_findings: bool = typer.Option(False, "--all", help="Also what is plainly safe."),
    as_json: bool = AsJson,
) -> None:
    """Say what a version would mean for the runs under way; nothing is changed."""
    body: dict[str, Any] = {"to": _version(to), "choices": _choices(choice), "details": all_findings}
    found = look(f"/v1/processes/{process}/migration-plan", {**body, "runs": run or None})
    if as_json:
        print_json(found)
        return
    what = "the draft" if found["draft"] else f"version {found['to_version']}"
    people.print(f"{process}, {what}: {found['summary']}", soft_wrap=True, markup=False)
    shown = [_row(row) for row in found["runs"] if all_findings or row["findings"]]
    if shown:
        print_rows("Runs that need a look", _RUNS, shown)
    if found["choices"]:
        print_rows("Choices", _CHOICES, found["choices"])


def migrate(
    process: str = Process,
    to: int | None = typer.Option(None, "--to", help="The version to follow; else the newest."),
    run: list[str] = Run,
    choice: list[str] = Choice,
    reason: str | None = MaybeReason,
    wait_seconds: float = typer.Option(600.0, "--wait", help="How long to watch it; 0 comes back at once."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Let the runs under way follow another version, and say what became of each that could not."""
    body = {"to_version": to, "runs": run or "all", "choices": _choices(choice), "reason": reason}
    job = tell(f"/v1/processes/{process}/migrations", body, actor=actor)
    _tell(_watched(job, wait_seconds), as_json)


def retry_migration(
    process: str = Process,
    migration: str = typer.Argument(help="Id of the migration."),
    run: list[str] = Run,
    choice: list[str] = Choice,
    wait_seconds: float = typer.Option(600.0, "--wait", help="How long to watch it; 0 comes back at once."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Try the runs of a migration again that were refused or failed, with other answers if any are given."""
    body = {"runs": run or None, "choices": _choices(choice) or None}
    job = tell(f"/v1/processes/{process}/migrations/{migration}/retry", body, actor=actor)
    _tell(_watched(job, wait_seconds), as_json)


def migrations(
    process: str = Process, limit: int = Limit, after: int = After, as_json: bool = AsJson
) -> None:
    """List the migrations of a process, the newest first, and how far each is."""
    found = ask(f"/v1/processes/{process}/migrations", limit=limit, after=after)
    if as_json:
        print_json(found)
        return
    print_rows(f"Migrations of {process}", _JOBS, found["rows"])
    lead_on(found)


def migrate_run(
    run: str = typer.Argument(help="Id of the run."),
    to: int | None = typer.Option(None, "--to", help="The version to follow; else the newest."),
    choice: list[str] = Choice,
    reason: str | None = MaybeReason,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Let one run follow another version of its process."""
    body = {"to_version": to, "choices": _choices(choice), "reason": reason}
    command(f"/v1/runs/{run}/migrate", body, actor, as_json)


def register(process: typer.Typer) -> None:
    """Add the verbs to `milepost process`."""
    process.command("plan-migration")(plan_migration)
    process.command("migrate")(migrate)
    process.command("retry-migration")(retry_migration)
    process.command("migrations")(migrations)


def _version(text: str) -> int | str:
    if text == "draft":
        return text
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        fail(f"--to is a version such as 3, or draft; not {text!r}", BAD_INPUT)
    return int(text)


def _choices(given: list[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, separator, answer = one.partition("=")
        if not separator:
            fail(f"--choice is QUESTION=ANSWER, such as step_added=not_applicable; not {one!r}", BAD_INPUT)
        found[name.strip()] = answer.strip()
    return found


def _row(row: dict[str, Any]) -> dict[str, Any]:
    because = "; ".join(f"{finding['where']}: {finding['reason']}" for finding in row["findings"])
    return {**row, "because": because}


def _watched(job: dict[str, Any], wait_seconds: float) -> dict[str, Any]:
    """The job once it is finished, or when that took too long."""
    end = monotonic() + wait_seconds
    while job["finished_at"] is None and monotonic() < end:
        sleep(_PAUSE_SECONDS)
        job = ask(f"/v1/processes/{job['process']}/migrations/{job['id']}")
    return job


def _tell(job: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(job)
    else:
        parts = [
            f"{job[state]} {state}" for state in ("migrated", "refused", "failed", "waiting") if job[state]
        ]
        told = ", ".join(parts) or "no active run follows another version"
        people.print(
            f"migration {job['id']} to version {job['to_version']}: {told}", soft_wrap=True, markup=False
        )
        if job["problems"]:
            print_rows("Not migrated", _PROBLEMS, job["problems"])
        if job["announced"]:
            news = [{"who": who, "steps": steps} for who, steps in job["announced"].items()]
            print_rows("What it brought", _NEWS, news)
    if job["refused"] or job["failed"]:
        raise typer.Exit(REFUSED)
