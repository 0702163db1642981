"""What must be in place before API and worker start: the schema, the application's role, the broker's streams."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from milepost.settings.loading import load
from projections.engine import generations
from projections.engine.writing import connect
from projections.registry import PROJECTIONS
from store.migrations import migrate

APPLICATION = "milepost_app"


@dataclass(frozen=True)
class Prepared:
    """What `prepare` changed, and which read models are those of another release."""

    migrations: list[str]
    outdated: list[str]


def prepare(
    owner_url: str, nats_servers: list[str], *, replicas: int, application_url: str | None = None
) -> Prepared:
    """Bring database and broker to what this release needs; any number of times, by any number of processes.

    The application's role gets the name and password of `application_url`, or of the settings when it is not given.
    """
    application_url = application_url or load().application_dsn
    prepared = prepare_database(owner_url, application_url)
    prepare_broker(nats_servers, replicas, application_url or owner_url)
    return prepared


class BrokerError(Exception):
    """The broker did not let its streams be prepared."""


def prepare_broker(nats_servers: list[str], replicas: int, database_url: str) -> None:
    """Make the streams and consumers, or bring them up to date; the consumers of subscribers are made if missing."""
    # `milepost up` starts faster when the broker's client is imported while its children start
    from nats.errors import Error

    from store.connect import connect as connect_database
    from store.subscribers import every
    from workers.transport import BrokerSettings, migrate

    with connect_database(database_url, "prepare") as connection:
        subscribers = every(connection)
    try:
        asyncio.run(migrate(BrokerSettings(tuple(nats_servers), replicas=replicas), subscribers))
    except Error as error:
        raise BrokerError(f"{type(error).__name__}: {error}") from error


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
    return Prepared(migrations, [] if application_url is None else _prepare_read_models(application_url))


def renew_read_models(application_url: str) -> None:
    """Rebuild the read models of another release, and let the views show them."""
    # only after an update: a start has no time for what is hardly ever used
    from projections.engine.rebuild import renew

    renew(application_url, projections=PROJECTIONS)


def _prepare_read_models(application_url: str) -> list[str]:
    """Make the tables and views that answers are read from, so that the API can answer before a worker has begun.

    The answer names those that were made by another release.
    """
    with connect(application_url, "prepare") as connection:
        generations.prepare(connection, PROJECTIONS)
        return generations.outdated(connection, PROJECTIONS)
