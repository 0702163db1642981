"""Nothing that somebody typed into a title or a text is obeyed by the terminal of who looks at it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import typer

from milepost.cli.console import output
from milepost.cli.console.output import Field, people, print_facts, print_json, print_rows
from milepost.cli.console.refusals import sentences

HOSTILE = "Pay \x1b]52;c;cm0=\x07 \x1b[2J\x9b31m me\u202etxt\x7f :bomb: [red]"
SEEN = r"Pay \x1b]52;c;cm0=\x07 \x1b[2J\x9b31m me\u202etxt\x7f :bomb: [red]"
CLI = Path(output.__file__).parents[1]


def _refused() -> None:
    with pytest.raises(typer.Exit):
        output.fail(sentences({"detail": HOSTILE, "code": "x", "accepted": [HOSTILE]}), 1)


WAYS: dict[str, Callable[[], None]] = {
    "a table": lambda: print_rows(HOSTILE, [Field("Title", "title", whole=True)], [{"title": HOSTILE}]),
    "an empty table": lambda: print_rows(HOSTILE, [], []),
    "facts": lambda: print_facts(HOSTILE, {"title": [HOSTILE]}),
    "a sentence": lambda: people.print(HOSTILE, soft_wrap=True, markup=False),
    "a refusal": _refused,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_escape_sequences_in_titles_do_not_reach_the_terminal(
    way: Callable[[], None], capsys: pytest.CaptureFixture[str]
):
    """They are written out where they stand, in every way that the command line has of saying something."""
    way()
    told = "".join(capsys.readouterr())
    assert SEEN in told
    assert all(each.isprintable() or each in "\n\t" for each in told)


def test_json_for_programs_holds_no_control_character_either(capsys: pytest.CaptureFixture[str]):
    """It reads as the same value, and a terminal shows it."""
    print_json({"title": HOSTILE})
    told = capsys.readouterr().out
    assert orjson.loads(told) == {"title": HOSTILE}
    assert all(each.isprintable() or each == "\n" for each in told)


def test_the_command_line_says_nothing_past_its_console():
    """Whatever is printed goes by the console that writes control characters out, but for our own schema and paths."""
    own = {
        ("processes.py", "typer.echo(schema_text(), nl=False)"),
        ("bpmn.py", 'typer.echo(f"{out} is written", err=True)'),
    }
    past = {
        (file.name, line.strip())
        for file in CLI.rglob("*.py")
        for line in file.read_text().splitlines()
        if file != Path(output.__file__)
        and any(way in line for way in ("typer.echo", "secho", "sys.stdout.write", " print(", "Console("))
    }
    assert past == own
