"""Databases for tests: made in milliseconds from a template that was migrated once."""

from collections.abc import Iterator
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


@contextmanager
def new_database(server: PostgresServer, template: str | None = None) -> Iterator[Database]:
    """A database for the length of one test, a copy of `template` if one is named."""
    name = f"test_{uuid4().hex[:16]}"
    with psycopg.connect(server.url_for("postgres"), autocommit=True) as connection:
        server.create_database(connection, name, template=template)
        if template is not None:  # a copy has the tables' grants, not those on the database
            grant = sql.SQL("GRANT CREATE ON DATABASE {} TO {}")
            connection.execute(grant.format(sql.Identifier(name), sql.Identifier(APPLICATION)))
        yield Database(name, server.url_for(name), server.url_for(name, APPLICATION), server)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def make_template(server: PostgresServer) -> str:
    """Migrate a database that others are copied from, with its read models still empty; the answer is its name."""
    from projections.engine import Projector
    from store.migrations import migrate

    with psycopg.connect(server.url_for("postgres"), autocommit=True) as connection:
        server.create_database(connection, TEMPLATE)
        grant = sql.SQL("GRANT CREATE ON DATABASE {} TO {}")
        connection.execute(grant.format(sql.Identifier(TEMPLATE), sql.Identifier(APPLICATION)))
    migrate(server.url_for(TEMPLATE), app_role=APPLICATION)
    with Projector(server.url_for(TEMPLATE, APPLICATION)) as projector:
        projector.catch_up()
    return TEMPLATE
