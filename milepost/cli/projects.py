"""`milepost project`: open projects, see their boards and what needs attention."""

from __future__ import annotations

from typing import Any

import typer

from milepost.cli.client import ask, tell
from milepost.cli.output import BAD_INPUT, AsJson, Field, fail, print_json, print_rows
from milepost.cli.runs import done

app = typer.Typer(help="Projects: what needs to get done.", no_args_is_help=True)

Project = typer.Argument(help="Id of the project.", metavar="PROJECT")
_CARD = (
    Field("card", "name"), Field("state", "state"), Field("next", "next_action"), Field("who", "who"),
    Field("due", "due_at"), Field("help", "help"), Field("id", "id"),
)  # fmt: skip


@app.command("open")
def open_project(
    name: str = typer.Argument(help="Name of the project."),
    process: str = typer.Option(None, help="Take the stages of this process."),
    stages: list[str] = typer.Option([], "--stage", help="A stage, key=Title; in the order of the board."),
    owner: str = typer.Option(None, help="Who answers for it, for example person:dana."),
    as_json: bool = AsJson,
) -> None:
    """Open a project."""
    if not process and not stages:
        fail("a project needs stages: give --process KEY, or --stage key=Title at least once", BAD_INPUT)
    body: dict[str, Any] = {"name": name, "owner": owner, "process": process}
    if stages:
        body["stages"] = [_stage(text) for text in stages]
    done(tell("/v1/projects", body), as_json)


@app.command("list")
def list_projects(as_json: bool = AsJson) -> None:
    """List the projects."""
    answer = ask("/v1/projects")
    if as_json:
        print_json(answer)
        return
    fields = (Field("project", "id"), Field("name", "name"), Field("owner", "owner"), Field("state", "state"),
              Field("open", "open"))  # fmt: skip
    print_rows("Projects", fields, answer["rows"])


@app.command()
def board(project: str = Project, as_json: bool = AsJson) -> None:
    """Show the board: every card in its column."""
    answer = ask(f"/v1/projects/{project}/board")
    if as_json:
        print_json(answer)
        return
    for column in answer["columns"]:
        limit = f" of at most {column['wip_limit']}" if column["wip_limit"] else ""
        print_rows(f"{column['title']}: {column['count']}{limit}", _CARD, column["cards"])


@app.command()
def funnel(project: str = Project, as_json: bool = AsJson) -> None:
    """Show how many runs reached each stage, and how runs ended."""
    answer = ask(f"/v1/projects/{project}/funnel")
    if as_json:
        print_json(answer)
        return
    fields = (Field("stage", "title"), Field("reached", "reached"), Field("open now", "open"))
    print_rows(f"{answer['runs']} runs, {answer['open']} open", fields, answer["stages"])
    outcomes = [{"outcome": name, "runs": count} for name, count in answer["outcomes"].items()]
    print_rows("Outcomes", (Field("outcome", "outcome"), Field("runs", "runs")), outcomes)


@app.command()
def attention(
    project: str = typer.Argument(None, help="Id of the project; without it, all of them."),
    as_json: bool = AsJson,
) -> None:
    """Show what needs attention, why, and what would fix it."""
    answer = ask(f"/v1/projects/{project}/attention" if project else "/v1/attention")
    if as_json:
        print_json(answer)
        return
    fields = (Field("what", "kind"), Field("card", "name"), Field("step", "step_title"), Field("why", "why"),
              Field("who", "who"), Field("since", "since"), Field("do", "action"))  # fmt: skip
    print_rows("Needs attention", fields, answer["rows"])


def _stage(text: str) -> dict[str, str]:
    key, sign, title = text.partition("=")
    if not sign or not key or not title:
        fail(f"--stage does not accept {text!r}: it takes key=Title", BAD_INPUT)
    return {"key": key, "title": title}
