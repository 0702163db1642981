"""How long the insights into a process take to answer: BPI Challenge 2012, 13,087 runs, 164,506 rounds of steps."""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path
from time import perf_counter

import psycopg

from bench.support import durable_server
from interchange.logs.importer import import_log
from projections import queries
from projections.asking import moment
from projections.engine.live import Projector
from projections.process import insight_queries as insights_queries
from projections.registry import PROJECTIONS
from store.log import Log
from store.migrations import migrate

_TIMES = 9


def run(scale: float) -> dict[str, float]:
    """Milliseconds: the fastest of nine whole answers, of each statement, and of counting the same rows for scale."""
    imports = import_module("bench.import")
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as directory, durable_server() as server:
        request = imports.request(Path(directory), scale)
        migrate(server.owner_url)
        with Log(server.app_url, durable=False) as log:
            imported = import_log(request, log)
            with Projector(server.app_url, log, projections=PROJECTIONS) as projector:
                projector.catch_up()
        with psycopg.connect(server.app_url, autocommit=True) as connection:
            return {"runs": float(imported.runs), **_asked(connection, imported.process)}


def _asked(connection: psycopg.Connection[tuple[object, ...]], process: str) -> dict[str, float]:
    figures = {"insights_ms": _milliseconds(lambda: queries.insights(connection, process))}
    ask = insights_queries.Ask(connection, process, None, moment(None))
    for name in insights_queries.SQL:
        figures[f"{name}_ms"] = _milliseconds(lambda name=name: ask.rows(name))
    count = "select count(*) from read.run_insight, unnest(visit_steps)"
    figures["counting_the_rounds_ms"] = _milliseconds(lambda: connection.execute(count).fetchall())
    return figures


def _milliseconds(ask) -> float:  # type: ignore[no-untyped-def]  # noqa: ANN001 - any question
    taken = []
    for _ in range(_TIMES):
        began = perf_counter()
        ask()
        taken.append(perf_counter() - began)
    return 1_000 * min(taken)
