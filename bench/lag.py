"""From the commit of an event to its being visible in the board, with both servers on disk."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from bench.support import begin, durable_server
from domain.events import ProjectOpened, ProjectStage, TaskAdded, TaskMoved
from domain.events.base import Event
from domain.words import StageKey
from milepost.embedded import NatsServer
from milepost.embedded.postgres import APPLICATION
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.connect import connect
from store.log import Append, Log, NewEvent
from store.migrations import migrate
from workers import log_setup
from workers.app import WorkerSettings, serve
from workers.transport import BrokerSettings

SECONDS = 20.0
SEEN = "select position from log.checkpoint where name like 'board%%' order by name desc limit 1"
STAGES = (StageKey("doing"), StageKey("checking"))


def run(scale: float) -> dict[str, float]:
    """Figures p50_ms_50, p99_ms_50, p99_ms_1000 and p50_ms_1000; ``scale`` 1 writes for 20 seconds at each rate."""
    home = Path(tempfile.mkdtemp(prefix="milepost-lag-"))
    try:
        with durable_server() as postgres, NatsServer(home / "nats") as nats:
            migrate(postgres.owner_url, app_role=APPLICATION)
            return _measure(postgres.app_url, (nats.url, nats.relay_url), max(1.0, SECONDS * scale))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure(database_url: str, nats_urls: tuple[str, str], seconds: float) -> dict[str, float]:
    worker = begin("bench.lag", json.dumps([database_url, *nats_urls]))
    try:
        with Log(database_url) as log:
            tasks = _prepare(log)
            _lags(log, tasks, database_url, rate=50, count=100)
            slow = _lags(log, tasks, database_url, rate=50, count=int(50 * seconds))
            fast = _lags(log, tasks, database_url, rate=1000, count=int(1000 * seconds))
    finally:
        worker.terminate()
        worker.wait(30)
    return {
        "p50_ms_50": _percentile(slow, 0.50),
        "p99_ms_50": _percentile(slow, 0.99),
        "p50_ms_1000": _percentile(fast, 0.50),
        "p99_ms_1000": _percentile(fast, 0.99),
    }


def _stored(event: Event) -> NewEvent:
    data = event.model_dump_json(exclude={"at", "by"})
    return NewEvent(event.type, event.schema_version, data, "{}", event.at)


def _prepare(log: Log) -> dict[UUID, int]:
    """A project with 200 tasks; the answer is each task's version."""
    now, project = datetime.now(UTC), uuid4()
    stages = tuple(ProjectStage(key=key, title=key) for key in STAGES)
    log.append([Append(project, 0, [_stored(ProjectOpened(at=now, name="Lag", stages=stages))])])
    tasks = [uuid4() for _ in range(200)]
    added = [
        TaskAdded(at=now, project=project, title="Task", stage=STAGES[0], rank=f"a{n:03}") for n in range(200)
    ]
    log.append([Append(task, 0, [_stored(event)]) for task, event in zip(tasks, added, strict=True)])
    return dict.fromkeys(tasks, 1)


def _lags(log: Log, tasks: dict[UUID, int], database_url: str, *, rate: int, count: int) -> list[float]:
    """Milliseconds from each commit to the first look at the board that reflects it."""
    names, waiting, lags = list(tasks), list[tuple[int, float]](), list[float]()
    committed: list[tuple[int, float]] = []
    with connect(database_url, "lag") as connection:
        begun, sent, deadline = time.perf_counter(), 0, time.perf_counter() + count / rate + 60
        while len(lags) < count and time.perf_counter() < deadline:
            while sent < min(count, int((time.perf_counter() - begun) * rate) + 1):
                task = names[sent % len(names)]
                moved = TaskMoved(at=datetime.now(UTC), stage=STAGES[sent // len(names) % 2], rank="b")
                future = log.submit([Append(task, tasks[task], [_stored(moved)])])
                future.add_done_callback(
                    lambda done: committed.append((done.result().last_position, time.perf_counter()))
                )
                tasks[task] += 1
                sent += 1
            waiting += [committed.pop(0) for _ in range(len(committed))]
            row = connection.execute(SEEN, prepare=True).fetchone()
            seen_at, seen = time.perf_counter(), row[0] if row else 0
            lags += [max(0.0, seen_at - at) * 1000 for position, at in waiting if position <= seen]
            waiting = [each for each in waiting if each[0] > seen]
            time.sleep(0.0005)
    if len(lags) < count:
        raise RuntimeError(f"only {len(lags)} of {count} events became visible")
    return lags


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)


def _work(database_url: str, nats_url: str, relay_url: str) -> None:
    log_setup.set_up("warning")
    settings = WorkerSettings(database_url, BrokerSettings((nats_url,), (relay_url,)))
    serve(settings, lambda log: Projector(database_url, log, projections=PROJECTIONS))


if __name__ == "__main__":
    _work(*json.loads(sys.argv[1]))
