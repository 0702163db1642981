"""The history of runs, tasks and projects: each event is one row, copied by the database itself."""

from __future__ import annotations

from projections.engine.projection import Projection, Table

HISTORY = Table(
    "history",
    (
        "stream", "version", "position", "type", "schema_version", "step", "round", "by", "data", "occurred_at",
        "recorded_at",
    ),
    key=2,
)  # fmt: skip

RUN_HISTORY = Projection("run_history", 1, (HISTORY,), statement="apply", sql="run/history_rows")
