"""`milepost run content`: what a step shows to whoever decides there, and the option that names what was seen."""

from __future__ import annotations

import typer

from milepost.cli.console.client import ask
from milepost.cli.console.output import AsJson, Field, people, print_json, print_rows

Seen = typer.Option(
    None,
    "--content",
    help="The SHA-256 of what you decide on, as `milepost run content` says it; refused where that is another by now.",
    metavar="SHA256",
)
_VALUES = (Field("field", "title"), Field("value", "value"))
_CHANGES = (Field("what", "title"), Field("before", "before"), Field("now", "now"))


def content(
    run: str = typer.Argument(help="Id of the run.", metavar="RUN"),
    step: str = typer.Argument(help="Key of the step.", metavar="STEP"),
    as_json: bool = AsJson,
) -> None:
    """Show what a decision is about: texts, values, what of it has changed since it was decided, and its hash."""
    answer = ask(f"/v1/runs/{run}/steps/{step}/content")
    if as_json:
        print_json(answer)
        return
    for text in answer["texts"]:
        _say(f"{text['title']}\n\n{text['text']}\n")
    for group in answer["groups"]:
        ended = "" if group["ended"] in (None, "done") else f" ({group['ended'].replace('_', ' ')})"
        print_rows(f"{group['title']}{ended}", _VALUES, group["values"])
    anew = answer["asked_anew"]
    if anew is not None:
        print_rows("Asked for once more, because this has changed", _CHANGES, anew["changes"] or ())
    _say(f"SHA-256: {answer['content_sha256']}")


def _say(text: str) -> None:
    people.print(text, soft_wrap=True, markup=False)
