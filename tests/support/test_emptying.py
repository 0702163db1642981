"""A database that is used again is as it was, and one that was altered is never used again."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from store.log import Append, Log, NewEvent
from tests.support.databases import Database
from tests.support.emptying import emptying, fingerprint


def noted() -> Append:
    """An event of a new stream."""
    return Append(uuid4(), 0, [NewEvent("noted", 1, "{}", "{}", datetime.now(UTC))])


def test_an_emptied_database_is_as_it_was(database: Database):
    """Every row of every table, save the id of the log; and the log forgets nothing again from then on."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        new, made, id_ = emptying(connection), fingerprint(connection), log_id(connection)
        with Log(database.app_url, durable=False) as log:
            log.append([noted()])
        assert emptying(connection) != new
        assert fingerprint(connection) == made, "rows are no change of the database itself"
        connection.execute(new.encode())
        assert log_id(connection) != id_
        assert emptying(connection) == new.replace(id_, log_id(connection))
        with Log(database.app_url, durable=False) as log:
            assert log.append([noted()]).first_position == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never changed"):
            connection.execute("delete from log.event")


def log_id(connection: psycopg.Connection) -> str:
    """Which log this is."""
    (found,) = connection.execute("select log::text from log.head").fetchall()
    return str(found[0])


@pytest.mark.parametrize(
    "change",
    [
        "create table log.more (id int)",
        "create schema more",
        "alter table log.event disable trigger all",
        "alter table log.head add column more int",
        "grant delete on log.event to milepost_app",
        "create or replace function log.refuse_change() returns trigger language plpgsql as 'begin return old; end'",
        "drop view read.card",
    ],
)
def test_an_altered_database_is_told_by_its_fingerprint(database: Database, change: str):
    """Whatever is made, altered, dropped or granted."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        made = fingerprint(connection)
        connection.execute(change.encode())
        assert fingerprint(connection) != made
