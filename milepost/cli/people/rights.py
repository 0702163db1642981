"""`milepost rights`: who may do what in the house, why, and who acts for whom."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import typer

from milepost.cli.console.client import ask_directly
from milepost.cli.console.commands import Reason, command
from milepost.cli.console.output import BAD_INPUT, AsJson, Field, fail, print_json, print_rows

app = typer.Typer(help="Rights: who may do what in the house, and why.", no_args_is_help=True)

Who = typer.Argument(help="Whose: person:dana or service:crm.")
Person = typer.Argument(help="Whose: person:dana.", metavar="PERSON")
Deputy = typer.Argument(help="Who acts in their name: person:bo.", metavar="DEPUTY")
Role = typer.Argument(help="administrator, process_owner or auditor.")
Process = typer.Option(None, help="Key of the process that an owner looks after; all of them without it.")
_WHY = (
    Field("since", "since"), Field("until", "until"), Field("by", "by", whole=True), Field("reason", "reason"),
)  # fmt: skip
_ROLES = (Field("role", "role", whole=True), Field("process", "process"), *_WHY)
_DEPUTIES = (Field("of", "holder", whole=True), Field("deputy", "deputy", whole=True), *_WHY)
_PROJECTS = (
    Field("project", "project", whole=True), Field("name", "name"), Field("access", "access"),
    Field("through", "through"), Field("since", "since"), Field("by", "by"),
)  # fmt: skip
_RUNS = (
    Field("run", "run", whole=True), Field("name", "name"), Field("role", "title"), Field("since", "since"),
    Field("by", "by"),
)  # fmt: skip


@app.command("list")
def list_all(as_json: bool = AsJson) -> None:
    """List who has which role of the house now; for administrators and auditors."""
    told = ask_directly("/v1/rights")
    if as_json:
        print_json(told)
    else:
        print_rows("Roles of the house", (Field("who", "holder", whole=True), *_ROLES), told["rows"])


@app.command()
def of(person: str = Person, as_json: bool = AsJson) -> None:
    """Show what somebody may do and why: roles of the house, projects, roles in runs, deputies."""
    told = ask_directly(f"{_path(person, people_only=True)}/rights")
    if as_json:
        print_json(told)
        return
    print_rows("Roles of the house", _ROLES, told["roles"])
    print_rows("Projects", _PROJECTS, told["projects"])
    print_rows("Roles in runs under way", _RUNS, told["runs"])
    print_rows("Deputies", _DEPUTIES, [*told["deputies"], *told["acts_for"]])


@app.command()
def grant(
    holder: str = Who,
    role: str = Role,
    process: str = Process,
    until: str = typer.Option(
        None, help="When it ends, for example 2027-03-31T18:00Z; else it is withdrawn."
    ),
    reason: str = Reason,
    as_json: bool = AsJson,
) -> None:
    """Let somebody do what a role of the house allows; for administrators."""
    body = {"role": role, "process": process, "until": until, "reason": reason}
    command(f"{_path(holder)}/grant-role", body, None, as_json)


@app.command()
def withdraw(
    holder: str = Who, role: str = Role, process: str = Process, reason: str = Reason, as_json: bool = AsJson
) -> None:
    """Take a role of the house away; for administrators."""
    body = {"role": role, "process": process, "reason": reason}
    command(f"{_path(holder)}/withdraw-role", body, None, as_json)


@app.command()
def deputy(
    person: str = Person,
    who: str = Deputy,
    until: str = typer.Option(..., help="When it ends, for example 2027-03-31T18:00Z."),
    reason: str = Reason,
    as_json: bool = AsJson,
) -> None:
    """Let somebody act in a person's name for a time; for that person and for administrators."""
    body = {"deputy": who, "until": until, "reason": reason}
    command(f"{_path(person, people_only=True)}/name-deputy", body, None, as_json)


@app.command()
def dismiss(person: str = Person, who: str = Deputy, reason: str = Reason, as_json: bool = AsJson) -> None:
    """Let somebody act in a person's name no longer; for that person and for administrators."""
    body: dict[str, Any] = {"deputy": who, "reason": reason}
    command(f"{_path(person, people_only=True)}/dismiss-deputy", body, None, as_json)


def _path(holder: str, *, people_only: bool = False) -> str:
    kind, _, key = holder.partition(":")
    rooms = {"person": "people"} if people_only else {"person": "people", "service": "services"}
    if kind not in rooms or not key:
        fail(f"{holder!r} names nobody: it takes {' or '.join(f'{each}:key' for each in rooms)}", BAD_INPUT)
    return f"/v1/{rooms[kind]}/{quote(key, safe='')}"
