"""docs/reference/schema.sql, from the migrations as a real PostgreSQL applies them."""

import psycopg

from milepost.embedded import PostgresServer
from store.migrations import migrate
from store.schema import dump

DATABASE = "schema"


def schema() -> dict[str, str]:
    """What a new database looks like."""
    with PostgresServer.temporary() as server:
        with psycopg.connect(server.url_for("postgres"), autocommit=True) as connection:
            server.create_database(connection, DATABASE)
        migrate(server.url_for(DATABASE))
        return {"docs/reference/schema.sql": dump(server.url_for(DATABASE))}
