"""The embedded PostgreSQL: closed, durable, and never in its own way."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import psutil
import psycopg
import pytest

from milepost.embedded import DirectoryInUse, EmbeddedError, PostgresServer
from tests.support.databases import Database
from tests.support.programs import NOBODY, alive, line, program
from tests.support.waiting import wait_until

START = """
import signal, sys
from pathlib import Path
from milepost.embedded import PostgresServer
server = PostgresServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
signal.pause()
"""
START_FROM_THREAD = """
import sys, signal, threading
from pathlib import Path
from milepost.embedded import PostgresServer
server = PostgresServer(Path(sys.argv[1]))
thread = threading.Thread(target=server.start)
thread.start()
thread.join()
print(server.pid, flush=True)
signal.pause()
"""
START_AND_ASK = """
import os, sys, psycopg
from pathlib import Path
from milepost.embedded import PostgresServer
with PostgresServer(Path(sys.argv[1])) as server, psycopg.connect(server.app_url) as connection:
    print(os.geteuid(), connection.execute("SELECT 6 * 7").fetchone()[0], flush=True)
"""


@pytest.fixture(scope="module")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server as people get it, fsync and all."""
    with PostgresServer(tmp_path_factory.mktemp("home") / "postgres") as server:
        yield server


def test_each_test_has_a_database_of_its_own(empty_database: Database):
    """Owner and application reach the same database, as different roles."""
    query = "SELECT current_user::text, current_database()::text"
    with (
        psycopg.connect(empty_database.owner_url) as owner,
        psycopg.connect(empty_database.app_url) as application,
    ):
        assert owner.execute(query).fetchone() == ("milepost_owner", empty_database.name)
        assert application.execute(query).fetchone() == ("milepost_app", empty_database.name)


def test_what_is_committed_stays(durable: PostgresServer):
    """Every setting that durability rests on is on, and pages have checksums."""
    names = ["data_checksums", "fsync", "full_page_writes", "synchronous_commit"]
    query = "SELECT setting FROM pg_settings WHERE name = ANY(%s)"
    with psycopg.connect(durable.app_url) as connection:
        assert connection.execute(query, [names]).fetchall() == [("on",)] * 4


def test_text_sorts_by_code_point_everywhere(durable: PostgresServer):
    """The database's order of text does not depend on the machine."""
    query = """
        SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'milepost'
    """
    with psycopg.connect(durable.app_url) as connection:
        assert connection.execute(query).fetchone() == ("b", "C.UTF-8", "UTF8")


def test_the_application_may_not_administer(durable: PostgresServer):
    """The application's role makes no roles, no databases, and is no superuser."""
    query = """
        SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
        FROM pg_roles WHERE rolname = %s
    """
    with psycopg.connect(durable.app_url) as connection:
        assert connection.execute(query, ["milepost_app"]).fetchone() == (False,)


def test_nobody_comes_in_without_the_password(durable: PostgresServer):
    """Also somebody who reaches the socket has to prove who they are."""
    password = durable.owner_url.split(":")[2].split("@")[0]
    for url in (durable.owner_url.replace(password, "guess"), durable.owner_url.replace(f":{password}", "")):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url)


def test_it_listens_on_nothing_but_a_private_socket(durable: PostgresServer):
    """No port is open, and the socket lies in a directory that only its user enters."""
    assert durable.pid is not None
    assert psutil.Process(durable.pid).net_connections("inet") == []
    directory = Path(unquote(durable.owner_url.split("host=")[1]))
    assert (directory / ".s.PGSQL.5432").is_socket()
    assert directory.stat().st_mode & 0o077 == 0


def test_its_secrets_are_for_its_user_only(durable: PostgresServer):
    """Passwords and logs cannot be read by others."""
    for name in ("passwords.json", "postgres.log", "initdb.log"):
        assert (durable.directory / name).stat().st_mode & 0o077 == 0, name


def test_it_never_runs_as_root(durable: PostgresServer):
    """Started by root, it runs as a system user; else as whoever started it."""
    assert durable.pid is not None
    uid = psutil.Process(durable.pid).uids().real
    assert uid != 0
    assert os.geteuid() in {0, uid}


def test_a_path_too_long_for_a_socket_gets_a_loopback_port(tmp_path: Path):
    """A deep directory works too, and is no more open than a short one."""
    deep = tmp_path / ("d" * 90)
    with PostgresServer(deep) as server, psycopg.connect(server.app_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert server.pid is not None
        listening = psutil.Process(server.pid).net_connections("inet")
        assert {entry.laddr.ip for entry in listening} == {"127.0.0.1"}


def test_a_second_server_is_refused_the_directory(durable: PostgresServer):
    """Two servers on one directory would destroy it: the second says who has it and what to do."""
    with pytest.raises(DirectoryInUse, match=rf"process {os.getpid()}.*MILEPOST_HOME"):
        PostgresServer(durable.directory).start()
    assert durable.running


def test_stopping_and_starting_twice_is_fine(tmp_path: Path):
    """Data and addresses survive a stop; doing either twice changes nothing."""
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    server.start()
    url = server.owner_url
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
    server.stop()
    server.stop()
    assert server.pid is None
    server.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    server.stop()


def test_a_crash_loses_nothing_that_was_committed(tmp_path: Path):
    """After kill -9 of the server itself, the next start recovers."""
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    with psycopg.connect(server.owner_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'word' AS word")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not server.running, "the end of the server")
    server.start()
    with psycopg.connect(server.owner_url) as connection:
        assert connection.execute("SELECT word FROM kept").fetchone() == ("word",)
    server.stop()


@pytest.mark.parametrize("source", [START, START_FROM_THREAD], ids=["main thread", "other thread"])
def test_a_killed_parent_leaves_nothing_in_the_way(tmp_path: Path, source: str):
    """After kill -9 of whoever started it, the next start has the directory to itself."""
    with program(source, tmp_path / "postgres") as parent:
        left_over = int(line(parent))
        parent.kill()
        parent.wait()
        with PostgresServer(tmp_path / "postgres") as server:
            assert not alive(left_over)
            assert server.pid != left_over
            with psycopg.connect(server.app_url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pid_file_of_a_stranger_is_no_obstacle(tmp_path: Path):
    """A process that happens to have the number of a dead server is neither stopped nor waited for."""
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    pid_file = server.data / "postmaster.pid"
    content = pid_file.read_text().splitlines()
    server.stop()
    owner = server.data.stat()
    stranger = subprocess.Popen(["sleep", "600"], user=owner.st_uid if os.geteuid() == 0 else None)
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *content[1:]]) + "\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        with server:
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_first_start_that_broke_off_is_begun_again(tmp_path: Path):
    """A cluster that was only half made is never used."""
    directory = tmp_path / "postgres"
    (directory / "data.unfinished").mkdir(parents=True)
    (directory / "data.unfinished" / "PG_VERSION").write_text("18\n")
    with PostgresServer(directory) as server:
        assert not (directory / "data.unfinished").exists()
        assert server.running


def test_lost_passwords_are_named(tmp_path: Path):
    """Without its passwords a database cannot be opened: the error says which file to bring back."""
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    server.stop()
    (server.directory / "passwords.json").unlink()
    with pytest.raises(EmbeddedError, match=r"passwords\.json is missing"):
        server.start()


def test_a_server_that_cannot_start_says_why(tmp_path: Path):
    """The error carries PostgreSQL's own last words."""
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedError, match="initialized by PostgreSQL version 12"):
        server.start()
    assert not server.running


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run it as somebody else")
def test_an_ordinary_user_can_run_it():
    """Nothing about it needs root: the whole life of a server, as a user without rights."""
    home = Path("/tmp") / f"milepost-test-{os.getpid()}"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    try:
        with program(START_AND_ASK, home / "postgres", uid=NOBODY) as other:
            assert line(other) == f"{NOBODY} 42"
            assert other.wait(30) == 0
    finally:
        shutil.rmtree(home)


def test_a_temporary_server_leaves_nothing_behind():
    """What tests use is gone after the test, directory and process."""
    with PostgresServer.temporary() as server:
        directory, pid = server.directory, server.pid
    assert not directory.exists()
    assert pid is not None
    assert not alive(pid)
