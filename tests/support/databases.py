"""Databases for tests: copies of a template that was migrated once."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import psycopg
from psycopg import sql

from milepost.embedded.postgres import APPLICATION, PostgresServer

TEMPLATE = "milepost_template"


@dataclass(frozen=True)
class Database:
    """One database of the test server, and how to reach it as its owner and as the application."""

    name: str
    owner_url: str
    app_url: str
    server: PostgresServer


class Template:
    """A migrated database with its read models still empty, and copies of it.

    To copy and to drop a database takes longer than most tests: the next copy is made, and the last one dropped,
    while a test runs.
    """

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._make()
        self._beside = ThreadPoolExecutor(1)
        self._next = self._beside.submit(self._copy)
        self._dropped: list[Future[None]] = []

    def take(self) -> str:
        """The name of a copy that nobody else has."""
        name = self._next.result()
        self._next = self._beside.submit(self._copy)
        for done in [each for each in self._dropped if each.done()]:
            self._dropped.remove(done)
            done.result()  # raises what dropping it raised
        return name

    def drop(self, name: str) -> None:
        """Let go of a copy."""
        self._dropped.append(self._beside.submit(self._drop, name))

    def close(self) -> None:
        """End; what is still there goes with the server."""
        self._beside.shutdown(cancel_futures=True)

    def _make(self) -> None:
        from projections.engine import Projector
        from store.migrations import migrate

        with self._connected() as connection:
            self._server.create_database(connection, TEMPLATE)
            _let_make_schemas(connection, TEMPLATE)
        migrate(self._server.url_for(TEMPLATE), app_role=APPLICATION)
        with Projector(self._server.url_for(TEMPLATE, APPLICATION)) as projector:
            projector.catch_up()

    def _copy(self) -> str:
        name = _new_name()
        with self._connected() as connection:
            self._server.create_database(connection, name, template=TEMPLATE)
            _let_make_schemas(connection, name)
        return name

    def _drop(self, name: str) -> None:
        with self._connected() as connection:
            _drop(connection, name)

    def _connected(self) -> psycopg.Connection:
        return psycopg.connect(self._server.url_for("postgres"), autocommit=True)


@contextmanager
def new_database(server: PostgresServer, template: Template | None = None) -> Iterator[Database]:
    """A database for the length of one test: a copy of the template, or an empty one."""
    if template is not None:
        name = template.take()
        try:
            yield _database(server, name)
        finally:
            template.drop(name)
        return
    name = _new_name()
    with psycopg.connect(server.url_for("postgres"), autocommit=True) as connection:
        server.create_database(connection, name)
        yield _database(server, name)
        _drop(connection, name)


def _database(server: PostgresServer, name: str) -> Database:
    return Database(name, server.url_for(name), server.url_for(name, APPLICATION), server)


def _new_name() -> str:
    return f"test_{uuid4().hex[:16]}"


def _let_make_schemas(connection: psycopg.Connection, name: str) -> None:
    """A copy has the tables' grants, not those on the database."""
    grant = sql.SQL("GRANT CREATE ON DATABASE {} TO {}")
    connection.execute(grant.format(sql.Identifier(name), sql.Identifier(APPLICATION)))


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
