"""How long it takes to say what a new version means for 10,000 runs under way of the shipped customer onboarding.

The runs are those of the timers' benchmark: forty different histories, each of them many times. The new version adds a
step behind most runs, asks for fields that were not required, changes the words of steps and the dues of others. The
yardstick is a plain read of the same events in the same database: what folding them from the log would need
before it has folded the first.
"""

from __future__ import annotations

import copy
from datetime import UTC
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from api.process.migration_bodies import PlanMigration
from api.process.planning import plan_all
from bench import timers
from bench.support import durable_server
from domain.definition import Definition
from domain.document import stored_form
from interchange.documents.reading import read_document
from projections.engine.live import Projector
from projections.process.rows import PROCESS_STATS
from projections.run.rows import RUN_STEPS
from store.connect import connect
from store.migrations import migrate

ROUNDS = 3
EVENTS = """
select position, stream, version, type, schema_version, data::text, meta::text, occurred_at from log.event
where type <> 'process_version_published' order by stream, version
"""


def run(scale: float) -> dict[str, float]:
    """``plan_seconds`` for all runs together (the median of three), and a plain read of their events beside it."""
    runs = max(timers.SHAPES, int(timers.RUNS * scale))
    with durable_server() as server:
        migrate(server.owner_url)
        shapes = timers._shapes()  # noqa: SLF001 - the same runs as the timers' benchmark has
        with psycopg.connect(server.owner_url) as connection:
            stored = timers._fill(connection, shapes, runs)  # noqa: SLF001 - as above
        with Projector(server.app_url, projections=(RUN_STEPS, PROCESS_STATS)) as projector:
            projector.catch_up()
        with connect(server.app_url, "bench") as connection:
            return {"runs": float(runs), "events": float(stored)} | _measured(connection, runs)


def _measured(connection: psycopg.Connection[Any], runs: int) -> dict[str, float]:
    old, new = _versions()
    seconds: list[float] = []
    plain: list[float] = []
    for _ in range(ROUNDS):
        began = perf_counter()
        overview, _ = plan_all(connection, lambda _process, _version: old, new, PlanMigration(), UTC)
        seconds.append(perf_counter() - began)
        if overview.total != runs:
            raise RuntimeError(f"{overview.total} of {runs} runs were planned")
        began = perf_counter()
        connection.execute(EVENTS, binary=True).fetchall()
        plain.append(perf_counter() - began)
    overview, _ = plan_all(connection, lambda _process, _version: old, new, PlanMigration(), UTC)
    took, read = sorted(seconds)[ROUNDS // 2], sorted(plain)[ROUNDS // 2]
    return {
        "plan_seconds": took,
        "plan_seconds_100": took / runs * 100,
        "runs_per_s": runs / took,
        "plain_read_seconds": read,
        "ratio_plain_read": took / read,
        "safe": float(overview.safe),
        "needs_choice": float(overview.needs_choice),
        "blocked": float(overview.blocked),
    }


def _versions() -> tuple[Definition, Definition]:
    document, _ = read_document(Path(__file__).parent.parent / "processes" / "customer-onboarding.yaml")
    assert document is not None
    changed = copy.deepcopy(stored_form(document))
    for number, stage in enumerate(changed["stages"]):
        stage["title"] += ", new"
        stage["steps"][-1]["due"] = {"anchor": "run_start", "offset": 20 + number}
    middle = changed["stages"][len(changed["stages"]) // 2]["steps"]
    middle.insert(1, {"key": "credit_check", "title": "Check the credit", "role": middle[0]["role"]})
    for step in middle:
        step["title"] += ", again"
        for field in step.get("fields", []):
            field["required"] = True
    new = Definition.load(document.key, 2, changed)
    return Definition(document.key, 1, document), new
