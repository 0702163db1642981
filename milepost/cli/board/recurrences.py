"""`milepost recurrence`: work that is made again and again by a schedule."""

from __future__ import annotations

from typing import Any

import orjson
import typer

from milepost.cli.console.client import ask, tell
from milepost.cli.console.commands import As, Reason, command, done
from milepost.cli.console.output import BAD_INPUT, AsJson, Field, fail, print_facts, print_json, print_rows
from milepost.cli.console.paging import whole
from milepost.cli.console.values import pairs

app = typer.Typer(help="Recurring work: tasks and runs that a schedule makes.", no_args_is_help=True)

Recurrence = typer.Argument(help="Id of the recurring work.", metavar="RECURRENCE")
Cron = typer.Argument(help='When: minute, hour, day of month, month, day of week, for example "0 9 * * MON".')
Zone = typer.Option("UTC", "--zone", help="Time zone of the schedule, for example Europe/Berlin.")
CatchUp = typer.Option("last", help="What is made up for after an outage: all, last or none.")
_ROWS = (
    Field("recurrence", "id", whole=True), Field("name", "name"), Field("makes", "makes"), Field("state", "state"),
    Field("when", "schedule"), Field("zone", "time_zone"), Field("next", "next_at"), Field("last", "last_at"),
    Field("made", "made"), Field("passed over", "last_passed_over"),
)  # fmt: skip
_COMING = (Field("comes at", "at", whole=True),)


@app.command("list")
def list_recurrences(
    project: str = typer.Option(None, help="Only recurring work of this project."), as_json: bool = AsJson
) -> None:
    """List recurring work, the next to come first."""
    found = whole("/v1/recurrences", project=project)
    if as_json:
        print_json(found)
    else:
        print_rows("Recurring work", _ROWS, found["rows"])


@app.command()
def preview(cron: str = Cron, zone: str = Zone, as_json: bool = AsJson) -> None:
    """Show when a schedule would come next, five times."""
    found = ask("/v1/recurrences/preview", cron=cron, time_zone=zone)
    if as_json:
        print_json(found)
    else:
        print_rows(found["schedule"], _COMING, [{"at": at} for at in found["coming"]])


@app.command()
def show(recurrence: str = Recurrence, as_json: bool = AsJson) -> None:
    """Show recurring work: its schedule, what it makes, the next five times, what the last time gave."""
    found = ask(f"/v1/recurrences/{recurrence}")["rows"][0]
    if as_json:
        print_json(found)
        return
    told = {
        **found,
        "template": orjson.dumps(found["template"]).decode(),
        "coming": ", ".join(found["coming"]),
    }
    names = [
        "state", "schedule", "cron", "time_zone", "catch_up", "makes", "process", "template", "coming", "last_at",
        "last_made", "last_passed_over", "made", "passed_over", "set_up_by",
    ]  # fmt: skip
    print_facts(found["name"], {name: told[name] for name in names})


@app.command("task")
def set_up_task(  # noqa: PLR0913, PLR0917 - one for each option of the command line
    project: str = typer.Argument(help="Id of the project."),
    cron: str = Cron,
    title: str = typer.Argument(help="Title of each task; {date}, {week}, {month} and {year} are filled in."),
    stage: str = typer.Option(..., help="Column of the board."),
    name: str = typer.Option(None, help="Name of the recurring work; else the title."),
    zone: str = Zone,
    catch_up: str = CatchUp,
    description: str = typer.Option(None, help="More about it."),
    assignee: str = typer.Option(None, help="Whose work it is, for example person:dana."),
    priority: str = typer.Option(None, help="urgent, high, medium, low or none."),
    due_in_days: int = typer.Option(None, help="Days from the instant to the task's due day."),
    labels: list[str] = typer.Option([], "--label", help="A label; may be given several times."),
    checklist: list[str] = typer.Option(
        [], "--entry", help="A line of the checklist; may be given several times."
    ),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Set up a task that is made again and again."""
    template = _given(
        title=title, stage=stage, description=description, assignee=assignee, priority=priority,
        due_in_days=due_in_days, labels=labels or None, checklist=checklist or None,
    )  # fmt: skip
    body = {
        "name": name or title,
        "cron": cron,
        "time_zone": zone,
        "catch_up": catch_up,
        "template": template,
    }
    done(tell("/v1/recurrences", {**body, "makes": "task", "project": project}, actor=actor), as_json)


@app.command("run")
def set_up_run(  # noqa: PLR0913, PLR0917 - one for each option of the command line
    process: str = typer.Argument(help="Key of the process."),
    cron: str = Cron,
    name: str = typer.Option(..., help="Name of the recurring work."),
    run_name: str = typer.Option(
        None, help="Name of each run; {date}, {week}, {month} and {year} are filled in."
    ),
    project: str = typer.Option(None, help="Id of the project that shows the runs."),
    zone: str = Zone,
    catch_up: str = CatchUp,
    values: list[str] = typer.Option([], "--input", "-i", help="An input of the kick-off form, key=value."),
    roles: list[str] = typer.Option([], "--role", "-r", help="Who plays a role, role=person:dana."),
    priority: str = typer.Option(None, help="urgent, high, medium, low or none."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Set up a run that is started again and again."""
    template = _given(
        name=run_name,
        inputs=pairs(values, "--input") or None,
        roles=pairs(roles, "--role") or None,
        priority=priority,
    )
    body = {"name": name, "cron": cron, "time_zone": zone, "catch_up": catch_up, "template": template}
    sent = {**body, "makes": "run", "process": process, "project": project}
    done(tell("/v1/recurrences", sent, actor=actor), as_json)


@app.command()
def change(
    recurrence: str = Recurrence,
    cron: str = typer.Option(None, help="The new schedule."),
    name: str = typer.Option(None, help="The new name."),
    zone: str = typer.Option(None, "--zone", help="The new time zone."),
    catch_up: str = typer.Option(None, help="all, last or none."),
    template: str = typer.Option(None, help="What is made, as JSON: the whole of it."),
    actor: str = As,
    as_json: bool = AsJson,
) -> None:
    """Change what follows; what is not given stays."""
    now = ask(f"/v1/recurrences/{recurrence}")["rows"][0]
    wanted = _given(cron=cron, name=name, time_zone=zone, catch_up=catch_up, template=_json(template))
    names = ("name", "cron", "time_zone", "catch_up", "template")
    command(
        f"/v1/recurrences/{recurrence}/change",
        {key: wanted.get(key, now[key]) for key in names},
        actor,
        as_json,
    )


@app.command()
def pause(
    recurrence: str = Recurrence, reason: str = Reason, actor: str = As, as_json: bool = AsJson
) -> None:
    """Make nothing until it is resumed."""
    command(f"/v1/recurrences/{recurrence}/pause", {"reason": reason}, actor, as_json)


@app.command()
def resume(recurrence: str = Recurrence, actor: str = As, as_json: bool = AsJson) -> None:
    """Make work again, from now on."""
    command(f"/v1/recurrences/{recurrence}/resume", {}, actor, as_json)


@app.command()
def end(recurrence: str = Recurrence, reason: str = Reason, actor: str = As, as_json: bool = AsJson) -> None:
    """Make nothing any more."""
    command(f"/v1/recurrences/{recurrence}/end", {"reason": reason}, actor, as_json)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _json(text: str | None) -> Any:
    try:
        return None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fail(f"--template is not JSON: {error}", BAD_INPUT)
