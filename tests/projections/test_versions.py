"""The version of a read model says which tables a database of it has, so tables never change without it."""

from __future__ import annotations

import pytest

from domain.canonical import sha256_of
from projections.engine.projection import Projection
from projections.registry import BY_NAME, PROJECTIONS

RECORDED = {
    "run_steps": (9, "a81a2e15ee4d09f0"),
    "run_history": (1, "df2ac292a2c7aa57"),
    "board": (8, "b85984a48d06426a"),
    "attention": (3, "354d7a88328e84a5"),
    "inbox": (4, "1dabc4cc8da54f34"),
    "process_stats": (4, "0f5fec70807b0e58"),
    "insights": (4, "ea08d9be0177d1e7"),
    "recurrences": (2, "e2ed5c80d0ce91ba"),
    "alarms": (2, "e64fcd2a14fad37f"),
    "tasks": (1, "e341c947d0ad14eb"),
    "people": (2, "4684ef5791eba51d"),
    "actions": (3, "70af555b7c2ae131"),
    "reopenings": (1, "aa70ca3ce503f152"),
    "views": (2, "67758032fef54f6b"),
}
"""The version of each read model, and the hash of the tables that a database of this version has."""


def tables_of(projection: Projection) -> str:
    """The hash of what a generation is made with, and of how its rows are written, without the blanks."""
    made = [" ".join(projection.blocks.get(block, "").split()) for block in ("tables", "indexes")]
    written = [[table.name, *table.columns, table.key] for table in projection.tables]
    return sha256_of([made, written])[:16]


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_other_tables_are_another_version(projection: Projection) -> None:
    """A database that was made for other tables is told to rebuild, and not written to with columns it lacks."""
    version, recorded = RECORDED[projection.name]
    now = tables_of(projection)
    if projection.version == version:
        assert now == recorded, (
            f"the tables of {projection.name} changed: raise its version, "
            f"and record ({version + 1}, {now!r}) here"
        )
    else:
        assert projection.version > version, f"{projection.name} had version {version} already"
        pytest.fail(f"record ({projection.version}, {now!r}) of {projection.name} here")


def test_every_read_model_is_recorded() -> None:
    """None is left out, and none is kept that is gone."""
    assert RECORDED.keys() == BY_NAME.keys()
