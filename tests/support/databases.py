"""Databases for tests: copies of a template that was migrated once."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from milepost.embedded.postgres import APPLICATION, PostgresServer
from tests.support.emptying import emptying, fingerprint, is_left

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

    To copy and to drop a database takes longer than most tests. So the next copy is made while a test runs, and a
    copy that a test has let go of is emptied for another one: unless it was altered, has grown, or is still in use.
    """

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._make()
        with self._connected(TEMPLATE) as connection:
            self._emptying = emptying(connection)
            self._made = fingerprint(connection)
        self._beside = ThreadPoolExecutor(1)
        self._coming: deque[Future[Any]] = deque([self._beside.submit(self._copy)])
        self._as_made: dict[str, tuple[Any, ...]] = {}

    def take(self) -> str:
        """The name of a copy that nobody else has."""
        name: str | None = None
        while name is None:
            name = self._coming.popleft().result()  # raises what emptying or dropping one raised
            if not self._coming:
                self._coming.append(self._beside.submit(self._copy))
        return name

    def drop(self, name: str) -> None:
        """Let go of a copy."""
        self._coming.append(self._beside.submit(self._empty_or_drop, name))

    def close(self) -> None:
        """End; what is still there goes with the server."""
        self._beside.shutdown(cancel_futures=True)

    def _make(self) -> None:
        from projections.engine.live import Projector
        from projections.registry import PROJECTIONS
        from store.migrations import migrate

        with self._connected() as connection:
            self._server.create_database(connection, TEMPLATE)
            _let_make_schemas(connection, TEMPLATE)
        migrate(self._server.url_for(TEMPLATE), app_role=APPLICATION)
        with Projector(self._server.url_for(TEMPLATE, APPLICATION), projections=PROJECTIONS) as projector:
            projector.catch_up()

    def _copy(self) -> str:
        name = _new_name()
        with self._connected() as connection:
            self._server.create_database(connection, name, template=TEMPLATE)
            _let_make_schemas(connection, name)
        return name

    def _empty_or_drop(self, name: str) -> str | None:
        """The name of a copy as it was at first; none when it had to be dropped."""
        with self._connected(name) as connection:
            if is_left(connection) and fingerprint(connection) == self._as_made.get(name, self._made):
                connection.execute(self._emptying.encode())
                self._as_made[name] = fingerprint(connection)
                return name
        with self._connected() as connection:
            _drop(connection, name)
        return None

    def _connected(self, name: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self._server.url_for(name), autocommit=True)


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
