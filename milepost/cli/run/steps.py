"""The verbs of `milepost run` that act on one step."""

from __future__ import annotations

from typing import Any

import typer

from milepost.cli.console.client import tell
from milepost.cli.console.commands import As, MaybeReason, Reason, command, unless_none
from milepost.cli.console.output import AsJson, people, print_json
from milepost.cli.console.values import pairs
from milepost.cli.run.contents import Seen, content

Run = typer.Argument(help="Id of the run.", metavar="RUN")
Step = typer.Argument(help="Key of the step.", metavar="STEP")
_HOW = {
    "mail": "by mail to {}",
    "inbox": "in their inbox only",
    "outbox": "by a mail to {} that is kept in the outbox, for it is a test run or no mail server is set",
}
Fields = typer.Option([], "--value", "-v", help="A field of the step's form, key=value.")


def register(app: typer.Typer) -> None:
    """Add these verbs to `milepost run`."""
    for name, verb in (("begin", begin), ("save", save), ("complete", complete), ("by-hand", by_hand),
                       ("approve", approve), ("refuse", refuse), ("decline", decline), ("skip", skip),
                       ("reopen", reopen), ("assign", assign), ("claim", claim),
                       ("release", release), ("due", due), ("ask-help", ask_help),
                       ("clear-help", clear_help), ("add-evidence", add_evidence),
                       ("remind", remind), ("content", content)):  # fmt: skip
        app.command(name)(verb)


def begin(run: str = Run, step: str = Step, actor: str = As, as_json: bool = AsJson) -> None:
    """Start working on a step."""
    _step(run, step, "start", {}, actor, as_json)


def save(
    run: str = Run, step: str = Step, values: list[str] = Fields, actor: str = As, as_json: bool = AsJson
) -> None:
    """Keep values before a step is complete; fields that are not named keep theirs."""
    _step(run, step, "save", {"values": pairs(values, "--value")}, actor, as_json)


def complete(
    run: str = Run,
    step: str = Step,
    values: list[str] = Fields,
    outcome: str = typer.Option(None, help="The named result, where the step has several."),
    seen: str = Seen,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Complete a step with the values of its form."""
    body = {"values": pairs(values, "--value"), "outcome": outcome, "content_sha256": seen}
    _step(run, step, "complete", body, actor, as_json)


def by_hand(
    run: str = Run,
    step: str = Step,
    reason: str = Reason,
    values: list[str] = Fields,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Complete an automatic step in place of the machine."""
    body = {"reason": reason, "values": pairs(values, "--value")}
    _step(run, step, "complete-by-hand", body, actor, as_json)


def approve(
    run: str = Run,
    step: str = Step,
    comment: str = typer.Option(None, help="What you have to say with it."),
    values: list[str] = Fields,
    seen: str = Seen,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Approve at an approval step, with values for its own fields."""
    body = {"comment": comment, "values": pairs(values, "--value"), "content_sha256": seen}
    _step(run, step, "approve", body, actor, as_json)


def refuse(
    run: str = Run,
    step: str = Step,
    reason: str = Reason,
    values: list[str] = Fields,
    seen: str = Seen,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Refuse at an approval step, with values for its own fields and those that a refusal has to bring."""
    body = {"reason": reason, "values": pairs(values, "--value"), "content_sha256": seen}
    _step(run, step, "refuse", body, actor, as_json)


def decline(
    run: str = Run,
    step: str = Step,
    reason: str = Reason,
    seen: str = Seen,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Decline to sign."""
    _step(run, step, "decline", {"reason": reason, "content_sha256": seen}, actor, as_json)


def skip(
    run: str = Run, step: str = Step, reason: str = Reason, actor: str = As, as_json: bool = AsJson
) -> None:
    """Skip a step."""
    _step(run, step, "skip", {"reason": reason}, actor, as_json)


def reopen(
    run: str = Run,
    step: str = Step,
    reason: str = Reason,
    dependents: bool = typer.Option(
        False, "--dependents", help="Reopen the done steps that build on it too; else they are only marked."
    ),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Reopen a step that has ended."""
    body = {"reason": reason, "dependents": "reopen" if dependents else "keep"}
    _step(run, step, "reopen", body, actor, as_json)


def assign(
    run: str = Run,
    step: str = Step,
    assignee: str = typer.Argument(help="person:dana, group:legal … or none."),
    reason: str = MaybeReason,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Give a step to somebody."""
    _step(run, step, "assign", {"assignee": unless_none(assignee), "reason": reason}, actor, as_json)


def claim(run: str = Run, step: str = Step, actor: str = As, as_json: bool = AsJson) -> None:
    """Take a step of a group for yourself."""
    _step(run, step, "claim", {}, actor, as_json)


def release(
    run: str = Run, step: str = Step, reason: str = MaybeReason, actor: str = As, as_json: bool = AsJson
) -> None:
    """Give a claimed step back to its group."""
    _step(run, step, "release", {"reason": reason}, actor, as_json)


def due(
    run: str = Run,
    step: str = Step,
    at: str = typer.Argument(help="An instant such as 2026-11-27T17:00:00Z, or none: by its rule again."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Set when a step is due."""
    _step(run, step, "due", {"due_at": unless_none(at)}, actor, as_json)


def ask_help(
    run: str = Run,
    step: str = Step,
    reason: str = Reason,
    waiting_on: str = typer.Option(None, help="Of whom it is needed."),
    until: str = typer.Option(
        None, help="Until when at the latest, an instant such as 2026-11-25T12:00:00Z."
    ),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Ask for help on a step."""
    body = {"reason": reason, "waiting_on": waiting_on, "until": until}
    _step(run, step, "request-help", body, actor, as_json)


def add_evidence(
    run: str = Run, step: str = Step, values: list[str] = Fields, actor: str = As, as_json: bool = AsJson
) -> None:
    """Give a done step values that it lacks; it stays done, and what was given stays as it was."""
    _step(run, step, "add-evidence", {"values": pairs(values, "--value")}, actor, as_json)


def remind(run: str = Run, step: str = Step, actor: str = As, as_json: bool = AsJson) -> None:
    """Remind whose work an open step is, now; says who hears of it and how."""
    told = tell(f"/v1/runs/{run}/steps/{step}/remind", {}, actor=actor)
    if as_json:
        print_json(told)
        return
    people.print("Reminded:" if told["events"] else "Nobody is reminded twice on one day. Told today:")
    for one in told["told"]:
        people.print(
            f"  {one['name']} ({_HOW[one['how']].format(one['address'] or 'their address')})", markup=False
        )


def clear_help(
    run: str = Run,
    step: str = Step,
    note: str = typer.Option(None, help="What became of it."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Say that help is no longer needed."""
    _step(run, step, "clear-help", {"note": note}, actor, as_json)


def _step(run: str, step: str, verb: str, body: dict[str, Any], actor: str | None, as_json: bool) -> None:
    command(f"/v1/runs/{run}/steps/{step}/{verb}", body, actor, as_json)
