"""A log of the test's own, and what its read models hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest
from psycopg import sql

from projections.engine.writing import connect
from projections.registry import PROJECTIONS
from store.log import Log
from tests.support.databases import Database


@pytest.fixture
def read_database(database: Database) -> Database:
    """A migrated database in which the application may make the schemas of its read models."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        grant = sql.SQL("grant create on database {} to milepost_app").format(sql.Identifier(database.name))
        connection.execute(grant)
    return database


@pytest.fixture
def log(read_database: Database) -> Iterator[Log]:
    """The log of the test."""
    with Log(read_database.app_url, durable=False) as log:
        yield log


Rows = dict[str, list[tuple[Any, ...]]]


def contents(url: str) -> Rows:
    """All rows of all read models as everybody sees them."""
    return rows_of(url, dict.fromkeys((projection.name for projection in PROJECTIONS), "read"))


def rows_of(url: str, schemas: Mapping[str, str]) -> Rows:
    """All rows of all read models, each in its schema, by table, in the order of their keys.

    They are text, so that no byte is lost.
    """
    found: Rows = {}
    with connect(url, "test") as connection:
        for projection in PROJECTIONS:
            for table in projection.tables:
                columns = [column for column in table.columns if column != "recorded_at"]
                statement = sql.SQL("select {} from {} order by {}").format(
                    sql.SQL(", ").join(
                        sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns
                    ),
                    sql.Identifier(schemas[projection.name], table.name),
                    sql.SQL(", ").join(map(sql.Identifier, table.columns[: table.key])),
                )
                found[table.name] = connection.execute(statement).fetchall()
    return found
