"""`milepost up`, `api`, `worker`, `migrate`, `doctor`: what serves, and whether it is well."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import typer

from milepost.cli.console.output import (
    REFUSED,
    UNHEALTHY,
    UNREACHABLE,
    AsJson,
    Field,
    fail,
    people,
    print_facts,
    print_json,
    print_rows,
)  # fmt: skip
from milepost.cli.console.settings import settings

# What a verb works with is imported when the verb runs: `milepost api` needs no worker, and starts the faster for it.

NAMES = ("up", "api", "worker", "migrate", "doctor")


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    for verb in (up, api, worker, migrate, doctor):
        app.command()(verb)


def up(
    home: Path = typer.Option(None, "--home", help="Directory for all data; else MILEPOST_HOME."),
    port: int = typer.Option(None, "--port", help="Port of the HTTP server; else MILEPOST_PORT."),
    demo: bool = typer.Option(None, "--demo/--no-demo", help="Fill an empty workspace with a demonstration."),
) -> None:
    """Start everything: PostgreSQL, NATS, API and worker; Ctrl-C stops it."""
    from milepost.embedded import EmbeddedError
    from milepost.up.supervisor import up as run_everything

    try:
        code = run_everything(settings(home=home, port=port, demo=demo))
    except EmbeddedError as error:
        fail(str(error), REFUSED)
    raise typer.Exit(code)


def api(
    port: int = typer.Option(None, "--port", help="Port of the HTTP server; else MILEPOST_PORT."),
    share_port: bool = typer.Option(
        False, "--share-port", help="Let several API processes listen on one port."
    ),
) -> None:
    """Serve the HTTP interface and the pages."""
    from milepost.wiring.api import run_api

    raise typer.Exit(_explained(lambda: run_api(settings(port=port), share_port=share_port)))


def worker() -> None:
    """Carry events to NATS and into the read models."""
    from milepost.wiring.worker import run_worker

    raise typer.Exit(_explained(lambda: run_worker(settings())))


def migrate(as_json: bool = AsJson) -> None:
    """Bring database and broker to what this release needs; any number of times."""
    from milepost.cli.console.database import migration_servers, owner_url
    from milepost.up.preparation import BrokerError, prepare
    from projections.engine.generations import how_to_renew

    known = settings()
    try:
        done = prepare(owner_url(), migration_servers(), replicas=known.stream_replicas)
    except (BrokerError, OSError, TimeoutError) as error:
        fail(f"the broker's streams could not be prepared: {str(error) or type(error).__name__}", UNREACHABLE)
    if as_json:
        print_json({"migrations": done.migrations, "outdated": done.outdated})
        return
    told = [f"applied {name}" for name in done.migrations]
    told += [f"made by another release: {name} ({how_to_renew(name)})" for name in done.outdated]
    people.print("\n".join(told) or "nothing to do")


def doctor(as_json: bool = AsJson) -> None:
    """Say whether all is well: versions, settings that matter, the calendar, lag of each projection, parked streams."""
    from milepost.cli.console.database import application_url, servers
    from milepost.settings.calendar import unknown_years
    from milepost.wiring.health import health_of
    from workers.transport import BrokerSettings

    # a broker that is away must not keep the doctor waiting for its return
    broker = BrokerSettings(tuple(servers()), replicas=settings().stream_replicas, max_reconnect_attempts=1)

    async def ask() -> dict[str, Any]:
        return dict(await health_of(application_url(), broker, settings().home)())

    known = settings()
    told = {"calendar": known.calendar.name, "calendar_unknown": unknown_years(known.holidays)}
    health = asyncio.run(ask()) | told
    if as_json:
        print_json(health)
    else:
        _tell(health)
    if health["state"] == "unhealthy":
        raise typer.Exit(UNHEALTHY)


def _tell(health: dict[str, Any]) -> None:
    facts = health["facts"]
    people.print(f"Milepost is {health['state']}" + "".join(f"\n  {reason}" for reason in health["reasons"]))
    print_facts("Versions and settings", {**facts["versions"], **facts["settings"]})
    print_facts(
        "Calendar", {"name": health["calendar"], "not known": health["calendar_unknown"] or "nothing"}
    )
    print_facts("Log", {"id": facts["log"], "head": facts["head"]})
    lag = (Field("consumer", "name"), Field("position", "position"), Field("events behind", "lag_events"),
           Field("ms behind", "lag_ms"))  # fmt: skip
    print_rows("Who follows the log", lag, facts["consumers"])
    parked = (Field("projection", "projection"), Field("stream", "stream"), Field("position", "position"),
              Field("event", "event"), Field("reason", "reason"))  # fmt: skip
    print_rows("Parked streams", parked, facts["parked"])


def _explained(run: Any) -> int:
    from milepost.settings.settings import SettingsError
    from store.errors import Unavailable, UnsafeServer

    try:
        return int(run() or 0)
    except (SettingsError, UnsafeServer, Unavailable) as error:
        fail(str(error), REFUSED)
