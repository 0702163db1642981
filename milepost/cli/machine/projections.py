"""`milepost projection`: read models, their generations, and how one is made anew beside the live one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from time import monotonic
from typing import TypeVar
from uuid import UUID

import psycopg
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from milepost.cli.console.database import application_url, running_log
from milepost.cli.console.output import (
    BAD_INPUT,
    REFUSED,
    UNREACHABLE,
    AsJson,
    Field,
    fail,
    people,
    print_json,
    print_rows,
)
from projections.engine import live as engine
from projections.engine import rebuild as generations
from projections.engine.comparing import Comparison
from projections.engine.generations import Generation, NotAllowed
from projections.registry import PROJECTIONS

app = typer.Typer(help="Projections: read models, rebuilt beside the live ones.", no_args_is_help=True)

T = TypeVar("T")
Name = typer.Argument(help="Name of the projection, for example board.", metavar="NAME")
Chosen = typer.Option(None, "--generation", help="Which generation; else the newest that is not live.")
_FIELDS = (
    Field("projection", "projection"), Field("generation", "schema"), Field("state", "state"),
    Field("version", "version"), Field("position", "position"), Field("behind", "behind"), Field("parked", "parked"),
)  # fmt: skip


_COMPARED = (
    Field("table", "table"), Field("only in the live one", "only_live"),
    Field("only in the new one", "only_new"), Field("cells that differ", "cells"),
)  # fmt: skip


@app.command("list")
def list_all(as_json: bool = AsJson) -> None:
    """List every projection with its generations: which one is live, and how far each is."""
    with running_log() as log:
        head = log.head()
    rows = [
        {**asdict(each), "behind": head - each.position}
        for each in _answered(lambda: generations.list_generations(application_url()))
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows(f"Projections; the log is at {head}", _FIELDS, rows)


@app.command()
def rebuild(
    name: str = typer.Argument(help="Name of the projection, or all."), as_json: bool = AsJson
) -> None:
    """Fill a new generation from the log while the live one serves; interrupted, it goes on when called again."""
    names = () if name == "all" else (name,)
    with _bar(as_json) as hear:
        made = _answered(lambda: generations.rebuild(application_url(), names, hear, projections=PROJECTIONS))
    if as_json:
        print_json([asdict(each) for each in made])
        return
    for each in made:
        people.print(f"{each.schema} is at position {each.position}")
    people.print("Next: milepost projection compare NAME, then milepost projection flip NAME")


@app.command()
def compare(name: str = Name, generation: str = Chosen, as_json: bool = AsJson) -> None:
    """Compare a generation with the live one: rows only here, rows only there, cells that differ."""
    schema = generation or _newest(name).schema
    found: Comparison = _answered(
        lambda: generations.compare(application_url(), schema, projections=PROJECTIONS)
    )
    if as_json:
        print_json(asdict(found))
    else:
        _tell(found)
    if not found.same:
        raise typer.Exit(REFUSED)


@app.command()
def flip(
    name: str = Name,
    generation: str = Chosen,
    back: bool = typer.Option(False, "--back", help="Serve from the generation that was live before."),
) -> None:
    """Serve from another generation, from one moment to the next."""
    if back:
        live = _answered(lambda: generations.roll_back(application_url(), name, projections=PROJECTIONS))
    else:
        schema = generation or _newest(name).schema
        live = _answered(lambda: generations.flip(application_url(), schema, projections=PROJECTIONS))
    people.print(f"{live.schema} is live, at position {live.position}")


@app.command()
def drop(name: str = Name, generation: str = Chosen) -> None:
    """Remove a generation that is not live."""
    schema = generation or _newest(name).schema
    _answered(lambda: generations.drop(application_url(), schema))
    people.print(f"{schema} is gone")


@app.command()
def retry(
    name: str = Name, stream: UUID = typer.Argument(help="The parked stream, as `milepost doctor` names it.")
) -> None:
    """Take up a parked stream again: its rows are made anew from its whole history."""
    live = next((each for each in _known(name) if each.state == "live"), None)
    if live is None:
        fail(f"{name} has no live generation", BAD_INPUT)
    if not _answered(lambda: engine.retry(application_url(), live.schema, stream, projections=PROJECTIONS)):
        fail(f"{stream} was parked again: the projection still fails on it", REFUSED)
    people.print(f"{stream} is shown again")


def _tell(found: Comparison) -> None:
    people.print(f"{found.new} beside {found.live}, both at position {found.position}")
    print_rows("Tables", _COMPARED, (asdict(table) for table in found.tables))


def _newest(name: str) -> Generation:
    others = [each for each in _known(name) if each.state != "live"]
    if not others:
        fail(f"{name} has only its live generation; `milepost projection rebuild {name}` makes one", REFUSED)
    return max(others, key=lambda each: each.number)


def _known(name: str) -> list[Generation]:
    found = _answered(lambda: generations.list_generations(application_url(), name))
    if not found:
        known = _answered(lambda: generations.list_generations(application_url()))
        names = sorted({each.projection for each in known})
        fail(f"no projection is called {name}; there are {', '.join(names)}", BAD_INPUT)
    return found


def _answered(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except NotAllowed as error:
        fail(str(error), REFUSED)
    except psycopg.OperationalError as error:
        fail(f"the database does not answer: {error}", UNREACHABLE)


@contextmanager
def _bar(silent: bool) -> Iterator[engine.Progress]:
    columns = (
        TextColumn("rebuilding"), BarColumn(), TextColumn("{task.completed:,} of {task.total:,} events"),
        TextColumn("{task.fields[speed]:,.0f} events/s"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=people, disable=silent) as bar:
        task = bar.add_task("", total=1, speed=0.0)
        began: tuple[float, int] | None = None

        def hear(position: int, head: int) -> None:
            nonlocal began
            began = began or (monotonic(), position)
            seconds = monotonic() - began[0]
            speed = (position - began[1]) / seconds if seconds else 0.0
            bar.update(task, completed=position, total=head, speed=speed)

        yield hear
