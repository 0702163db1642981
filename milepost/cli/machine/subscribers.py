"""`milepost subscriber`: which services read our messages at the broker, each as a user of its own that only reads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

import psycopg
import typer

from milepost.cli.console.database import application_url, migration_servers
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
from milepost.cli.console.settings import settings
from milepost.embedded import EmbeddedError
from milepost.embedded.nats import change_subscribers, new_password
from milepost.up.home import Home
from store import subscribers
from store.subscribers import Subscriber
from workers import subscribing
from workers.broker_users import inbox_of, rights_of
from workers.subjects import SUBJECTS
from workers.transport import BrokerSettings

app = typer.Typer(help="Subscribers: services that read our messages at the broker.", no_args_is_help=True)

Name = typer.Argument(help="What the service is called, for example crm.", metavar="NAME")
_ROWS = (
    Field("name", "name", whole=True), Field("subjects", "subjects"), Field("to acknowledge", "unacknowledged"),
    Field("to come", "waiting"),
)  # fmt: skip


@app.command()
def add(
    name: str = Name,
    subjects: list[str] = typer.Option(
        [SUBJECTS], "--subject", help="What it reads; may be given several times.", show_default=True
    ),
    since: Literal["start", "now"] = typer.Option(
        "now", "--from", help="The first message that is kept, or the next."
    ),
    as_json: bool = AsJson,
) -> None:
    """Let a service read, and say how it connects; the password is shown this once."""
    wanted = Subscriber(name, tuple(dict.fromkeys(subjects)), since == "start")
    if (wrong := subscribing.wrong_with(wanted)) is not None:
        fail(wrong, BAD_INPUT)
    with _database() as connection:
        if not subscribers.add(connection, wanted):
            fail(f"{name} subscribes already; `milepost subscriber remove {name}` ends that", REFUSED)
        try:
            with _broker():
                asyncio.run(subscribing.add(_settings(), wanted))
            told = _let_in(name)
        except BaseException:
            subscribers.remove(connection, name)
            _take_consumer_away(name)
            raise
    print_json(told) if as_json else _tell(told)


@app.command("list")
def list_all(as_json: bool = AsJson) -> None:
    """List them, and how far each is."""
    with _database() as connection:
        known = subscribers.every(connection)
    with _broker():
        places = asyncio.run(subscribing.places(_settings(), [each.name for each in known]))
    rows = [
        {**each._asdict(), **(places[each.name]._asdict() if each.name in places else {})} for each in known
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows("Subscribers", _ROWS, rows)


@app.command()
def remove(name: str = Name) -> None:
    """Let a service read no more; its place in the stream goes with it."""
    with _database() as connection:
        known = subscribers.remove(connection, name)
    with _broker():
        asyncio.run(subscribing.remove(_settings(), name))
    embedded = _embedded()
    if embedded is not None:
        change_subscribers(embedded.nats, lambda passwords: _take_out(passwords, name))
    if not known:
        people.print(f"nobody subscribed as {name}; what was left of it is gone")
    else:
        people.print(
            f"{name} reads no more" + ("" if embedded else "; take its user out of the servers' own list")
        )


def _take_out(passwords: dict[str, str], name: str) -> None:
    """Take a user out; Milepost's own are none that can be."""
    if not name.startswith("milepost_"):
        passwords.pop(name, None)


def _take_consumer_away(name: str) -> None:
    """What was made for a service that is not let in after all; a broker that is away has nothing of it."""
    from nats.errors import Error

    with suppress(Error, OSError, TimeoutError):
        asyncio.run(subscribing.remove(_settings(), name))


def _let_in(name: str) -> dict[str, Any]:
    """Make the user: at the embedded server at once, at another as its configuration has to have it."""
    password, embedded = new_password(), _embedded()
    if embedded is None:
        return _as_told(name, password)
    change_subscribers(embedded.nats, lambda passwords: passwords.update({name: password}))
    place = migration_servers()[0].rpartition("@")[2]
    return {
        "name": name,
        "inbox_prefix": inbox_of(name),
        "url": f"nats://{name}:{password}@{place}",
        "user": None,
    }


def _as_told(name: str, password: str) -> dict[str, Any]:
    """The user as the configuration of servers that are others' needs it."""
    user = {"user": name, "password": password, "permissions": rights_of(name).permissions()}
    return {"name": name, "inbox_prefix": inbox_of(name), "url": None, "user": user}


def _tell(told: dict[str, Any]) -> None:
    if told["url"]:
        lines = [f"MILEPOST_NATS_URL={told['url']}"]
    else:
        lines = [
            "Add this user to the configuration of the NATS servers, and reload them:",
            json.dumps(told["user"], indent=2),
        ]
    lines.append(f"Consumer {told['name']} of the stream MILEPOST; answers come to {told['inbox_prefix']}.")
    people.print("\n".join(lines), soft_wrap=True, markup=False)


def _embedded() -> Home | None:
    """The home whose nats-server it is; None where the servers are others'."""
    known = settings()
    return None if known.nats_url else Home(known.home)


def _settings() -> BrokerSettings:
    return BrokerSettings(tuple(migration_servers()), replicas=settings().stream_replicas)


@contextmanager
def _database() -> Iterator[psycopg.Connection[Any]]:
    try:
        with psycopg.connect(application_url(), autocommit=True, connect_timeout=5) as connection:
            yield connection
    except psycopg.OperationalError as error:
        fail(f"the database does not answer: {error}", UNREACHABLE)
    except EmbeddedError as error:
        fail(str(error), REFUSED)


@contextmanager
def _broker() -> Iterator[None]:
    from nats.errors import Error

    try:
        yield
    except (Error, OSError, TimeoutError) as error:
        fail(f"the broker does not do it: {str(error) or type(error).__name__}", UNREACHABLE)
