"""`milepost people`: who works here, for whom, whether they take work, and who takes theirs over."""

from __future__ import annotations

from math import isfinite, nan
from pathlib import Path
from typing import Any

import typer

from milepost.cli.console.client import ask, delete, look, tell, upload
from milepost.cli.console.commands import As, Reason, command, done, unless_none
from milepost.cli.console.output import REFUSED, AsJson, Field, print_facts, print_json, print_rows
from milepost.cli.console.output import people as told
from milepost.cli.console.paging import whole

app = typer.Typer(help="People: who works here.", no_args_is_help=True)

Person = typer.Argument(help="Key of the person, for example dana.", metavar="PERSON")
Email = typer.Option(None, help="Address; none takes it away.")
Manager = typer.Option(None, help="Who they answer to, for example person:dana; none: nobody.")
Hours = typer.Option(None, help="Working hours of a week that plans may count on; none: not known.")
_ROWS = (
    Field("person", "person", whole=True), Field("name", "name"), Field("manager", "manager_name"),
    Field("hours", "weekly_hours"), Field("groups", "groups"), Field("open work", "open_work"),
    Field("active", "active"),
)  # fmt: skip
_FAULTS = (Field("line", "line"), Field("column", "column"), Field("why", "detail"))
_ITEM = (
    Field("run or task", "id", whole=True), Field("role", "role"), Field("step", "step"), Field("steps", "steps"),
    Field("why not", "detail"),
)  # fmt: skip


@app.command("list")
def list_people(as_json: bool = AsJson) -> None:
    """List everybody; those who left come last."""
    answer = whole("/v1/people")
    if as_json:
        print_json(answer)
    else:
        print_rows("People", _ROWS, answer["rows"])


@app.command()
def show(person: str = Person, as_json: bool = AsJson) -> None:
    """Show what is known of somebody."""
    answer = ask(f"/v1/people/{person}")
    if as_json:
        print_json(answer)
    else:
        print_facts(answer["person"]["name"], answer["person"])


@app.command("import")
def import_sheet(
    sheet: Path = typer.Argument(
        help="CSV in UTF-8 with the columns key, name, email, manager, weekly_hours, groups.",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Only say what it would do, and what is wrong in it."
    ),
    partial: bool = typer.Option(False, "--partial", help="Leave out lines with faults and do the rest."),
    as_json: bool = AsJson,
) -> None:
    """Add and change people from a sheet; with a fault anywhere nothing is done."""
    answer = upload("/v1/people/import", sheet, dry_run=dry_run, partial=partial)
    if as_json:
        print_json(answer)
    else:
        _print_import(answer)
    if answer["faults"]:
        raise typer.Exit(REFUSED)


def _print_import(answer: dict[str, Any]) -> None:
    verb = "" if answer["done"] else "would be "
    told.print(
        f"{len(answer['added'])} {verb}added, {len(answer['changed'])} {verb}changed, "
        f"{answer['unchanged']} as they are, "
        f"{len(answer['groups'])} groups {verb}created, {len(answer['members'])} {verb}put into a group"
    )
    if answer["faults"]:
        print_rows("Wrong in the sheet", _FAULTS, answer["faults"])


@app.command()
def add(
    person: str = typer.Argument(help="A key for ever: lower-case, for example dana.", metavar="PERSON"),
    name: str = typer.Argument(help="What people call them."),
    email: str = Email,
    manager: str = Manager,
    weekly_hours: float = typer.Option(None, help="Working hours of a week that plans may count on."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Add somebody who works here."""
    body = {"person": person, "name": name, "email": email, "manager": manager, "weekly_hours": weekly_hours}
    done(tell("/v1/people", body, actor=actor), as_json)


@app.command()
def change(
    person: str = Person,
    name: str = typer.Option(None, help="What people call them."),
    email: str = Email,
    manager: str = Manager,
    weekly_hours: str = Hours,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Change what is known of somebody; what is not given stays."""
    given: dict[str, str | None] = {"email": email, "manager": manager, "weekly_hours": weekly_hours}
    body: dict[str, Any] = {key: unless_none(value) for key, value in given.items() if value is not None}
    if body.get("weekly_hours") is not None:
        body["weekly_hours"] = _hours(body["weekly_hours"])
    if name is not None:
        body["name"] = name
    done(tell(f"/v1/people/{person}/change", body, actor=actor, nulls=True), as_json)


@app.command()
def deactivate(person: str = Person, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Give somebody no more work; what is theirs waits for a hand-over."""
    command(f"/v1/people/{person}/deactivate", {"reason": reason}, actor, as_json)


@app.command()
def reactivate(person: str = Person, actor: str = As, as_json: bool = AsJson) -> None:
    """Give somebody work again."""
    command(f"/v1/people/{person}/reactivate", {}, actor, as_json)


@app.command()
def invite(
    person: str = Person,
    scopes: list[str] = typer.Option(
        ["read", "work"], "--scope", help="What the account may do at most: read, work, manage, admin."
    ),
) -> None:
    """Send somebody a mail with a link by which they set a password; for administrators."""
    look(f"/v1/people/{person}/invite", {"scopes": scopes})
    told.print(f"the invitation of {person} is on its way", markup=False)


@app.command("remove-second-factor")
def remove_second_factor(person: str = Person) -> None:
    """Take away the second factor of somebody who lost their app and recovery codes; for administrators."""
    removed = delete(f"/v1/people/{person}/second-factor")["removed"]
    told.print(f"{person} has no second factor" + (" any more" if removed else ""), markup=False)


@app.command("hand-over")
def hand_over(
    person: str = Person,
    to: str = typer.Argument(help="Who takes over, for example person:dana or group:legal."),
    reason: str = Reason,
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Hand all roles, open steps and tasks of somebody to somebody else; again until nothing is left."""
    answer, moved, failed = {}, [], []
    left = True
    while left:
        answer = tell(f"/v1/people/{person}/hand-over", {"to": to, "reason": reason}, actor=actor)
        moved += answer["moved"]
        failed = answer["failed"]
        left = bool(answer["left"] and answer["moved"])
    if as_json:
        print_json({**answer, "moved": moved, "failed": failed})
    else:
        print_rows(f"Moved to {to}", _ITEM[:-1], map(_item, moved))
        print_rows("Stayed", _ITEM, map(_item, failed))
        told.print(f"{len(moved)} moved, {len(failed)} stayed", markup=False)
    if failed:
        raise typer.Exit(REFUSED)


def _item(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "id": item.get("run") or item.get("task")}


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = nan
    if not isfinite(hours):
        raise typer.BadParameter("a number of hours, or none", param_hint="--weekly-hours")
    return hours
