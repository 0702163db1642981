"""The database of this installation, for the verbs that work on it directly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from milepost.cli.console.output import BAD_INPUT, UNREACHABLE, fail
from milepost.cli.console.settings import settings
from milepost.up.home import Home, Running
from store.log import Log, Unavailable, UnsafeServer


def application_url() -> str:
    """The application's database: MILEPOST_DATABASE_URL, else that of the running `milepost up` of this home."""
    return settings().application_dsn or _running().database_url


def owner_url() -> str:
    """The same database as its owner, for migrations."""
    return settings().migration_dsn or _running().migration_database_url


def servers() -> list[str]:
    """The NATS servers."""
    return settings().nats_servers or _running().nats_url.split(",")


def migration_servers() -> list[str]:
    """The NATS servers, as the one who may change streams."""
    return settings().migration_nats_servers or _running().migration_nats_url.split(",")


def public_url() -> str:
    """Where people reach this installation."""
    known = settings()
    running = Home(known.home).running()
    return known.public_url or (running.url if running else known.base_url)


def _running() -> Running:
    home = Home(settings().home)
    running = home.running()
    if running is None:
        fail(f"no database: nothing runs in {home.directory}; start `milepost up`, or set MILEPOST_DATABASE_URL",
             UNREACHABLE)  # fmt: skip
    return running


@contextmanager
def running_log() -> Iterator[Log]:
    """The log, started; stopped afterwards."""
    try:
        with Log(application_url()) as log:
            yield log
    except UnsafeServer as error:
        fail(str(error), BAD_INPUT)
    except (Unavailable, psycopg.OperationalError) as error:
        fail(f"the database does not answer: {error}", UNREACHABLE)
