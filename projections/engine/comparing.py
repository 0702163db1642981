"""Compares two generations of a read model, cell by cell, inside the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from projections.engine.projection import Projection, Table

EXAMPLES = 5

_KEYS = "select {keys} from {one} except all select {keys} from {other}"
_ONLY = "select count(*) from (" + _KEYS + ") t"  # noqa: S608 - names are quoted by psycopg
_EXAMPLES = "select * from (" + _KEYS + ") t order by {keys} limit %s"  # noqa: S608 - names are quoted by psycopg
_CELLS = "select {counts} from {one} a join {other} b using ({keys})"
_CELL = "count(*) filter (where a.{column}{cast} is distinct from b.{column}{cast})"
_JSON = """
select a.attname from pg_attribute a where a.attrelid = format('%%I.%%I', %s::text, %s::text)::regclass
  and a.atttypid = 'json'::regtype
"""


@dataclass(frozen=True, slots=True)
class TableComparison:
    """How two tables differ: rows by key, then cells by column."""

    table: str
    only_live: int
    only_new: int
    cells: dict[str, int]
    examples_live: tuple[tuple[Any, ...], ...]
    examples_new: tuple[tuple[Any, ...], ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.only_live or self.only_new or self.cells)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A generation beside the live one, at the same position."""

    live: str
    new: str
    position: int
    tables: tuple[TableComparison, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return all(table.same for table in self.tables)


def compare_generations(
    connection: Connection[Any], projection: Projection, live: str, new: str
) -> tuple[TableComparison, ...]:
    """Compare every table of a projection in two schemas."""
    return tuple(_compare(connection, table, live, new) for table in projection.tables)


def _compare(connection: Connection[Any], table: Table, live: str, new: str) -> TableComparison:
    one, other = sql.Identifier(live, table.name), sql.Identifier(new, table.name)
    keys = sql.SQL(", ").join(map(sql.Identifier, table.columns[: table.key]))
    only = []
    for a, b in ((one, other), (other, one)):
        count = connection.execute(sql.SQL(_ONLY).format(keys=keys, one=a, other=b)).fetchone()
        assert count is not None
        examples = connection.execute(
            sql.SQL(_EXAMPLES).format(keys=keys, one=a, other=b), [EXAMPLES]
        ).fetchall()
        only.append((count[0], tuple(examples)))
    cells = _cells(connection, table, live, new)
    return TableComparison(table.name, only[0][0], only[1][0], cells, only[0][1], only[1][1])


def _cells(connection: Connection[Any], table: Table, live: str, new: str) -> dict[str, int]:
    columns = table.columns[table.key :]
    as_json = {name for (name,) in connection.execute(_JSON, [live, table.name])}
    counts = sql.SQL(", ").join(
        sql.SQL(_CELL).format(column=sql.Identifier(name), cast=sql.SQL("::text" if name in as_json else ""))
        for name in columns
    )
    keys = sql.SQL(", ").join(map(sql.Identifier, table.columns[: table.key]))
    statement = sql.SQL(_CELLS).format(
        counts=counts, keys=keys, one=sql.Identifier(live, table.name), other=sql.Identifier(new, table.name)
    )
    row = connection.execute(statement).fetchone()
    assert row is not None
    return {name: count for name, count in zip(columns, row, strict=True) if count}
