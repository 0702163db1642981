"""`milepost project`: open projects, see their boards and what needs attention."""

from __future__ import annotations

from typing import Any

import typer

from milepost.cli.board import lists, looking_back
from milepost.cli.console.client import ask, tell
from milepost.cli.console.commands import As, Reason, command, done
from milepost.cli.console.output import BAD_INPUT, AsJson, Field, fail, people, print_json, print_rows
from milepost.cli.console.paging import After, Limit, lead_on, whole
from milepost.cli.process.processes import newest

app = typer.Typer(help="Projects: what needs to get done.", no_args_is_help=True)

lists.register(app)
looking_back.register(app)

Project = typer.Argument(help="Id of the project.", metavar="PROJECT")
Stages = typer.Option([], "--stage", help="A stage, key=Title; in the order of the board.")
_ROWS = (
    Field("project", "id", whole=True), Field("name", "name"), Field("owner", "owner"), Field("state", "state"),
    Field("open runs", "open_runs"), Field("open tasks", "open_tasks"), Field("attention", "attention"),
)  # fmt: skip
_CARD = (
    Field("card", "name"), Field("state", "state"), Field("next", "next_action"), Field("who", "who"),
    Field("due", "due_at"), Field("finish by", "target_at"), Field("help", "help"), Field("id", "id", whole=True),
)  # fmt: skip
_ATTENTION = (
    Field("what", "kind"), Field("card", "name"), Field("step", "step_title"), Field("why", "why"),
    Field("who", "who"), Field("since", "since"), Field("fix", "fix"),
)  # fmt: skip


@app.command("open")
def open_project(
    name: str = typer.Argument(help="Name of the project."),
    process: str = typer.Option(None, help="Show runs of this process, in its stages."),
    stages: list[str] = Stages,
    owner: str = typer.Option(None, help="Who answers for it, for example person:dana."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Open a project; its stages are those of the process, or those given."""
    if not process and not stages:
        fail("a project needs stages: give --process KEY, or --stage key=Title at least once", BAD_INPUT)
    columns = _stages(stages) or _of_process(process)
    body = {"name": name, "owner": owner, "process": process, "stages": columns}
    done(tell("/v1/projects", body, actor=actor), as_json)


@app.command("list")
def list_projects(as_json: bool = AsJson) -> None:
    """List the projects."""
    answer = whole("/v1/projects")
    if as_json:
        print_json(answer)
    else:
        print_rows("Projects", _ROWS, answer["rows"])


@app.command()
def board(
    project: str = Project,
    as_of: str = looking_back.AsOf,
    as_of_position: int = looking_back.AsOfPosition,
    stage: str = typer.Option(None, help="Only the cards in this column, by its key."),
    limit: int = typer.Option(200, help="How many open cards of each column at the most, up to 500."),
    after: int = After,
    as_json: bool = AsJson,
) -> None:
    """Show the board: the cards in their columns, now or as of a moment."""
    query = {"as_of": as_of, "as_of_position": as_of_position, "stage": stage, "limit": limit, "after": after}
    answer = ask(f"/v1/projects/{project}/board", **query)
    if as_json:
        print_json(answer)
        return
    count = sum(column["count"] + column["hidden"] for column in answer["columns"])
    people.print(f"{count} open: {answer['overdue']} overdue, {answer['due_soon']} due within 7 days")
    for column in answer["columns"]:
        if stage not in (None, column["key"]):
            continue
        most = f" of at most {column['wip_limit']}" if column["wip_limit"] else ""
        total = after + column["count"] + column["hidden"]
        print_rows(f"{column['title']}: {total}{most}", _CARD, map(_card, column["cards"]))
        if column["hidden"]:
            further = f"--stage {column['key']} --after {column['next_after']}"
            people.print(f"{column['hidden']} more: go on with {further}", markup=False)


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
    project: str = typer.Argument(
        None, help="Id of the project; without it, all of them.", metavar="[PROJECT]"
    ),
    as_of: str = looking_back.AsOf,
    as_of_position: int = looking_back.AsOfPosition,
    limit: int = Limit,
    after: int = After,
    as_json: bool = AsJson,
) -> None:
    """Show what needs attention, why, and what would fix it; of one project also as of a moment."""
    if not project and (as_of or as_of_position):
        fail("what needed attention at a moment is told of one project: name it", BAD_INPUT)
    path = f"/v1/projects/{project}/attention" if project else "/v1/attention"
    answer = ask(path, as_of=as_of, as_of_position=as_of_position, limit=limit, after=after)
    if as_json:
        print_json(answer)
    else:
        rows = [{**row, "fix": row["action"] and row["action"]["label"]} for row in answer["rows"]]
        counts = [f"{count} {kind.replace('_', ' ')}" for kind, count in answer["counts"].items() if count]
        print_rows(f"Needs attention: {', '.join(counts) or 'nothing'}", _ATTENTION, rows)
        lead_on(answer)


@app.command()
def rename(
    project: str = Project, name: str = typer.Argument(help="The new name."), actor: str = As,
    as_json: bool = AsJson,
) -> None:  # fmt: skip
    """Rename a project."""
    command(f"/v1/projects/{project}/rename", {"name": name}, actor, as_json)


@app.command("stages")
def change_stages(
    project: str = Project, stages: list[str] = Stages, actor: str = As, as_json: bool = AsJson
) -> None:
    """Change the columns of a project's board; all of them are given anew."""
    command(f"/v1/projects/{project}/stages", {"stages": _stages(stages)}, actor, as_json)


@app.command("add-member")
def add_member(
    project: str = Project,
    member: str = typer.Argument(help="Who, for example person:bo."),
    access: str = typer.Option("member", help="viewer, member or manager."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Let somebody see, work in or steer a project."""
    command(f"/v1/projects/{project}/members", {"member": member, "access": access}, actor, as_json)


@app.command("remove-member")
def remove_member(
    project: str = Project, member: str = typer.Argument(help="Who, for example person:bo."), actor: str = As,
    as_json: bool = AsJson,
) -> None:  # fmt: skip
    """Take somebody out of a project."""
    command(f"/v1/projects/{project}/remove-member", {"member": member}, actor, as_json)


@app.command()
def close(project: str = Project, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Close a project."""
    command(f"/v1/projects/{project}/close", {"reason": reason}, actor, as_json)


@app.command()
def reopen(project: str = Project, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Let a closed project take work again."""
    command(f"/v1/projects/{project}/reopen", {"reason": reason}, actor, as_json)


def _card(card: dict[str, Any]) -> dict[str, Any]:
    asked = card["help"]
    return {**card, "help": asked and asked["reason"]}


def _of_process(process: str) -> list[dict[str, str]]:
    document = newest(process)["document"]
    return [{"key": stage["key"], "title": stage["title"]} for stage in document["stages"]]


def _stages(given: list[str]) -> list[dict[str, str]]:
    return [_stage(text) for text in given]


def _stage(text: str) -> dict[str, str]:
    key, sign, title = text.partition("=")
    if not sign or not key or not title:
        fail(f"--stage does not accept {text!r}: it takes key=Title", BAD_INPUT)
    return {"key": key, "title": title}
