"""Writes what changed: rows out by key, rows in by COPY, one statement of each kind per table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, LiteralString
from uuid import UUID

import orjson
import psycopg
from psycopg import Connection, sql
from psycopg.types.json import set_json_dumps

from projections.engine.cohort import Parked, TableChange
from projections.engine.packing import pack_exactly
from projections.engine.projection import Projection, Table

PARK = """
insert into log.parked as known (projection, stream, position, error) values (%s, %s, %s, %s)
on conflict (projection, stream) do update set position = excluded.position, error = excluded.error,
  parked_at = excluded.parked_at where known.position <> excluded.position
"""
UNPARK = "delete from log.parked where projection = %s and stream = %s"
MOVE = """
update log.checkpoint set position = %s, moved_at = clock_timestamp() where name = any(%s) and position = %s
"""
LOCK = "select position from log.checkpoint where name = any(%s) order by name for update"
TYPES = """
select c.relname, a.attname, a.atttypid::int from pg_attribute a join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = %s and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
"""
# Read models can always be made again, and their checkpoint commits with them: losing the last moments costs nothing
SESSION: LiteralString = (
    "set synchronous_commit = off; set jit = off; set idle_in_transaction_session_timeout = '60s'; "
    "set statement_timeout = 0; set work_mem = '64MB'; set maintenance_work_mem = '128MB'; set timezone = 'UTC'"
)

# Rows are taken away by key: with statistics that lag behind, a plan for all of the table would be a bad surprise
BY_KEY: LiteralString = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off"


class CheckpointLost(Exception):
    """Another process moved a checkpoint: what was about to be written is theirs."""


def connect(url: str, purpose: str) -> Connection[Any]:
    """A connection for projecting, each statement on its own until a transaction is begun."""
    connection = psycopg.connect(url, autocommit=True, application_name=f"milepost projections {purpose}")
    connection.execute(SESSION)
    set_json_dumps(orjson.dumps, connection)
    pack_exactly(connection)
    return connection


class Writer:
    """The tables of one generation of a projection."""

    def __init__(self, connection: Connection[Any], schema: str, projection: Projection) -> None:
        types: dict[tuple[str, str], int] = {
            (table, column): oid for table, column, oid in connection.execute(TYPES, [schema])
        }
        self.schema = schema
        self.projection = projection
        self._types = [[types[table.name, column] for column in table.columns] for table in projection.tables]
        self._copies = [_copy(schema, table) for table in projection.tables]
        self._deletes = [
            _delete(schema, table, types=self._types[number])
            for number, table in enumerate(projection.tables)
        ]
        self._purges = [_purge(schema, table) for table in projection.tables]
        self._statement = (
            _in_schema(projection.blocks[projection.statement], schema) if projection.statement else None
        )

    def write(self, connection: Connection[Any], number: int, change: TableChange) -> None:
        """Apply the change of one table, in the caller's transaction."""
        with connection.cursor() as cursor:
            if change.streams:
                cursor.execute(self._purges[number], [change.streams])
            if change.keys:
                cursor.execute(self._deletes[number], list(map(list, zip(*change.keys, strict=True))))
            if change.rows:
                with cursor.copy(self._copies[number]) as copy:
                    copy.set_types(self._types[number])
                    write_row = copy.write_row
                    for row in change.rows:
                        write_row(row)

    def run_statement(
        self,
        connection: Connection[Any],
        after: int,
        upto: int,
        *,
        only: Sequence[UUID] | None = None,
        parked: Sequence[UUID] = (),
    ) -> None:
        """Let the database turn a span of events into rows, for a projection that is a statement.

        Those of the streams ``only`` when given, never those of the ``parked``.
        """
        assert self._statement is not None
        asked = {"after": after, "upto": upto, "only": only and list(only), "parked": list(parked)}
        connection.execute(self._statement, asked, prepare=True)

    def purge(self, connection: Connection[Any], stream: UUID) -> None:
        """Take away all rows of one stream."""
        for purge in self._purges:
            connection.execute(purge, [[stream]])


def move(connection: Connection[Any], names: list[str], after: int, upto: int) -> None:
    """Move checkpoints in the caller's transaction; raises CheckpointLost."""
    moved = connection.execute(MOVE, [upto, names, after], prepare=True).rowcount
    if moved != len(names):
        raise CheckpointLost(f"{len(names) - moved} of {names} are no longer at {after}")


def park(connection: Connection[Any], schema: str, parked: Parked) -> None:
    """Note for everybody that this generation gave up on the stream."""
    connection.execute(PARK, [schema, parked.stream, parked.position, parked.error])


def _copy(schema: str, table: Table) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    target = sql.Identifier(schema, table.name)
    return sql.SQL("copy {} ({}) from stdin (format binary)").format(target, columns)


def _delete(schema: str, table: Table, types: list[int]) -> sql.Composed:
    keys = table.columns[: table.key]
    target, columns = sql.Identifier(schema, table.name), sql.SQL(", ").join(map(sql.Identifier, keys))
    cast = partial(_cast, types)
    lists = sql.SQL(", ").join(map(cast, range(table.key)))
    return sql.SQL("delete from {} where ({}) in (select * from unnest({}))").format(target, columns, lists)


def _in_schema(text: str, schema: str) -> bytes:
    """The statement for this generation; a search path would have it planned anew each time."""
    return text.replace("{schema}", sql.Identifier(schema).as_string()).encode()


def _cast(types: list[int], place: int) -> sql.SQL:
    kind = psycopg.adapters.types.get(types[place])
    assert kind is not None
    return {"uuid": sql.SQL("%s::uuid[]"), "text": sql.SQL("%s::text[]"), "int4": sql.SQL("%s::int[]")}[
        kind.name
    ]


def _purge(schema: str, table: Table) -> sql.Composed:
    return sql.SQL("delete from {} where {} = any(%s)").format(
        sql.Identifier(schema, table.name), sql.Identifier(table.columns[0])
    )
