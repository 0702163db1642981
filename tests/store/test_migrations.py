"""The schema is brought up once, whoever starts first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from store import checkpoints, schema
from store.errors import UnsafeServer
from store.log import Log
from store.migrations import ChangedMigration, migrate, migrations, pending
from tests.store.support import one
from tests.support.databases import Database

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "schema.sql"


def test_many_processes_may_migrate_at_once(empty_database: Database):
    """Eight migrators at once: each file is applied exactly once."""
    with ThreadPoolExecutor(8) as pool:
        applied = list(pool.map(lambda _: migrate(empty_database.owner_url), range(8)))
    names = [migration.name for migration in migrations()]
    assert [each for each in applied if each] == [names]
    assert pending(empty_database.owner_url) == []
    assert migrate(empty_database.owner_url) == []


def test_a_new_database_says_what_it_lacks(empty_database: Database):
    """Before the first migration all of them are pending."""
    assert pending(empty_database.owner_url) == [migration.name for migration in migrations()]


def test_a_migration_that_was_changed_is_refused(database: Database):
    """A file that was applied may not change afterwards."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("update log.migration set checksum = 'another' where number = 1")
    with pytest.raises(ChangedMigration, match="0001"):
        migrate(database.owner_url)


def test_an_owner_without_superuser_rights_can_migrate(empty_database: Database):
    """A database owner who may make roles is enough, and the log works."""
    owner, app = f"o_{empty_database.name}", f"a_{empty_database.name}"
    with psycopg.connect(empty_database.owner_url, autocommit=True) as connection:
        names = {"owner": sql.Identifier(owner), "database": sql.Identifier(empty_database.name)}
        connection.execute(sql.SQL("create role {owner} login createrole password 'secret'").format(**names))
        connection.execute(sql.SQL("alter database {database} owner to {owner}").format(**names))
    url = psycopg.conninfo.make_conninfo(empty_database.owner_url, user=owner, password="secret")
    assert migrate(url, app, "apart") == [migration.name for migration in migrations()]
    with Log(psycopg.conninfo.make_conninfo(url, user=app, password="apart"), durable=False) as log:
        assert list(log.append(one()).positions) == [1]


def test_the_migrations_make_the_committed_schema(database: Database):
    """docs/reference/schema.sql is what the migrations make."""
    assert schema.dump(database.owner_url) == SCHEMA.read_text()


def test_a_server_that_may_lose_events_is_refused(database: Database):
    """The log does not start on a server without fsync."""
    with pytest.raises(UnsafeServer, match="fsync = off"):
        Log(database.app_url).start()


def test_a_checkpoint_moves_only_from_where_it_is(database: Database):
    """Of two workers that move the same checkpoint, one is told so."""
    with psycopg.connect(database.app_url) as connection:
        assert checkpoints.get(connection, "mine") == 0
        checkpoints.compare_and_swap(connection, "mine", 0, 10)
        checkpoints.compare_and_swap(connection, "mine", 10, 12)
        for stale in (0, 10, 13):
            with pytest.raises(checkpoints.CheckpointMoved):
                checkpoints.compare_and_swap(connection, "mine", stale, 20)
        assert checkpoints.every(connection)["mine"] == 12
        checkpoints.drop(connection, "mine")
        assert checkpoints.get(connection, "mine") == 0
