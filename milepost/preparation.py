"""What must be in place before API and worker start: the schema, the application's role, the broker's streams."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from milepost.settings import load
from projections import generations
from projections.registry import PROJECTIONS
from projections.writing import connect
from store.migrations import migrate

APPLICATION = "milepost_app"


@dataclass(frozen=True)
class Prepared:
    """What `prepare` changed."""

    migrations: list[str]


def prepare(
    owner_url: str, nats_servers: list[str], *, replicas: int, application_url: str | None = None
) -> Prepared:
    """Bring database and broker to what this release needs; any number of times, by any number of processes.

    The application's role gets the name and password of `application_url`, or of the settings when it is not given.
    """
    # `milepost up` prepares its database only, and starts faster without the broker's client
    from workers.transport import BrokerSettings
    from workers.transport import migrate as migrate_broker

    prepared = prepare_database(owner_url, application_url or load().application_dsn)
    asyncio.run(migrate_broker(BrokerSettings(tuple(nats_servers), replicas=replicas)))
    return prepared


def prepare_database(owner_url: str, application_url: str | None) -> Prepared:
    """Migrate, let the application's role in, and make the read models that are not there yet.

    Where one URL serves both, the role that owns the schema is the one that works with it.
    """
    owner, application = urlsplit(owner_url), urlsplit(application_url or "")
    if not application.username or application.username == owner.username:
        migrations = migrate(owner_url, app_role=APPLICATION)
    else:
        password = unquote(application.password) if application.password else None
        migrations = migrate(owner_url, app_role=unquote(application.username), app_password=password)
    if application_url is not None:
        _prepare_read_models(application_url)
    return Prepared(migrations)


def _prepare_read_models(application_url: str) -> None:
    """Make the tables and views that answers are read from, so that the API can answer before a worker has begun."""
    with connect(application_url, "prepare") as connection:
        generations.prepare(connection, PROJECTIONS)
