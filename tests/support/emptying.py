"""Makes a used database as it was before its test: far quicker than to drop it and to copy another."""

from __future__ import annotations

from typing import Any

from psycopg import Connection, sql

from tests.support.waiting import wait_until

MANY_EVENTS = 5_000
"""A log that has grown to more is quicker dropped than emptied."""
LEAVING_SECONDS = 0.5
_OTHERS = (
    "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
)
_HEAD = "select position from log.head"
_TABLES = """
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') order by 1, 2
"""
_FINGERPRINT = """
with made(oid, writer) as (
  select oid, xmin from pg_class union all select attrelid, xmin from pg_attribute
  union all select oid, xmin from pg_namespace union all select oid, xmin from pg_proc
  union all select oid, xmin from pg_trigger union all select oid, xmin from pg_constraint
  union all select indexrelid, xmin from pg_index union all select oid, xmin from pg_attrdef
  union all select oid, xmin from pg_rewrite union all select oid, xmin from pg_type
  union all select oid, xmin from pg_default_acl union all select oid, xmin from pg_policy
)
select count(*), sum(hashtextextended(oid || ' ' || writer, 0)),
  (select count(*) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
   where d.datname = current_database()),
  (select datacl::text from pg_database where datname = current_database())
from made where oid >= 16384
"""
_FORGET = """
set session_replication_role = replica;
alter table log.event disable trigger event_is_append_only;
{}
alter table log.event enable always trigger event_is_append_only;
update log.head set log = gen_random_uuid();
"""
_DELETE = "delete from {}"
_FILL = "insert into {0} select * from json_populate_recordset(null::{0}, {1})"


def emptying(connection: Connection[Any]) -> str:
    """What makes a database as this one is, which has few rows, as one text. Only here a log forgets.

    It is another log then, by its id: nobody goes on with what they knew of the one before.
    """
    statements = []
    for schema, name in connection.execute(_TABLES).fetchall():
        table = sql.Identifier(schema, name)
        statements.append(sql.SQL(_DELETE).format(table))
        row = connection.execute(sql.SQL("select json_agg(each)::text from {} each").format(table)).fetchone()
        if row and row[0]:
            statements.append(sql.SQL(_FILL).format(table, row[0]))
    return _FORGET.format("".join(f"{one.as_string(connection)};\n" for one in statements))


def fingerprint(connection: Connection[Any]) -> tuple[Any, ...]:
    """Other than before as soon as anything was made, altered or dropped, whoever may do what included."""
    (found,) = connection.execute(_FINGERPRINT).fetchall()
    return tuple(found)


def is_left(connection: Connection[Any]) -> bool:
    """Whether nobody else is connected any more, and few events were stored."""
    try:
        wait_until(lambda: _number(connection, _OTHERS) == 0, "the end of all sessions", LEAVING_SECONDS)
    except AssertionError:
        return False
    return _number(connection, _HEAD) < MANY_EVENTS


def _number(connection: Connection[Any], question: str) -> int:
    row = connection.execute(question).fetchone()
    assert row is not None
    return int(row[0])
