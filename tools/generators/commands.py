"""docs/reference/cli.md, from milepost/cli."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from milepost.cli import build

Parameter = TyperArgument | TyperOption

HEAD = """\
# Command line

`milepost VERB …`; `milepost --install-completion` teaches your shell to complete it. Verbs that act on runs,
projects, tasks and processes speak to the HTTP interface of the Milepost that runs in `MILEPOST_HOME`, or at
`MILEPOST_URL` with `MILEPOST_TOKEN`. Imports, projections, events, tokens, `migrate` and `doctor` work on its database.

| exit code | means |
|---|---|
| 0 | done |
| 1 | refused: a rule, a conflict, a difference |
| 2 | wrong use or bad input |
| 3 | the server or the database does not answer, or fails |
| 4 | unhealthy |

`--json` prints JSON for programs instead of tables for people. This page is generated from `milepost/cli/`.
"""


def cli_reference() -> dict[str, str]:
    """One heading per verb: what it does, its arguments and options."""
    entries = [_entry(command, name) for name, command in verbs().items()]
    return {"docs/reference/cli.md": "\n".join([HEAD, *entries])}


def verbs() -> dict[str, TyperCommand]:
    """Every verb of the command line by what is typed for it."""
    return _verbs(typer.main.get_command(build()), "milepost")


def _verbs(command: Any, name: str) -> dict[str, TyperCommand]:
    if isinstance(command, TyperCommand):
        return {name: command}
    assert isinstance(command, TyperGroup)
    return {
        verb: found
        for child, each in command.commands.items()
        for verb, found in _verbs(each, f"{name} {child}").items()
    }


def _entry(command: TyperCommand, name: str) -> str:
    parameters = [each for each in command.params if isinstance(each, TyperArgument | TyperOption)]
    arguments = [each for each in parameters if isinstance(each, TyperArgument)]
    usage = " ".join([name, *(_placeholder(each) for each in arguments)])
    rows = [_row(each) for each in parameters if each.name != "help"]
    table = "\n| | |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else ""
    return f"## {name}\n\n{' '.join((command.help or '').split())}\n\n```sh\n{usage}\n```\n{table}"


def _placeholder(argument: TyperArgument) -> str:
    name = (argument.name or "").upper() + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _row(parameter: Parameter) -> str:
    if isinstance(parameter, TyperArgument):
        return f"| `{(parameter.name or '').upper()}` | {parameter.help or ''} |"
    names = ", ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))
    return f"| {names} | {parameter.help or ''}{' Needed.' if parameter.required else ''} |"
