"""A worker applies the log by whichever way it hears of growth, and ends when asked."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from milepost.embedded import NatsServer
from store.log import Log
from store.subscribers import Subscriber
from tests.support.databases import Database
from tests.support.waiting import wait_until
from tests.workers import stream
from tests.workers.brokers import subscriber
from tests.workers.running import ROOT, RunningWorker
from tests.workers.worker_process import CANARY, Broken
from tests.workers.writing import write
from workers.trouble import described
from workers.watchdog import NoProgress

Start = Callable[..., RunningWorker]
GUIDE = ROOT / "docs/how-to/subscribe.md"


def applied(database: Database, position: int) -> None:
    """Wait until the read model is there."""
    wait_until(lambda: stream.checkpoint(database.app_url, "tally") >= position, "the read model")


def test_jetstream_alone_is_enough(log: Log, database: Database, start_worker: Start):
    """Without listening and without a poll in sight, the message that the log has grown wakes the worker."""
    start_worker(listen=False, poll_seconds=3_600)
    applied(database, write(log, 1))
    for _ in range(5):
        applied(database, write(log, 3))


def test_the_poll_alone_is_enough(log: Log, database: Database, nats_server: NatsServer, start_worker: Start):
    """Without a broker the read models keep up."""
    url = nats_server.url
    nats_server.stop()
    start_worker(nats_url=url, listen=False)
    applied(database, write(log, 1))
    for _ in range(3):
        applied(database, write(log, 3))


def test_several_workers_apply_everything_once(log: Log, database: Database, start_worker: Start):
    """Three workers at once: each event is applied, none twice, and all of them end when asked."""
    workers = [start_worker() for _ in range(3)]
    wait_until(lambda: _relays(log, database) == 3, "three workers")
    applied(database, write(log, 500))
    with log._pool.connection() as connection:
        assert connection.execute("select count(*), max(position) from tally.applied").fetchone() == (
            500,
            500,
        )
    for worker in workers:
        said = worker.stop()
        assert worker.wait() == 0, said


def test_a_defect_ends_the_worker_at_once(log: Log, start_worker: Start):
    """What no waiting cures ends the process within seconds, message at hand or not, so that it is started anew."""
    worker = start_worker(projector="broken")
    write(log, 1)
    assert worker.wait() != 0
    assert "worker_gives_up" in worker.stop()


def test_a_worker_that_may_not_wait_for_ever_ends(
    log: Log, database: Database, nats_server: NatsServer, start_worker: Start
):
    """A client that gave up the broker for good ends its worker; one that stays, as ours are set, outlives that."""
    limited = start_worker(max_reconnect_attempts=5, reconnect_wait_seconds=0.05)
    patient = start_worker(reconnect_wait_seconds=0.05)
    applied(database, write(log, 1))
    wait_until(lambda: _relays(log, database) == 2, "both workers")
    assert nats_server.pid is not None
    os.kill(nats_server.pid, signal.SIGKILL)
    assert limited.wait() != 0
    applied(database, write(log, 3))
    nats_server.start()
    last = write(log, 1)
    wait_until(lambda: stream.checkpoint(database.app_url, "relay") >= last, "the relay")
    assert patient.running


def test_no_value_of_a_row_is_logged():
    """Of a database's refusal the log has the kind and the place; of our own errors the text too."""
    with pytest.raises(psycopg.Error) as refused:
        Broken().catch_up()
    told = described(refused.value)
    assert told["reason"] == "NotNullViolation"
    assert "catch_up" in told["raised_at"][-1]
    assert CANARY not in str(told)
    assert described(NoProgress("nothing is applied"))["text"] == "nothing is applied"


def _relays(log: Log, database: Database) -> int:
    with log._pool.connection() as connection:
        query = "select count(*) from pg_stat_activity where application_name = %s and datname = %s"
        row = connection.execute(query, ["milepost relay", database.name]).fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("from_start", [True, False])
def test_the_guides_consumer_works(
    log: Log,
    database: Database,
    nats_server: NatsServer,
    start_worker: Start,
    tmp_path: Path,
    from_start: bool,
):
    """The program in docs/how-to/subscribe.md prints every event from the start, or only new ones, and may do so."""
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    program = tmp_path / "consumer.py"
    program.write_text(found[1], "utf-8")
    start_worker()
    last = write(log, 3)
    wait_until(lambda: stream.checkpoint(database.app_url, "relay") >= last)
    url = subscriber(nats_server, Subscriber("crm", ("milepost.v1.>",), from_start))
    with subprocess.Popen(
        [sys.executable, "-u", program], stdout=subprocess.PIPE, text=True, env={"MILEPOST_NATS_URL": url}
    ) as consumer:
        assert consumer.stdout is not None
        assert consumer.stdout.readline() == "subscribed\n"
        write(log, 1)
        expected = range(1, 5) if from_start else range(4, 5)
        lines = [consumer.stdout.readline().split(maxsplit=2) for _ in expected]
        consumer.kill()
    assert [(int(position), kind) for position, kind, _ in lines] == [
        (position, "milepost.step_started.v1") for position in expected
    ]
