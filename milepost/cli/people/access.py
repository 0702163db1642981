"""`milepost access`: what somebody can come in with (tokens, sessions, links that are not used), and its end."""

from __future__ import annotations

from uuid import UUID

import typer

from milepost.cli.console.client import ask_directly, delete
from milepost.cli.console.output import BAD_INPUT, AsJson, Field, fail, people, print_json, print_rows
from milepost.cli.console.paging import whole

app = typer.Typer(help="Access: what somebody can come in with.", no_args_is_help=True)

Who = typer.Argument(None, help="Whose: person:dana, service:crm …; your own without it.")
_ROWS = (
    Field("id", "id", whole=True), Field("kind", "kind"), Field("scopes", "scopes"), Field("project", "project"),
    Field("created", "created_at"), Field("expires", "expires_at"), Field("last used", "last_used_at"),
    Field("this one", "current"),
)  # fmt: skip


@app.command("list")
def list_all(actor: str | None = Who, as_json: bool = AsJson) -> None:
    """List tokens, sessions and unused links of somebody; of others only for administrators."""
    told = whole("/v1/access", ask=ask_directly, actor=actor)
    if as_json:
        print_json({"actor": told["actor"], "rows": told["rows"]})
    else:
        print_rows(f"What {told['actor']} can come in with", _ROWS, told["rows"])


@app.command()
def end(which: str = typer.Argument(help="Id of a token, a session or a link.", metavar="ID")) -> None:
    """End one of them; when this has answered, it opens nothing any more."""
    try:
        wanted = UUID(which)
    except ValueError:
        fail(f"{which!r} is no id; `milepost access list` shows them", BAD_INPUT)
    delete(f"/v1/access/{wanted}")
    people.print(f"{wanted} has ended")


@app.command("end-all")
def end_all(actor: str = typer.Argument(help="Whose: person:dana, service:crm …")) -> None:
    """End everything that somebody can come in with; they have to sign in again."""
    told = delete("/v1/access", actor=actor)
    people.print(f"{told['ended']} ended")
