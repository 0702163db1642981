"""Rebuilds all read models from a large made log (and from the real one, where it is), beside COPY out of the log."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import set_json_dumps

from bench.support import durable_server
from domain.words import process_stream
from projections.engine import rebuild_parts as parts
from projections.engine.rebuild import drop, list_generations, rebuild
from projections.registry import PROJECTIONS
from store.migrations import migrate

EVENTS = 2_000_000
STEPS, STAGES, ALIVE = 24, 4, 500
"""Of a made run; ALIVE runs are under way at any time, so that their events are mixed."""
BEGIN = datetime(2025, 1, 6, 8, tzinfo=UTC)
COPY_IN = """
copy log.event (position, stream, version, type, schema_version, data, meta, occurred_at, recorded_at, hash)
from stdin (format binary)
"""
TYPES = ["int8", "uuid", "int4", "text", "int4", "json", "json", "timestamptz", "timestamptz", "bytea"]
ACTOR = {"actor": "person:dana"}
_NO_HASH = bytes(32)

Stored = tuple[UUID, str, dict[str, Any]]


def run(scale: float) -> dict[str, float]:
    """Events per second over all read models together; ``scale`` 1 is 2 M made events and the whole real log."""
    figures: dict[str, float] = {}
    with durable_server() as server:
        migrate(server.owner_url)
        if _import_real(server.app_url, scale):
            figures |= _measured(server.app_url, "bpic2012")
        with psycopg.connect(server.owner_url) as connection:
            _fill(connection, max(int(EVENTS * scale), 5_000))
        figures |= _measured(server.app_url, "synthetic")
        figures |= _memory()
    figures["events_per_s"] = figures.get("events_per_s_bpic2012", figures["events_per_s_synthetic"])
    figures["ratio_copy"] = figures["events_per_s_synthetic"] / figures["copy_per_s_synthetic"]
    return figures


def _memory() -> dict[str, float]:
    """The largest process that folded, and all of them at their largest at once; pages they share count each time."""
    here, part = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {"rss_mb": max(here, part), "rss_mb_sum_at_most": here + parts.parts_for(EVENTS) * part}


def _measured(url: str, name: str) -> dict[str, float]:
    """A rebuild in this process, and COPY of the same events out of the same table."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select position from log.head").fetchone()
        assert row is not None
        began = perf_counter()
        with connection.cursor().copy("copy log.event to stdout") as copy:
            for _chunk in copy:
                pass
        copied = perf_counter() - began
    began = perf_counter()
    rebuild(url, projections=PROJECTIONS)
    rebuilt = perf_counter() - began
    for generation in list_generations(url):
        if generation.state == "building":
            drop(url, generation.schema)
    return {
        f"events_{name}": float(row[0]),
        f"seconds_{name}": rebuilt,
        f"events_per_s_{name}": row[0] / rebuilt,
        f"copy_per_s_{name}": row[0] / copied,
    }


def _import_real(url: str, scale: float) -> bool:
    """Put the loan applications into the log, where they are at hand and a full run is asked for."""
    from interchange.logs.importer import Request, import_log
    from store.log import Log

    here = Path(__file__).parent.parent
    path = (
        Path(os.environ.get("MILEPOST_DATA", here / "../shared/data")) / "bpic2012_loans" / "bpic2012.xes.gz"
    )
    stages = here / "tests" / "interchange" / "maps" / "bpic2012.yaml"
    if scale < 1 or not path.exists():
        return False
    with Log(url) as log:
        import_log(Request(path, "xes", "loans", stages=stages, project="Loans"), log)
    return True


def _fill(connection: psycopg.Connection, events: int) -> None:
    """Store made events as the owner of the log may, without the cost of appending them."""
    row = connection.execute("select position from log.head").fetchone()
    assert row is not None
    position = row[0]
    versions: dict[UUID, int] = {}
    set_json_dumps(orjson.dumps, connection)
    with connection.cursor().copy(COPY_IN) as copy:
        copy.set_types(TYPES)
        for stream, kind, data in _made(events):
            position += 1
            versions[stream] = version = versions.get(stream, 0) + 1
            at = BEGIN + timedelta(seconds=position)
            copy.write_row((position, stream, version, kind, 1, data, ACTOR, at, at, _NO_HASH))
            if kind == "run_completed":
                del versions[stream]
    connection.execute("update log.head set position = %s", [position])
    connection.commit()
    connection.execute("analyze log.event")
    connection.commit()


def _made(events: int) -> Iterator[Stored]:
    """A published process, then runs of it, ALIVE of them at a time in turn."""
    stages = [
        {"key": f"stage_{stage}", "title": f"Stage {stage}", "steps": [
            {"key": f"step_{step}", "title": f"Step {step}"}
            for step in range(stage * STEPS // STAGES, (stage + 1) * STEPS // STAGES)]}
        for stage in range(STAGES)
    ]  # fmt: skip
    document = {"key": "made", "title": "Made", "stages": stages}
    published = {"process": "made", "process_version": 1, "note": "made", "document": document}
    yield process_stream("made"), "process_version_published", published
    number, count = 0, 1
    alive: list[Iterator[Stored]] = []
    while count < events:
        while len(alive) < ALIVE:
            number += 1
            alive.append(_run(number))
        left = []
        for run_ in alive:
            found = next(run_, None)
            if found is not None and count < events:
                yield found
                count += 1
                left.append(run_)
        alive = left


def _run(number: int) -> Iterator[Stored]:
    stream = UUID(int=number)
    started = {"process": "made", "process_version": 1, "name": f"Run {number}", "inputs": {"amount": number}}
    yield stream, "run_started", started
    for place in range(STEPS):
        step = {"step": f"step_{place}", "round": 1}
        yield (
            stream,
            "step_became_ready",
            {**step, "cause": "rule", "assignee": "person:dana", "due_at": None},
        )
        yield stream, "step_started", step
        yield stream, "step_completed", {**step, "values": {"amount": number}, "outcome": None}
    yield stream, "run_completed", {"outcome": "Done"}
