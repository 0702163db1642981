"""A made log for benchmarks of boards: a project of runs under way, in as large a log as is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import set_json_dumps

from domain.words import process_stream
from projections.engine.rebuild import drop, flip, list_generations, rebuild
from projections.registry import PROJECTIONS

PROJECT = UUID(int=1 << 100)
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
STEPS, STAGES = 24, 6
RUNS = 300
_COPY_IN = """
copy log.event (position, stream, version, type, schema_version, data, meta, occurred_at, recorded_at, hash)
from stdin (format binary)
"""
_TYPES = ["int8", "uuid", "int4", "text", "int4", "json", "json", "timestamptz", "timestamptz", "bytea"]
_ACTOR = {"actor": "person:dana"}
_NO_HASH = bytes(32)

Stored = tuple[UUID, str, dict[str, Any]]


def project_log(number_of_runs: int = RUNS) -> Iterator[Stored]:
    """A process, a project, and its runs: each a different way into its steps, all still open."""
    yield process_stream("made"), "process_version_published", _published()
    stages = [
        {"key": f"stage_{stage}", "title": f"Stage {stage}", "wip_limit": 60} for stage in range(STAGES)
    ]
    yield (
        PROJECT,
        "project_opened",
        {"name": "Made", "owner": "person:dana", "stages": stages, "process": "made"},
    )
    runs = [_run(number, 2 + number % (STEPS - 3)) for number in range(number_of_runs)]
    while runs:
        left = []
        for each in runs:
            found = next(each, None)
            if found is not None:
                yield found
                left.append(each)
        runs = left


def others(events: int, first: int = 1 << 40) -> Iterator[Stored]:
    """So many events of runs that stand on no board and have ended; ``first`` is the number before their ids."""
    number, made = first, 0
    while made < events:
        number += 1
        for event in _run(number, STEPS, project=False):
            yield event
            made += 1
        yield UUID(int=number + 1), "run_completed", {"outcome": "Done"}
        made += 1


def store(connection: psycopg.Connection[Any], events: Iterable[Stored], apart: timedelta) -> int:
    """Store them as the owner of the log may, this far apart; the position of the last one."""
    row = connection.execute("select position from log.head").fetchone()
    assert row is not None
    position: int = row[0]
    versions: dict[UUID, int] = {}
    set_json_dumps(orjson.dumps, connection)
    with connection.cursor().copy(_COPY_IN) as copy:
        copy.set_types(_TYPES)
        for stream, kind, data in events:
            position += 1
            versions[stream] = version = versions.get(stream, 0) + 1
            at = BEGIN + position * apart
            copy.write_row((position, stream, version, kind, 1, data, _ACTOR, at, at, _NO_HASH))
            if kind == "run_completed":
                del versions[stream]
    connection.execute("update log.head set position = %s", [position])
    connection.commit()
    connection.execute("analyze log.event")
    connection.commit()
    return position


def make_read_models(url: str) -> None:
    """Every read model from the whole log, beside the live ones, then in their place."""
    for generation in rebuild(url, projections=PROJECTIONS):
        flip(url, generation.schema, projections=PROJECTIONS)
    for generation in list_generations(url):
        if generation.state == "old":
            drop(url, generation.schema)


def _published() -> dict[str, Any]:
    stages = [
        {"key": f"stage_{stage}", "title": f"Stage {stage}", "target_days": 5 * (stage + 1), "steps": [
            {"key": f"step_{step}", "title": f"Step {step}", "gate": {} if step % 4 == 3 else None}
            for step in range(stage * STEPS // STAGES, (stage + 1) * STEPS // STAGES)]}
        for stage in range(STAGES)
    ]  # fmt: skip
    document = {"key": "made", "title": "Made", "stages": stages}
    return {"process": "made", "process_version": 1, "note": "made", "document": document}


def _run(number: int, done: int, *, project: bool = True) -> Iterator[Stored]:
    stream = UUID(int=number + 1)
    started = {"process": "made", "process_version": 1, "name": f"Run {number}", "inputs": {"amount": number}}
    yield stream, "run_started", {**started, "project": str(PROJECT)} if project else started
    for place in range(done):
        step = {"step": f"step_{place}", "round": 1}
        due_at = (BEGIN + timedelta(days=place)).isoformat() if place % 2 else None
        yield (
            stream,
            "step_became_ready",
            {**step, "cause": "rule", "assignee": f"person:p{number % 20}", "due_at": due_at},
        )
        yield stream, "step_started", step
        if place < done - 1 or not project:
            outcome = "approved" if place % 4 == 3 else None
            yield stream, "step_completed", {**step, "values": {"amount": number}, "outcome": outcome}
