"""Child runs that were reopened, beside what their parents know of it: where the two differ the parent is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from domain.events import ChildRunEnded
from projections.engine.fold import Data, Fold
from projections.engine.projection import Projection, Row, Source, Subject, Table

REOPENED_CHILD = Table("reopened_child", ("child", "run", "reopenings"))
HEARD_REOPENING = Table("heard_reopening", ("run", "child", "reopenings"), key=2)


class Reopenings:
    """How often a run was reopened, its parent, and how many reopenings of its own children it has heard of."""

    def __init__(self) -> None:
        self.parent: UUID | None = None
        self.count = 0
        self.heard: dict[UUID, int] = {}


def _started(found: Reopenings, data: Data, _at: datetime, _by: str | None) -> None:
    parent = data.get("parent_run")
    found.parent = None if parent is None else UUID(str(parent))


def _reopened(found: Reopenings, _data: Data, _at: datetime, _by: str | None) -> None:
    found.count += 1


def _child_ended(found: Reopenings, data: Data, at: datetime, _by: str | None) -> None:
    event = ChildRunEnded.model_validate({**data, "at": at})
    if event.reopenings:
        found.heard[event.child] = event.reopenings


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    found: Reopenings = subject.states[0]
    if found.parent is not None and found.count:
        yield 0, (subject.stream, found.parent, found.count)
    for child, reopenings in found.heard.items():
        yield 1, (subject.stream, child, reopenings)


_FOLD = Fold(
    "reopenings",
    Reopenings,
    {"run_started": _started, "run_reopened": _reopened, "child_run_ended": _child_ended},
)

REOPENINGS = Projection(
    "reopenings",
    1,
    (REOPENED_CHILD, HEARD_REOPENING),
    {"run": Source((_FOLD,), _rows)},
    sql="machine/reopening_rows",
)
