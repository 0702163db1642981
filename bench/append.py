"""Single-event commands through decide and append, beside the library's own recorder and pgbench on the same server."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path
from uuid import uuid4

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from bench.support import durable_server, percentile, throughput
from domain.aggregate import Aggregate
from domain.events import TaskCommented
from domain.words import Actor
from milepost.embedded import PostgresServer
from milepost.embedded.binaries import postgres_programs
from store.log import Command, Log
from store.mapper import to_new_event
from store.migrations import migrate
from store.repository import Repository

SECONDS = 8.0
_TEXT = (
    "The customer's champion answered: the contract goes to legal this afternoon, training starts on Monday."
)
_BY = Actor("person:dana")
COMMENTS: Aggregate[int] = Aggregate("comments", lambda comments, _event: (comments or 0) + 1)


def _comment() -> TaskCommented:
    return TaskCommented(comment=uuid4(), text=_TEXT, by=_BY, at=datetime.now(UTC))


def run(scale: float) -> dict[str, float]:
    """All figures; ``scale`` 1 measures each for 8 s."""
    seconds = max(SECONDS * scale, 0.3)
    with durable_server() as server:
        migrate(server.owner_url)
        pgbench = _pgbench(server, seconds)
        library = _library(server, seconds)
        figures = {"pgbench_per_s_32": pgbench, "library_per_s_32": library}
        with Log(server.app_url) as log:
            for threads in (1, 8, 32, 128):
                rate, durations = throughput(threads, seconds, _commands(Repository(log)))
                figures[f"per_s_{threads}"] = rate
                figures[f"p50_ms_{threads}"] = percentile(durations, 50) * 1000
                figures[f"p99_ms_{threads}"] = percentile(durations, 99) * 1000
            rate, _ = throughput(32, seconds, _commands(Repository(log), with_ids=True))
            figures["per_s_32_command_ids"] = rate
    figures["ratio_library_32"] = figures["per_s_32"] / library
    figures["ratio_pgbench_32"] = figures["per_s_32"] / pgbench
    return figures


def _commands(repository: Repository, *, with_ids: bool = False) -> Callable[[int], Callable[[], object]]:
    """Each thread comments on 20 streams of its own, one event a command."""

    def work(_thread: int) -> Callable[[], object]:
        streams = cycle([uuid4() for _ in range(20)])

        def decide(_comments: int | None) -> list[TaskCommented]:
            return [_comment()]

        def call() -> object:
            command = Command(str(uuid4()), "fingerprint") if with_ids else None
            return repository.execute(COMMENTS, next(streams), decide, command=command)

        for _ in range(20):  # every stream is open: what is measured is the next command on it
            call()
        return call

    return work


def _library(server: PostgresServer, seconds: float) -> float:
    """Single-event inserts per second through the library's own Postgres recorder, 32 threads."""
    address = conninfo_to_dict(server.owner_url)
    datastore = PostgresDatastore(
        dbname=str(address["dbname"]), host=str(address["host"]), port=str(address.get("port", 5432)),
        user=str(address["user"]), password=str(address.get("password", "")), pool_size=32, max_overflow=8,
    )  # fmt: skip
    recorder = PostgresApplicationRecorder(datastore, events_table_name="library_events")
    recorder.create_table()
    event = to_new_event(_comment(), {})

    def work(_thread: int) -> Callable[[], object]:
        stream, versions, state = uuid4(), count(1), event.data.encode()
        return lambda: recorder.insert_events([StoredEvent(stream, next(versions), event.type, state)])

    rate, _ = throughput(32, seconds, work)
    datastore.close()
    return rate


def _pgbench(server: PostgresServer, seconds: float) -> float:
    """Single-row INSERTs per second of pgbench with 32 clients: a row as wide as an event, one index."""
    with psycopg.connect(server.owner_url) as connection:
        connection.execute("create table plain (id bigserial primary key, data json not null)")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"insert into plain (data) values ('{_plain_row()}');\n")  # noqa: S608 - a constant
        script.flush()
        Path(script.name).chmod(0o644)
        answer = subprocess.run(
            [str(postgres_programs(None) / "pgbench"), "-n", "-M", "prepared", "-c", "32", "-j", "2",
             "-T", str(max(1, round(seconds))), "-f", script.name],
            env={**os.environ, **_libpq_environment(server.owner_url)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
    found = re.search(r"tps = ([\d.]+)", answer.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said nothing about tps: {answer.stdout}")
    return float(found[1])


def _plain_row() -> str:
    event = to_new_event(_comment(), {})
    return event.data.replace("'", "''")


def _libpq_environment(url: str) -> dict[str, str]:
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    address = conninfo_to_dict(url)
    return {variable: str(address[name]) for name, variable in names.items() if address.get(name)}
