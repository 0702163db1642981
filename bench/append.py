"""Single-event commands through decide and append, beside the library's own recorder and pgbench on the same server.

All contenders share one freshly started server with fsync on, and take turns: pgbench, the library, 32 threads of
ours, then our other figures, and again, round after round. Each figure is the median of the rounds, and so is each
ratio: it compares neighbours of one round, so that a machine that speeds up or slows down decides nothing. pgbench
inserts prepared rows of an event's width under one index, with no decision, version, chain or uniqueness to keep.
The log that the rounds leave is then filled up to a million events by bulk work, with a person's command going on
beside it every few milliseconds, and verified from end to end.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import monotonic, perf_counter
from uuid import uuid4

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from application.milepost import Milepost
from bench.support import durable_server, percentile, throughput
from domain.aggregate import Aggregate
from domain.events import TaskCommented
from domain.words import Actor
from milepost.embedded import PostgresServer
from milepost.embedded.binaries import postgres_programs
from store.log import Append, Command, Log
from store.mapper import to_new_event
from store.migrations import migrate
from store.verify import verify

ROUNDS = 5
SECONDS = 3.0
EVENTS = 1_000_000
_PAUSE_SECONDS = 0.005
_TEXT = (
    "The customer's champion answered: the contract goes to legal this afternoon, training starts on Monday."
)
_BY = Actor("person:dana")
_NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
COMMENTS: Aggregate[int] = Aggregate("comments", lambda comments, _event: (comments or 0) + 1)
Figures = dict[str, float]


def _comment() -> TaskCommented:
    return TaskCommented(comment=uuid4(), text=_TEXT, by=_BY, at=datetime.now(UTC))


def run(scale: float) -> Figures:
    """All figures; ``scale`` 1 measures each contender for 3 s in each of 5 rounds, and verifies 1 M events."""
    seconds, rounds = max(SECONDS * scale, 0.3), max(1, round(ROUNDS * min(scale * 5, 1)))
    with durable_server() as server:
        migrate(server.owner_url)
        _prepare_pgbench(server)
        with _library_recorder(server) as recorder, Log(server.app_url) as log:
            figures = _middle([_round(server, recorder, log, seconds) for _ in range(rounds)])
            figures |= _behind_bulk(log, round(EVENTS * scale))
            figures |= _verification(log)
    return figures


def _round(
    server: PostgresServer, recorder: PostgresApplicationRecorder, log: Log, seconds: float
) -> Figures:
    """Every contender once, the three that are compared right after each other."""
    figures = {
        "pgbench_per_s_32": _pgbench(server, seconds),
        "library_per_s_32": _library(recorder, seconds),
    }
    for threads in (32, 1, 8, 128):
        rate, durations = throughput(threads, seconds, _commands(Milepost(log)))
        figures[f"per_s_{threads}"] = rate
        figures[f"p50_ms_{threads}"] = percentile(durations, 50) * 1000
        figures[f"p99_ms_{threads}"] = percentile(durations, 99) * 1000
    figures["per_s_32_command_ids"], _ = throughput(32, seconds, _commands(Milepost(log), with_ids=True))
    figures["per_s_async_32"] = asyncio.run(_coroutines(Milepost(log), 32, seconds))
    figures["ratio_library_32"] = figures["per_s_32"] / figures["library_per_s_32"]
    figures["ratio_pgbench_32"] = figures["per_s_32"] / figures["pgbench_per_s_32"]
    return figures


def _middle(rounds: Sequence[Figures]) -> Figures:
    return {name: median(each[name] for each in rounds) for name in rounds[0]}


def _commands(app: Milepost, *, with_ids: bool = False) -> Callable[[int], Callable[[], object]]:
    """Each thread comments on 20 streams of its own, one event a command."""

    def work(_thread: int) -> Callable[[], object]:
        streams = cycle([uuid4() for _ in range(20)])

        def decide(_comments: int | None) -> list[TaskCommented]:
            return [_comment()]

        def call() -> object:
            command = Command(str(uuid4()), "fingerprint") if with_ids else None
            return app.execute(COMMENTS, next(streams), decide, command=command)

        for _ in range(20):  # every stream is open: what is measured is the next command on it
            call()
        return call

    return work


async def _coroutines(app: Milepost, coroutines: int, seconds: float) -> float:
    """Single-event commands per second of coroutines on one loop, each on a stream of its own."""
    counted = 0
    end = monotonic() + seconds

    async def loop() -> None:
        nonlocal counted
        stream = uuid4()
        while monotonic() < end:
            await app.execute_async(COMMENTS, stream, lambda _comments: [_comment()])
            counted += 1

    await asyncio.gather(*(loop() for _ in range(coroutines)))
    return counted / seconds


def _behind_bulk(log: Log, upto: int) -> Figures:
    """A bulk append that makes the log ``upto`` events long, and how long a person's commands take meanwhile."""
    events, done, durations = max(upto - log.head(), 5_000), Event(), list[float]()
    new = to_new_event(TaskCommented(comment=uuid4(), text=_TEXT, by=_BY, at=_NINE), {})
    call = _commands(Milepost(log))(0)

    def command() -> None:
        while not done.wait(_PAUSE_SECONDS):
            began = perf_counter()
            call()
            durations.append(perf_counter() - began)

    person = Thread(target=command)
    person.start()
    began = perf_counter()
    log.append_bulk(Append(uuid4(), 0, (new,) * 20) for _ in range(events // 20 + 1))
    took = perf_counter() - began
    done.set()
    person.join()
    return {
        "bulk_events_per_s": (events // 20 + 1) * 20 / took,
        "p99_ms_behind_bulk": percentile(durations, 99) * 1000,
        "max_ms_behind_bulk": max(durations) * 1000,
    }


def _verification(log: Log) -> Figures:
    """The whole log's chains recomputed."""
    began = perf_counter()
    verified = verify(log)
    if verified.broken is not None:
        raise RuntimeError(f"the log is broken: {verified.broken}")
    return {
        "verified_events": verified.events,
        "verify_events_per_s": verified.events / (perf_counter() - began),
    }


@contextmanager
def _library_recorder(server: PostgresServer) -> Iterator[PostgresApplicationRecorder]:
    address = conninfo_to_dict(server.owner_url)
    datastore = PostgresDatastore(
        dbname=str(address["dbname"]), host=str(address["host"]), port=str(address.get("port", 5432)),
        user=str(address["user"]), password=str(address.get("password", "")), pool_size=32, max_overflow=8,
    )  # fmt: skip
    with datastore:
        recorder = PostgresApplicationRecorder(datastore, events_table_name="library_events")
        recorder.create_table()
        yield recorder


def _library(recorder: PostgresApplicationRecorder, seconds: float) -> float:
    """Single-event inserts per second through the library's own Postgres recorder, 32 threads."""
    event = to_new_event(_comment(), {})

    def work(_thread: int) -> Callable[[], object]:
        stream, versions, state = uuid4(), count(1), event.data.encode()
        return lambda: recorder.insert_events([StoredEvent(stream, next(versions), event.type, state)])

    rate, _ = throughput(32, seconds, work)
    return rate


def _prepare_pgbench(server: PostgresServer) -> None:
    with psycopg.connect(server.owner_url) as connection:
        connection.execute("create table plain (id bigserial primary key, data json not null)")


def _pgbench(server: PostgresServer, seconds: float) -> float:
    """Single-row INSERTs per second of pgbench with 32 clients: a row as wide as an event, one index."""
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
