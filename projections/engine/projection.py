"""What a projection is: from the folded states of a stream to the rows that this stream has in its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.definition import Definition
from projections.engine.fold import Fold

Row = tuple[Any, ...]


class Definitions(Protocol):
    """Gives the compiled graph of a published version."""

    def __call__(self, process: str, version: int) -> Definition:
        """The definition; raises a LookupError when the log does not hold it."""


class Subject(NamedTuple):
    """One stream as it stands: its id, its last version, the states that the projection's folds made of it."""

    stream: UUID
    version: int
    states: Sequence[Any]
    definitions: Definitions


Rows = Iterable[tuple[int, Row]]
"""(number of the table within the projection, row); the key of a row starts with the stream it comes from."""


@dataclass(frozen=True)
class Table:
    """One table of a read model; the first ``key`` columns are its primary key, the first of them is the stream."""

    name: str
    columns: tuple[str, ...]
    key: int = 1


@dataclass(frozen=True, eq=False)
class Source:
    """How the streams of one aggregate become rows: a pure function of the stream's history, without a clock."""

    folds: tuple[Fold, ...]
    rows: Callable[[Subject], Rows]


@dataclass(frozen=True, eq=False)
class Projection:
    """A read model: name and version (a changed table or meaning is a new version), its tables, where rows come from.

    ``sql`` is the file of its statements, from ``projections/`` and without its ending. ``statement`` is the name of an
    SQL block instead of sources: it turns the events of a span of positions into rows.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)
    statement: str | None = None
    sql: str = field(kw_only=True)

    @cached_property
    def blocks(self) -> dict[str, str]:
        """The named blocks of the .sql file beside the module: ``tables``, ``indexes``, and statements."""
        return blocks(self.sql)


def blocks(path: str) -> dict[str, str]:
    """The blocks of projections/PATH.sql; each begins with a line ``-- name: KEY``."""
    text = files("projections").joinpath(f"{path}.sql").read_text("utf-8")
    parts = text.split("-- name: ")[1:]
    return {head.strip(): body.strip() for head, _, body in (part.partition("\n") for part in parts)}
