"""A real server on a real database, its log, and somebody to talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import httpx
import psycopg
import pytest

from api.access import grants as access
from api.access.grants import SCOPES
from api.access.guard import Site
from api.app import create_app
from api.handling import reached
from api.handling.services import Services
from api.server import listen, make_server
from application.milepost import Milepost
from domain.words import Actor
from milepost.embedded import PostgresServer
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.connect import make_pool
from store.log import Log
from tests.support.clients import client_of
from tests.support.databases import Database, Template, new_database
from tests.support.people import WelcomingDirectories, WelcomingGate
from tests.support.waiting import wait_until

DANA = Actor("person:dana")

PROCESS: dict[str, Any] = {
    "key": "onboarding",
    "title": "Onboarding",
    "roles": [{"key": "seller", "title": "Seller"}],
    "stages": [
        {
            "key": "start",
            "title": "Start",
            "steps": [
                {"key": "contract", "title": "Sign the contract", "role": "seller", "fields": [
                    {"key": "goals", "title": "Goals", "kind": "text", "required": True}]},
                {"key": "kickoff", "title": "Kick-off", "role": "seller"},
            ],
        },
        {"key": "live", "title": "Live", "steps": [{"key": "go", "title": "Go live", "role": "seller"}]},
    ],
}  # fmt: skip


@dataclass
class Api:
    """A running server: where it is, what it works with, and a client that may do everything."""

    url: str
    database: Database
    services: Services
    client: httpx.Client

    def token(self, actor: str = DANA, *scopes: str) -> str:
        """A new token's secret."""
        with psycopg.connect(self.database.app_url, autocommit=True) as connection:
            return access.create_token(connection, Actor(actor), scopes or tuple(SCOPES)).secret  # type: ignore[arg-type]

    def as_(self, actor: str, *scopes: str) -> httpx.Client:
        """A client of somebody."""
        return client_of(self.url, self.token(actor, *scopes))

    def publish(self, document: dict[str, Any] = PROCESS) -> str:
        """Publish a process; its key."""
        key: str = document["key"]
        assert self.client.put(f"/v1/processes/{key}/draft", json=document).status_code == 200
        published = self.client.post(f"/v1/processes/{key}/publish", json={"note": "First"})
        assert published.status_code == 200, published.text
        return key

    def start(self, **more: Any) -> str:
        """Start a run of the process; its id."""
        body = {"process": "onboarding", "name": "Acme", "roles": {"seller": DANA}, **more}
        started = self.client.post("/v1/runs", json=body)
        assert started.status_code == 201, started.text
        run: str = started.json()["id"]
        return run

    def add(self, *people: str) -> None:
        """Let these work here, as the read models have it too."""
        for key in people:
            told = self.client.post("/v1/people", json={"person": key, "name": key.capitalize()})
            assert told.is_success, told.text

    @property
    def head(self) -> int:
        """The newest position of the log."""
        return self.services.log.head()


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    """A server of this test's own."""
    with serving(database) as made:
        yield made


@pytest.fixture(scope="module")
def shared(postgres_server: PostgresServer, database_template: Template) -> Iterator[Api]:
    """One server for all tests of a module that change nothing, or nothing that another of them looks at."""
    with new_database(postgres_server, database_template) as database, serving(database) as made:
        yield made


@contextmanager
def serving(database: Database) -> Iterator[Api]:
    """A server on a database, its read models at the head of the log."""
    with (
        Log(database.app_url, durable=False) as log,
        Projector(database.app_url, log, projections=PROJECTIONS) as projector,
    ):
        _PROJECTORS[database.name] = projector
        if log.head():  # the read models of a new database are there, and empty as its log is
            project(database, log)
        services = make_services(database, log)
        listening = listen("127.0.0.1", 0)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        services.site = Site(url)
        server = make_server(create_app(services))
        thread = Thread(target=server.run, args=[[listening]], daemon=True)
        thread.start()
        wait_until(lambda: server.started, "the start of the server")
        made = Api(url, database, services, client_of(url))
        made.client.headers["Authorization"] = f"Bearer {made.token()}"
        with made.client:
            yield made
        server.should_exit = True
        thread.join(10)
        services.pool.close()
        listening.close()
        del _PROJECTORS[database.name]


def project(database: Database, log: Log) -> int:
    """Bring the read models to the head of the log; the position they reached."""
    served = _PROJECTORS.get(database.name)
    if served is not None:
        return served.catch_up()
    with Projector(database.app_url, log, projections=PROJECTIONS) as projector:
        return projector.catch_up()


_PROJECTORS: dict[str, Projector] = {}
"""Those of the databases that are served now: to open one anew takes longer than what it has to do in most tests."""


def make_services(database: Database, log: Log) -> Services:
    """Services on a test's database; the pool is open."""
    pool = make_pool(database.app_url, "api", 4)
    pool.open()
    services = Services(
        log=log,
        app=Milepost(log),
        pool=pool,
        site=Site("http://127.0.0.1"),
        reached=reached.positions,
        projects_of=reached.projects_of,
        wait_seconds=0.5,
    )
    services.app.directories = WelcomingDirectories(services.log)
    services.app.gate = WelcomingGate(services.app)
    return services


@pytest.fixture
def published(api: Api) -> Api:
    """A server with one published process."""
    api.publish()
    return api
