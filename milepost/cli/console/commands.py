"""What the verbs for runs, projects, tasks and processes share: their common options, and what a command says."""

from __future__ import annotations

from typing import Any

import typer

from milepost.cli.console.client import tell
from milepost.cli.console.output import complain, people, print_json

As = typer.Option(
    None, "--as", help="Act in somebody's name, for example person:dana (needs the scope act_as)."
)
Reason = typer.Option(..., "--reason", help="Why; kept in the history.")
MaybeReason = typer.Option(None, "--reason", help="Why; kept in the history.")
NOBODY = "none"
"""The word that empties something: nobody's, no day, no project."""


def command(
    path: str, body: dict[str, Any], actor: str | None, as_json: bool, *, method: str = "POST"
) -> None:
    """Send a command and say what it did."""
    done(tell(path, body, actor=actor, method=method), as_json)


def done(answer: Any, as_json: bool) -> None:
    """Say what a command did."""
    if as_json:
        print_json(answer)
        return
    what = ", ".join(answer["events"]) or "nothing new: it was so already"
    people.print(
        f"{answer['id']}: {what} (stream version {answer['version']}, position {answer['position']})",
        soft_wrap=True,
        markup=False,
    )
    for warning in answer.get("warnings", ()):
        complain(f"mind: {warning['detail']}")


def unless_none(text: str) -> str | None:
    """What was typed, or None for the word `none`."""
    return None if text == NOBODY else text
