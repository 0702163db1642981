"""What the log promises while processes are killed, frozen and disturbed."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import psycopg
import pytest

from milepost.embedded import PostgresServer
from store.log import Append, Command, Conflict, Log, LogError, Repeated
from store.migrations import migrate
from store.verify import verify
from tests.store.support import assert_dense, event, one
from tests.support.databases import Database
from tests.support.waiting import wait_until

WRITERS = 32
ROOT = Path(__file__).parents[2]


class Tail:
    """A reader that follows the log by position, as every consumer does, and notes what it sees."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.seen: list[int] = []
        self._done = Event()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> "Tail":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        wait_until(lambda: len(self.seen) >= self.log.head(), "the reader's arrival at the head")
        self._done.set()
        self._thread.join()
        assert self.seen == list(range(1, self.log.head() + 1)), "a reader saw a hole or skipped an event"

    def _run(self) -> None:
        while not self._done.is_set():
            after = self.seen[-1] if self.seen else 0
            self.seen += [found.position for found in self.log.read(after, 500)]
            self.log.follower.wait(self.seen[-1] if self.seen else 0, 0.05)


@contextmanager
def writing(log: Log, threads: int = WRITERS) -> Iterator[list[str]]:
    """Threads that append to streams of their own for as long as the block runs; yields the accepted commands."""
    accepted: list[str] = []
    failures: list[BaseException] = []
    done = Event()

    def work() -> None:
        stream, version = uuid4(), 0
        while not done.is_set():
            command = Command(str(uuid4()), "body")
            try:
                log.append(one(stream, version), command)
            except LogError as error:
                failures.append(error)
                return
            version += 1
            accepted.append(command.id)

    running = [Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        wait_until(lambda: len(accepted) > threads or failures, "the first appends")
        yield accepted
    finally:
        done.set()
        for thread in running:
            thread.join()
    assert failures == []


def grows(accepted: list[str], by: int = 200) -> None:
    """Wait until more appends were accepted: the writers are not held up."""
    before = len(accepted)
    wait_until(lambda: len(accepted) >= before + by, "more appends")


def commands_in(log: Log, database: Database) -> set[str]:
    """Every stored command id."""
    with psycopg.connect(database.owner_url) as connection:
        return {command for (command,) in connection.execute("select id from log.command")}


def test_32_writers_leave_no_hole_for_a_reader(database: Database, log: Log):
    """A tailing reader beside 32 writers sees every position, in order, once; every chain holds."""
    with Tail(log), writing(log) as accepted:
        grows(accepted, 2_000)
    assert assert_dense(log) == len(accepted)
    assert set(accepted) == commands_in(log, database)
    assert verify(log).broken is None


def test_two_processes_and_delayed_rollbacks_leave_no_hole(database: Database, log: Log):
    """Other transactions that call the function, hold the head and roll back leave nothing behind."""
    call = (
        "select log.append_events(gen_random_uuid(), 1, array[gen_random_uuid()], array[1], array[1], array[0],"
        " array[1], array['x'], array[1], array['{}'], array['{}'], array[now()], null, null, null), pg_sleep(%s)"
    )
    with (
        Log(database.app_url, durable=False) as other,
        psycopg.connect(database.app_url) as disturber,
        Tail(log),
        writing(log, 16) as accepted,
        writing(other, 16) as more,
    ):
        for number in range(12):
            disturber.execute(call, [0.02 * (number % 3)])
            (disturber.commit if number % 2 else disturber.rollback)()
        grows(accepted)
        grows(more)
    assert assert_dense(log) == len(accepted) + len(more) + 6


def test_conflicts_are_answered_and_only_winners_stored(log: Log):
    """32 writers on one stream: successes equal events, and everyone else hears of a conflict."""
    stream, successes, conflicts = uuid4(), [], []

    def work() -> None:
        for _ in range(30):
            found = log.read_stream(stream)
            try:
                successes.append(log.append(one(stream, len(found))).last_position)
            except Conflict as conflict:
                conflicts.append(conflict)

    threads = [Thread(target=work) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(successes) == list(range(1, len(successes) + 1))
    assert len(successes) + len(conflicts) == 30 * WRITERS
    assert conflicts
    assert assert_dense(log) == len(successes)


def disturbance(database: Database, during: Callable[[psycopg.Connection], object]) -> None:
    """Do something as the database's owner."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        during(connection)


def test_an_unrelated_open_transaction_holds_up_nobody(database: Database, log: Log):
    """An open transaction elsewhere (MILEPOST_TEST_OPEN_SECONDS long) delays neither writers nor readers."""
    seconds = float(os.environ.get("MILEPOST_TEST_OPEN_SECONDS", "1"))
    with psycopg.connect(database.owner_url) as idle, Tail(log), writing(log) as accepted:
        idle.execute("create table elsewhere (a int)")
        idle.execute("insert into elsewhere select 1")
        idle.execute("select pg_sleep(%s)", [seconds])
        grows(accepted, 500)
    assert assert_dense(log) == len(accepted)


def test_maintenance_stops_no_writer(database: Database, log: Log):
    """ANALYZE, VACUUM and CREATE INDEX CONCURRENTLY run while appends go on."""

    def maintain(connection: psycopg.Connection) -> None:
        for _ in range(3):
            connection.execute("analyze log.event")
            connection.execute("vacuum log.event")
        connection.execute("create index concurrently extra on log.event (type)")

    with Tail(log), writing(log) as accepted:
        disturbance(database, maintain)
        grows(accepted, 500)
    assert assert_dense(log) == len(accepted)


def test_killed_backends_cost_no_answer(database: Database, log: Log):
    """Backends terminated again and again under load: every append is answered truly, none twice, none lost."""
    kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'milepost writer'"
    with Tail(log), writing(log) as accepted:
        for _ in range(15):
            disturbance(database, lambda connection: connection.execute(kill))
            grows(accepted, 50)
    assert assert_dense(log) == len(accepted)
    assert set(accepted) == commands_in(log, database)


@pytest.fixture
def durable_database() -> Iterator[Database]:
    """A server of the test's own that keeps what it accepted, unlike the session's."""
    directory = tempfile.TemporaryDirectory(prefix="milepost-durable-", ignore_cleanup_errors=True)
    with directory as name, PostgresServer(Path(name) / "server") as server:
        migrate(server.owner_url)
        yield Database("milepost", server.owner_url, server.app_url, server)


def test_postgres_killed_under_load_loses_nothing_accepted(durable_database: Database):
    """A backend's kill -9 restarts the whole server under the writers: each accepted append is there, once."""
    find = "select pid from pg_stat_activity where application_name = 'milepost writer'"
    with Log(durable_database.app_url, patience_seconds=60) as log:
        with writing(log) as accepted:
            for _ in range(2):
                with psycopg.connect(durable_database.owner_url) as connection:
                    row = connection.execute(find).fetchone()
                if row is not None:
                    os.kill(row[0], signal.SIGKILL)
                grows(accepted)
        assert set(accepted) == commands_in(log, durable_database)
        assert assert_dense(log) == len(accepted)


@contextmanager
def writer_process(database: Database, name: str, threads: int) -> Iterator["subprocess.Popen[str]"]:
    """Another process that appends; killed at the end."""
    command = [sys.executable, "-m", "tests.store.writer_process", database.app_url, name, str(threads)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_lines(process: "subprocess.Popen[str]", count: int) -> list[str]:
    """The next lines it wrote."""
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def test_a_killed_process_leaves_no_false_success(database: Database, log: Log):
    """What a writer reported before kill -9 is stored; sending its next command again has exactly one effect."""
    with Tail(log):
        for round_number in range(3):
            with writer_process(database, f"w{round_number}", 8) as process:
                reported = read_lines(process, 150)
                process.kill()
                assert process.stdout is not None
                reported += [
                    line.strip()
                    for line in process.stdout.read().splitlines(keepends=True)
                    if line.endswith("\n")
                ]
            stored = commands_in(log, database)
            assert {line.removeprefix("accepted ") for line in reported} <= stored
    assert_dense(log)


def test_a_repeat_after_a_kill_has_one_effect(database: Database, log: Log):
    """Between commit and answer: the command id settles whether the first attempt was stored."""
    stream, command = uuid4(), Command("dana:9", "body", "answer")
    log.append(one())
    call = log._writer._call
    assert call is not None
    land = call.land

    def lose() -> object:
        land()  # committed
        log._writer._connection.close()  # type: ignore[union-attr]
        raise psycopg.OperationalError("the answer was lost")

    call.land = lose  # type: ignore[method-assign, assignment]
    assert list(log.append([Append(stream, 0, [event(), event()])], command).positions) == [2, 3]
    assert log._writer._lost_an_answer
    with pytest.raises(Repeated) as repeated:
        log.append([Append(stream, 0, [event()])], command)
    assert (repeated.value.result, repeated.value.first_position) == ("answer", 2)
    assert assert_dense(log) == 3


def test_a_group_that_never_arrived_is_sent_again_once(database: Database, log: Log):
    """Lost before it was executed: it is fenced off, sent again and stored once, and conflicts stay conflicts."""
    stream = uuid4()
    log.append(one(stream))
    call = log._writer._call
    assert call is not None

    def lose(_arguments: object) -> None:
        log._writer._connection.close()  # type: ignore[union-attr]
        raise psycopg.OperationalError("the connection died")

    call.launch = lose  # type: ignore[method-assign, assignment]
    assert list(log.append(one(stream, 1)).positions) == [2]
    with psycopg.connect(database.app_url) as connection:
        row = connection.execute("select turn from log.writer").fetchone()
    assert row == (3,)
    assert assert_dense(log) == 2


def test_a_late_group_is_fenced_off(database: Database, log: Log):
    """A backend that executes a group after it was given up is refused: nothing is stored behind its caller's back."""
    writer = uuid4()
    call = (
        "select log.append_events(%s, 1, array[gen_random_uuid()], array[1], array[1], array[0], array[1],"
        " array['x'], array[1], array['{}'], array['{}'], array[now()], null, null, null)"
    )
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        assert connection.execute("select verdicts from log.settle_group(%s, 1)", [writer]).fetchone() == (
            None,
        )
        try:
            connection.execute(call, [writer])
        except psycopg.errors.ObjectNotInPrerequisiteState:
            pass
        else:
            raise AssertionError("a group that was given up was stored")
    assert log.head() == 0


def test_a_frozen_writer_process_holds_up_nobody(database: Database, log: Log):
    """SIGSTOP of one writing process: others go on, and after SIGCONT it goes on too."""
    with Tail(log), writing(log, 8) as accepted, writer_process(database, "frozen", 8) as process:
        read_lines(process, 50)
        for _ in range(3):
            process.send_signal(signal.SIGSTOP)
            grows(accepted, 300)
            process.send_signal(signal.SIGCONT)
            read_lines(process, 50)
        process.kill()
        process.wait()
    assert_dense(log)
