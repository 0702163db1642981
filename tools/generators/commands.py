"""docs/reference/cli.md, from milepost/cli."""

from __future__ import annotations

import click
import typer

from milepost.cli import build

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
| 3 | the server or the database does not answer |
| 4 | unhealthy |

`--json` prints JSON for programs instead of tables for people. This page is generated from `milepost/cli/`.
"""


def cli_reference() -> dict[str, str]:
    """One heading per verb: what it does, its arguments and options."""
    command = typer.main.get_command(build())
    return {"docs/reference/cli.md": "\n".join([HEAD, *_entries(command, "milepost")])}


def _entries(command: click.Command, name: str) -> list[str]:
    children = getattr(command, "commands", None)
    if children is None:
        return [_entry(command, name)]
    return [entry for child, verb in children.items() for entry in _entries(verb, f"{name} {child}")]


def _entry(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name)
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    usage = " ".join([name, *(f"{param.make_metavar(context)}" for param in arguments)])
    rows = [_row(param) for param in command.params if _visible(param)]
    table = "\n| | |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else ""
    return f"## {name}\n\n{' '.join((command.help or '').split())}\n\n```sh\n{usage}\n```\n{table}"


def _visible(param: click.Parameter) -> bool:
    return param.name not in {"help", "install_completion", "show_completion"}


def _row(param: click.Parameter) -> str:
    names = ", ".join(f"`{option}`" for option in (*param.opts, *param.secondary_opts))
    if param.param_type_name == "argument":
        names = f"`{(param.name or '').upper()}`"
    needed = " Needed." if param.required and param.param_type_name == "option" else ""
    return f"| {names} | {getattr(param, 'help', None) or ''}{needed} |"
