"""Child runs that were reopened, beside what their parents know of it: where the two differ the parent is told."""

from __future__ import annotations

from collections.abc import Iterator

from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.reopenings import Reopenings
from projections.facts.run_folds import RUN_REOPENINGS

REOPENED_CHILD = Table("reopened_child", ("child", "run", "reopenings"))
HEARD_REOPENING = Table("heard_reopening", ("run", "child", "reopenings"), key=2)


def _rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    found: Reopenings = subject.states[0]
    if found.parent is not None and found.count:
        yield 0, (subject.stream, found.parent, found.count)
    for child, reopenings in found.heard.items():
        yield 1, (subject.stream, child, reopenings)


REOPENINGS = Projection(
    "reopenings",
    1,
    (REOPENED_CHILD, HEARD_REOPENING),
    {"run": Source((RUN_REOPENINGS,), _rows)},
    sql="machine/reopening_rows",
)
