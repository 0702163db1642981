"""The generations of a read model: each is a schema of its own, and the views in ``read`` show the live one.

A generation is called NAME_vVERSION_gNUMBER (``board_v1_g2``); that is also the name of its checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from psycopg import Connection, sql

from projections.engine.projection import Projection

VIEWS = "read"
_LOCK = 0x6D_70_72_65_61_64  # "mpread"
_BOOK = """
create schema if not exists read;
create table if not exists read.generation (
  schema text primary key,
  projection text not null,
  version int not null,
  number int not null,
  state text not null check (state in ('building', 'live', 'old')),
  made_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp()
);
create unique index if not exists generation_live on read.generation (projection) where state = 'live';
"""
_ALL = """
select g.schema, g.projection, g.version, g.number, g.state, coalesce(c.position, 0), c.moved_at, g.made_at,
  (select count(*) from log.parked p where p.projection = g.schema)
from read.generation g left join log.checkpoint c on c.name = g.schema order by g.projection, g.number
"""
_STANDING = """
select g.schema, g.projection, g.version, c.position,
  array(select p.stream from log.parked p where p.projection = g.schema order by p.stream)
from read.generation g join log.checkpoint c on c.name = g.schema where """
_LIVE = _STANDING + "g.state = 'live' order by g.schema"
_ONE = _STANDING + "g.schema = %s"
_NEXT = "select coalesce(max(number), 0) + 1 from read.generation where projection = %s"
_INSERT = (
    "insert into read.generation (schema, projection, version, number, state) values (%s, %s, %s, %s, %s)"
)
_CHECKPOINT = "insert into log.checkpoint (name, position) values (%s, 0)"
_RETIRE = """
update read.generation set state = 'old', changed_at = clock_timestamp() where projection = %s and state = 'live'
"""
_PROMOTE = "update read.generation set state = 'live', changed_at = clock_timestamp() where schema = %s"
_FORGET = (
    "delete from read.generation where schema = %s",
    "delete from log.checkpoint where split_part(name, '#', 1) = %s",
    "delete from log.parked where projection = %s",
)


class NotAllowed(Exception):
    """This cannot be done with that generation."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of a read model, and how far it is."""

    schema: str
    projection: str
    version: int
    number: int
    state: Literal["building", "live", "old"]
    position: int
    moved_at: datetime | None
    made_at: datetime
    parked: int


def prepare(connection: Connection[Any], projections: Iterable[Projection]) -> None:
    """Make the schema of the views, and a live generation of every read model that has none."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        connection.execute("set local client_min_messages = warning")
        connection.execute(_BOOK)
        live = {generation.projection for generation in generations(connection) if generation.state == "live"}
        for projection in projections:
            if projection.name not in live:
                schema = make(connection, projection, "live")
                make_indexes(connection, projection, schema)
                point_views(connection, projection, schema)


def generations(connection: Connection[Any], projection: str | None = None) -> list[Generation]:
    """All generations, of one read model or of all; none where nothing was ever prepared."""
    if connection.execute("select to_regclass('read.generation')").fetchone() == (None,):
        return []
    found = [Generation(*row) for row in connection.execute(_ALL)]
    return [generation for generation in found if projection in (None, generation.projection)]


def how_to_renew(name: str) -> str:
    """What people type to have a read model of another release made anew."""
    return f"milepost projection rebuild {name}, then milepost projection flip {name}"


def outdated(connection: Connection[Any], projections: Iterable[Projection]) -> list[str]:
    """The read models whose live generation is of another version than the code."""
    versions = {projection.name: projection.version for projection in projections}
    return sorted(
        each.projection
        for each in generations(connection)
        if each.state == "live" and each.version != versions.get(each.projection, each.version)
    )


class Standing(NamedTuple):
    """Where a generation stands: its checkpoint, and the streams it gave up on."""

    schema: str
    projection: str
    version: int
    position: int
    parked: list[UUID]


def live(connection: Connection[Any]) -> list[Standing]:
    """Where every live generation stands."""
    return list(map(Standing._make, connection.execute(_LIVE, prepare=True)))


def standing(connection: Connection[Any], schema: str) -> Standing:
    """Where this generation stands; raises NotAllowed where there is none."""
    row = connection.execute(_ONE, [schema]).fetchone()
    if row is None:
        raise NotAllowed(f"there is no generation called {schema!r}")
    return Standing._make(row)


def find(connection: Connection[Any], schema: str) -> Generation:
    """The generation with this name; raises NotAllowed where there is none."""
    for generation in generations(connection):
        if generation.schema == schema:
            return generation
    raise NotAllowed(f"there is no generation called {schema!r}")


def make(connection: Connection[Any], projection: Projection, state: Literal["building", "live"]) -> str:
    """A new, empty generation with its tables (indexes come with ``make_indexes``); the answer is its schema."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        row = connection.execute(_NEXT, [projection.name]).fetchone()
        assert row is not None
        schema = f"{projection.name}_v{projection.version}_g{row[0]}"
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        _run_in(connection, schema, projection.blocks["tables"])
        connection.execute(_INSERT, [schema, projection.name, projection.version, row[0], state])
        connection.execute(_CHECKPOINT, [schema])
    return schema


def make_indexes(connection: Connection[Any], projection: Projection, schema: str) -> None:
    """The indexes beside the primary keys; making them again changes nothing."""
    text = projection.blocks["indexes"].replace("index ", "index if not exists ")
    with connection.transaction():
        connection.execute("set local client_min_messages = warning")
        _run_in(connection, schema, text)
    for table in projection.tables:
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, table.name)))


def _run_in(connection: Connection[Any], schema: str, text: str) -> None:
    if text:
        connection.execute(sql.SQL("set local search_path = {}, pg_catalog").format(sql.Identifier(schema)))
        connection.execute(text.encode())
        connection.execute("set local search_path to default")


def point_views(connection: Connection[Any], projection: Projection, schema: str) -> None:
    """Let the views show this generation from now on, in the caller's transaction."""
    for table in projection.tables:
        view = sql.Identifier(VIEWS, table.name)
        connection.execute(sql.SQL("drop view if exists {}").format(view))
        target = sql.Identifier(schema, table.name)
        connection.execute(sql.SQL("create view {} as select * from {}").format(view, target))


def promote(connection: Connection[Any], projection: Projection, schema: str) -> None:
    """Make this generation the live one, in the caller's transaction; the one that was live becomes old."""
    connection.execute("set local client_min_messages = warning")
    connection.execute(_RETIRE, [projection.name])
    connection.execute(_PROMOTE, [schema])
    point_views(connection, projection, schema)


def drop(connection: Connection[Any], schema: str) -> None:
    """Forget a generation with its tables; raises NotAllowed for the live one."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        if find(connection, schema).state == "live":
            raise NotAllowed(f"{schema} is live")
        connection.execute("set local client_min_messages = warning")
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
        for statement in _FORGET:
            connection.execute(statement, [schema])
