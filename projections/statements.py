"""Named statements of .sql files, and their rows: the fields of each kind of row are the columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from string import Formatter
from typing import Any, LiteralString, NamedTuple, TypeVar

from psycopg import Connection, sql
from psycopg.rows import BaseRowFactory, scalar_row

from projections.engine.projection import blocks
from projections.paging import Left, Page, left

Statement = LiteralString | bytes
"""What is sent as it stands in a file, or was composed of parts once."""
T = TypeVar("T")
_CHECKED: set[tuple[Statement, type[Any]]] = set()


def statements(path: str) -> dict[str, LiteralString]:
    """The statements of projections/PATH.sql, as they stand there."""
    return blocks(path)  # a file of the project is as literal as its code


def parts(path: str, **more: sql.Composable) -> dict[str, sql.Composable]:
    """What projections/PATH.sql holds, with these parts or others of the same file for each ``{NAME}``."""
    texts, known = statements(path), dict(more)
    if twice := sorted(texts.keys() & known.keys()):
        raise ValueError(f"{path}.sql has parts of its own that are called {' and '.join(twice)}")

    def made(name: str) -> sql.Composable:
        if name not in known:
            known[name] = sql.SQL(texts[name]).format(**{part: made(part) for part in _wanted(texts[name])})
        return known[name]

    return {name: made(name) for name in texts}


def composed(path: str, **more: sql.Composable) -> dict[str, bytes]:
    """The same, as statements."""
    return {name: part.as_bytes() for name, part in parts(path, **more).items()}


def _wanted(text: str) -> set[str]:
    return {part for _, part, _, _ in Formatter().parse(text) if part}


def columns(row: type[NamedTuple], of: str, **worked_out: sql.Composable) -> sql.Composable:
    """The columns of a kind of row in a statement, of a table that is called ``of`` there, but for those worked out."""
    return sql.SQL(", ").join([
        sql.SQL("{} as {}").format(worked_out[name], sql.Identifier(name))
        if name in worked_out
        else sql.Identifier(of, name)
        for name in row._fields
    ])  # fmt: skip


def ask(connection: Connection[Any], statement: Statement, row: type[T], **values: Any) -> list[T]:
    """All rows of a statement, whose columns are called as the fields of ``row`` are."""
    cursor = connection.cursor(row_factory=rows_as(row, statement))
    return cursor.execute(statement, values, prepare=True).fetchall()


def ask_page(
    connection: Connection[Any], statement: Statement, row: type[T], page: Page, **values: Any
) -> tuple[tuple[T, ...], Left]:
    """A page of rows, and what is left after it; the last column, ``total``, says how many rows there are in all."""
    cursor = connection.cursor(row_factory=_counted_rows(row, statement))
    found = cursor.execute(statement, {**values, **page._asdict()}, prepare=True).fetchall()
    total = next((each.total for each in found), 0)
    return tuple(each.row for each in found), left(total, page, len(found))


def values_of(connection: Connection[Any], statement: Statement, **values: Any) -> list[Any]:
    """The only column of all rows of a statement."""
    return connection.cursor(row_factory=scalar_row).execute(statement, values, prepare=True).fetchall()


def value_of(connection: Connection[Any], statement: Statement, **values: Any) -> Any:
    """The only column of the first row of a statement; None when there is none."""
    return next(iter(values_of(connection, statement, **values)), None)


def rows_as(row: type[T], statement: Statement) -> BaseRowFactory[T]:
    """How a cursor makes rows of this kind. That the columns are the fields is looked at once for each statement."""

    def made(cursor: Any) -> Any:
        _check(row, statement, cursor.description)
        return _maker(row)

    return made


class _Counted(NamedTuple):
    """A row, and how many there are in all."""

    row: Any
    total: int


def _counted_rows(row: type[Any], statement: Statement) -> BaseRowFactory[_Counted]:
    def made(cursor: Any) -> Any:
        _check(row, statement, cursor.description, "total")
        make = _maker(row)

        def counted(values: Sequence[Any]) -> _Counted:
            *told, total = values
            return _Counted(make(told), total)

        return counted

    return made


def _maker(row: type[Any]) -> Callable[[Sequence[Any]], Any]:
    """What makes a row; fields of a dataclass that are no columns have their defaults."""
    made: Callable[[Sequence[Any]], Any] | None = getattr(row, "_make", None)
    return made or (lambda values: row(*values))


def _check(row: type[Any], statement: Statement, description: Sequence[Any] | None, *more: str) -> None:
    if description is None or (statement, row) in _CHECKED:
        return
    columns_ = [column.name for column in description]
    told = list(getattr(row, "_fields", None) or [each.name for each in fields(row)])
    if not hasattr(row, "_fields"):
        told = told[: len(columns_) - len(more)]
    if columns_ != [*told, *more]:
        raise TypeError(f"{row.__name__} has the fields {told}, and the statement gives {columns_}")
    _CHECKED.add((statement, row))
