"""`milepost groups`: people who share work."""

from __future__ import annotations

from typing import Any

import typer

from milepost.cli.console.client import ask, tell
from milepost.cli.console.commands import As, Reason, command, done
from milepost.cli.console.output import AsJson, Field, print_json, print_rows
from milepost.cli.console.paging import whole

app = typer.Typer(help="Groups: people who share work.", no_args_is_help=True)

Group = typer.Argument(help="Key of the group, for example legal.", metavar="GROUP")
Member = typer.Argument(help="Who, for example person:bo.")
_ROWS = (
    Field("group", "group", whole=True), Field("title", "title"), Field("state", "state"), Field("members", "names"),
    Field("open work", "open_work"),
)  # fmt: skip
_MEMBERS = (Field("person", "member", whole=True), Field("name", "name"), Field("active", "active"))


@app.command("list")
def list_groups(as_json: bool = AsJson) -> None:
    """List the groups with their members."""
    answer = whole("/v1/groups")
    if as_json:
        print_json(answer)
    else:
        print_rows("Groups", _ROWS, map(_row, answer["rows"]))


@app.command()
def show(group: str = Group, as_json: bool = AsJson) -> None:
    """Show the members of a group."""
    answer = ask(f"/v1/groups/{group}")
    if as_json:
        print_json(answer)
    else:
        print_rows(answer["group"]["title"], _MEMBERS, answer["group"]["members"])


@app.command()
def create(
    group: str = typer.Argument(help="A key for ever: lower-case, for example legal.", metavar="GROUP"),
    title: str = typer.Argument(help="What people call it."),
    members: list[str] = typer.Option([], "--member", help="Who is in it, for example person:bo."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Create a group."""
    answer = tell("/v1/groups", {"group": group, "title": title}, actor=actor)
    for member in members:
        answer = tell(f"/v1/groups/{group}/add-member", {"member": member}, actor=actor)
    done(answer, as_json)


@app.command()
def rename(
    group: str = Group,
    title: str = typer.Argument(help="The new title."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Rename a group."""
    command(f"/v1/groups/{group}/rename", {"title": title}, actor, as_json)


@app.command("add-member")
def add_member(group: str = Group, member: str = Member, actor: str = As, as_json: bool = AsJson) -> None:
    """Let somebody take work of a group."""
    command(f"/v1/groups/{group}/add-member", {"member": member}, actor, as_json)


@app.command("remove-member")
def remove_member(group: str = Group, member: str = Member, actor: str = As, as_json: bool = AsJson) -> None:
    """Let somebody take no more work of a group."""
    command(f"/v1/groups/{group}/remove-member", {"member": member}, actor, as_json)


@app.command()
def close(group: str = Group, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Close a group for good."""
    command(f"/v1/groups/{group}/close", {"reason": reason}, actor, as_json)


def _row(group: dict[str, Any]) -> dict[str, Any]:
    return {**group, "names": [member["name"] for member in group["members"]]}
