"""The event table is append-only, also for an application that was taken over."""

from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from store.log import Log
from store.migrations import migrate
from tests.store.support import assert_dense, one
from tests.support.databases import Database

ATTACKS = [
    "update log.event set data = '{}'",
    "delete from log.event",
    "truncate log.event",
    "truncate log.event cascade",
    "alter table log.event disable trigger all",
    "alter table log.event disable trigger event_is_append_only",
    "set session_replication_role = replica",
    "drop table log.event",
    "drop trigger event_is_append_only on log.event",
    "drop function log.append_events",
    "drop schema log cascade",
    "alter table log.event rename to gone",
    "alter table log.event add column more int",
    "alter table log.event owner to current_user",
    "insert into log.event values (99, gen_random_uuid(), 1, 'x', 1, '{}', '{}', now(), now(), '')",
    "copy log.event from program 'echo'",
    "merge into log.event e using (select 1 as position) n on e.position = n.position when matched then delete",
    "select from log.event for update",
    "do $$ begin lock table log.event in exclusive mode; end $$",
    "create rule harm as on insert to log.event do instead nothing",
    "create trigger harm before insert on log.event for each row execute function log.refuse_change()",
    "create table log.mine (a int)",
    "create or replace function log.refuse_change() returns trigger language plpgsql as 'begin return null; end'",
    "update log.head set position = 0",
    "delete from log.command",
    "delete from log.writer",
    "set role milepost_owner",
    "set session authorization milepost_owner",
    "alter role current_user superuser",
    "create extension adminpack",
    "alter system set fsync = off",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_application_cannot_change_what_was_written(database: Database, log: Log, attack: str):
    """Every way to change, remove or bypass stored events is refused to the application's role."""
    log.append(one())
    before = log.read(0, 10)
    owner = psycopg.conninfo.conninfo_to_dict(database.owner_url)["user"]
    attack = attack.replace("milepost_owner", str(owner))
    with (
        psycopg.connect(database.app_url, autocommit=True) as connection,
        pytest.raises(psycopg.Error) as refused,
    ):
        connection.execute(attack.encode())
    assert isinstance(
        refused.value, errors.InsufficientPrivilege | errors.UndefinedObject | errors.FeatureNotSupported
    )
    assert log.read(0, 10) == before


def test_the_application_cannot_grant_itself_more(database: Database):
    """Granting itself rights it does not have gives it none."""
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        connection.execute("grant all on log.event to current_user")
        for right in ("insert", "update", "delete", "truncate", "trigger", "references", "maintain"):
            answer = connection.execute("select has_table_privilege('log.event', %s)", [right]).fetchone()
            assert answer == (False,)


def test_a_shadow_table_does_not_fool_the_function(database: Database, log: Log):
    """A temporary table named like the log's, first in the search path, changes nothing."""
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        connection.execute(
            "create temporary table event (like log.event); create temporary table head (like log.head)"
        )
        connection.execute("set search_path = pg_temp, log")
        stream = uuid4()
        connection.execute(
            "select log.append_events(%s, 1, array[%s::uuid], array[1], array[1], array[0], array[1], array['x'],"
            " array[1], array['{}'], array['{}'], array[now()], null, null, null)",
            [uuid4(), stream],
        )
    assert [found.version for found in log.read_stream(stream)] == [1]


@pytest.mark.parametrize(
    "change", ["update log.event set type = 'x'", "delete from log.event", "truncate log.event"]
)
def test_the_owner_is_refused_too(database: Database, log: Log, change: str):
    """Triggers protect events against the owner's mistakes, replication role or not."""
    log.append(one())
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        with pytest.raises(errors.InsufficientPrivilege, match="never changed"):
            connection.execute(change.encode())
    assert assert_dense(log) == 1


def test_the_application_may_make_its_read_models(database: Database):
    """The application's role makes schemas of its own for read models."""
    migrate(database.owner_url)  # rights on a database do not come with its template
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        connection.execute("create schema board_v1; create table board_v1.card (id uuid)")
        owner = connection.execute(
            "select tableowner = current_user from pg_tables where schemaname = 'board_v1'"
        )
        assert owner.fetchall() == [(True,)]


def test_the_applications_sessions_are_bounded(database: Database):
    """A statement, a wait for a lock and an idle transaction of the application end by themselves."""
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        limits = [
            connection.execute("select current_setting(%s)", [name]).fetchone()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert limits == [("15s",), ("5s",), ("5s",)]
