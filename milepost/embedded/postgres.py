"""An embedded PostgreSQL 18: initialised by us, closed to everyone without a password, stopped with us."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from milepost.embedded import files, process
from milepost.embedded.account import Account, can_traverse, dropped_account
from milepost.embedded.binaries import postgres_programs
from milepost.embedded.errors import EmbeddedError
from milepost.embedded.files import DirectoryLock

OWNER, APPLICATION, DATABASE = "milepost_owner", "milepost_app", "milepost"
START_SECONDS = 120
STOP_SECONDS = 30
# sun_path is 108 bytes on Linux and 104 on macOS, the closing zero included
LONGEST_SOCKET_PATH = 103
MEMORY_BYTES = 6 * 1024**3
MEMORY_IN_USE = "pre-existing shared memory block"
SOCKET_NAME = ".s.PGSQL.5432"

HOST_BASED_ACCESS = """\
# Everyone proves who they are, from this machine too. Written by Milepost at every start.
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""

SETTINGS = {
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "jit": "off",
}
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}

FIND_ROLE = "SELECT 1 FROM pg_roles WHERE rolname = %s"
FIND_DATABASE = "SELECT 1 FROM pg_database WHERE datname = %s"
CREATE_APPLICATION_ROLE = "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD {}"
CREATE_DATABASE = "CREATE DATABASE {} OWNER {}"
CLOSE_DATABASE = "REVOKE ALL ON DATABASE {} FROM PUBLIC"
OPEN_DATABASE = "GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}"
READ_SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"


@dataclass(frozen=True)
class Passwords:
    """The generated secrets of the two roles."""

    owner: str
    application: str


def _memory() -> Path | None:
    """Where files are kept in memory, when it has room for what tests store; None is the usual temporary directory."""
    memory = Path("/dev/shm")  # noqa: S108 - a new directory of its own is made there
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= MEMORY_BYTES
    return memory if roomy else None


class PostgresServer:
    """One PostgreSQL in one directory.

    The directory holds the cluster (data/), the generated passwords and the log. As root the server runs as a
    system user without rights (see account.py) and knows its directory only as its working directory, so that
    may lie where only root can go. `durable=False` turns fsync off: only `temporary()` does that.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory.absolute()
        self.data = self.directory / "data"
        self.log = self.directory / "postgres.log"
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = DirectoryLock(self.directory)
        self._port: int | None = None
        self._passwords = Passwords("", "")
        self._temporary = False

    @classmethod
    def temporary(cls) -> Self:
        """A server for tests, in a new temporary directory that goes with it, in memory if it fits; without fsync."""
        server = cls(Path(tempfile.mkdtemp(prefix="milepost-pg-", dir=_memory())), durable=False)
        server._temporary = True
        return server

    # --- what others need to know ---

    @property
    def owner_url(self) -> str:
        """The connection URL of the role that owns the schema and migrates it."""
        return self.url_for(DATABASE)

    @property
    def app_url(self) -> str:
        """The connection URL of the role the application works with."""
        return self.url_for(DATABASE, APPLICATION)

    @property
    def pid(self) -> int | None:
        """The process id of the running server."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether the server that we started is alive."""
        return self._process is not None and self._process.poll() is None

    def url_for(self, database: str, role: str = OWNER) -> str:
        """The connection URL of a role for any database of this server."""
        password = self._passwords.owner if role == OWNER else self._passwords.application
        if self._port is None:
            return f"postgresql://{role}:{password}@/{database}?host={quote(str(self.data), safe='')}"
        return f"postgresql://{role}:{password}@127.0.0.1:{self._port}/{database}"

    # --- life ---

    def start(self) -> None:
        """Initialise the directory if it is new, start the server and wait until it answers."""
        if self.running:
            return
        files.private_directory(self.directory)
        self._lock.acquire()
        try:
            account = dropped_account(self.data)
            self._passwords = self._stored_passwords()
            self._initialise(account)
            self._launch(account)
            self._prepare_database()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server: sessions are cut, everything is written. Doing it twice is fine."""
        if self._process is not None:
            process.stop(self._process, signal.SIGINT, signal.SIGQUIT, seconds=STOP_SECONDS)
        self._lock.release()
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- how ---

    def _stored_passwords(self) -> Passwords:
        path = self.directory / "passwords.json"
        stored = files.read_json(path)
        if stored is None and self.data.exists():
            raise EmbeddedError(
                f"{path} is missing: put it back, the database beside it opens with nothing else"
            )
        if stored is None:
            stored = {"owner": secrets.token_urlsafe(32), "application": secrets.token_urlsafe(32)}
            files.write_json(path, stored)
        return Passwords(owner=stored["owner"], application=stored["application"])

    def _initialise(self, account: Account | None) -> None:
        """Make the cluster beside its place and move it there when it is whole, so a crash leaves none."""
        if self.data.exists():
            return
        unfinished = self.directory / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        files.private_directory(unfinished)
        with tempfile.NamedTemporaryFile("w", prefix="milepost-") as password_file:
            password_file.write(self._passwords.owner + "\n")
            password_file.flush()
            if account is not None:
                account.own(unfinished)
                account.own(Path(password_file.name))
            self._run_initdb(unfinished, Path(password_file.name), account)
        unfinished.rename(self.data)

    def _run_initdb(self, target: Path, password_file: Path, account: Account | None) -> None:
        log = self.directory / "initdb.log"
        command = [
            str(postgres_programs(account) / "initdb"),
            *("-D", _data_argument(target, account)),
            *("--username", OWNER, "--pwfile", str(password_file), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"),
            "--data-checksums",
            # our passwords are 256 random bits: iterations only make every connection slower
            *("--set", "scram_iterations=1"),
            *(() if self._durable else ("--no-sync",)),
        ]
        initdb = process.launch(
            command, directory=target, log=log, on_parent_death=signal.SIGTERM, account=account
        )
        if initdb.wait(START_SECONDS) != 0:
            raise EmbeddedError(f"PostgreSQL could not make {target}:\n{process.tail(log)}")

    def _launch(self, account: Account | None) -> None:
        """Start the server; while sessions of a killed one are still ending, try again."""
        self._clear_left_over()
        self._choose_address()
        (self.data / "pg_hba.conf").write_text(HOST_BASED_ACCESS)
        deadline = time.monotonic() + STOP_SECONDS
        while True:
            try:
                self._launch_once(account)
                return
            except EmbeddedError as error:
                end = process.tail(self.log)
                if MEMORY_IN_USE not in end or time.monotonic() > deadline:
                    raise EmbeddedError(f"{error}. The end of {self.log}:\n{end}") from None
            time.sleep(0.1)

    def _clear_left_over(self) -> None:
        """End the server of a killed Milepost; a pid file that names somebody else's process means nothing.

        Nor does one that names a ghost: where nobody waits for orphans, PostgreSQL would take it for a live server.
        """
        pid = _postmaster_pid(self.data)
        process.clear_left_over(pid, self._marker, signal.SIGINT, signal.SIGQUIT, seconds=STOP_SECONDS)
        if pid is not None and process.exists(pid):
            for name in ("postmaster.pid", SOCKET_NAME, f"{SOCKET_NAME}.lock"):
                (self.data / name).unlink(missing_ok=True)

    @property
    def _marker(self) -> str:
        """What tells our server from every other in a list of processes."""
        return f"cluster_name=milepost_{sha256(os.fsencode(self.data.resolve())).hexdigest()[:12]}"

    def _launch_once(self, account: Account | None) -> None:
        program = postgres_programs(account) / "postgres"
        command = [str(program), "-D", _data_argument(self.data, account), "-c", self._marker]
        for name, value in self._settings().items():
            command += ["-c", f"{name}={value}"]
        self._process = process.launch(
            command, directory=self.data, log=self.log, on_parent_death=signal.SIGINT, account=account
        )
        process.wait_for(self._process, self._ready, name="PostgreSQL", seconds=START_SECONDS)

    def _settings(self) -> dict[str, str]:
        if self._port is None:
            address = {"listen_addresses": "", "unix_socket_directories": "."}
        else:
            address = {
                "listen_addresses": "127.0.0.1",
                "port": str(self._port),
                "unix_socket_directories": "",
            }
        return address | SETTINGS | (DURABLE if self._durable else FORGETFUL)

    def _choose_address(self) -> None:
        """A socket inside the private directory or, where its path would be too long, a loopback port."""
        if len(os.fsencode(self.data / SOCKET_NAME)) > LONGEST_SOCKET_PATH and self._port is None:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self._port = int(probe.getsockname()[1])

    def _ready(self) -> bool | None:
        """PostgreSQL writes `ready` into the eighth line of its pid file when crash recovery is over."""
        assert self._process is not None
        lines = _pid_file_lines(self.data)
        return (
            True
            if len(lines) > 7 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready"
            else None
        )

    def _prepare_database(self) -> None:
        with psycopg.connect(self.url_for("postgres"), autocommit=True) as connection:
            self._check_settings(connection)
            if connection.execute(FIND_ROLE, [APPLICATION]).fetchone() is None:
                password = sql.Literal(self._passwords.application)
                connection.execute(
                    sql.SQL(CREATE_APPLICATION_ROLE).format(sql.Identifier(APPLICATION), password)
                )
            if connection.execute(FIND_DATABASE, [DATABASE]).fetchone() is None:
                self.create_database(connection, DATABASE)

    def create_database(
        self, connection: psycopg.Connection, name: str, *, template: str | None = None
    ) -> None:
        """Make a database of the owner's that only the owner and the application may enter."""
        database, owner = sql.Identifier(name), sql.Identifier(OWNER)
        statement = sql.SQL(CREATE_DATABASE).format(database, owner)
        if template is not None:
            statement += sql.SQL(" TEMPLATE {} STRATEGY wal_log").format(sql.Identifier(template))
        connection.execute(statement)
        connection.execute(sql.SQL(CLOSE_DATABASE).format(database))
        connection.execute(sql.SQL(OPEN_DATABASE).format(database, sql.Identifier(APPLICATION)))

    def _check_settings(self, connection: psycopg.Connection) -> None:
        """Durability is a promise, so the server itself is asked for it."""
        if not self._durable:
            return
        wanted = DURABLE | {"data_checksums": "on"}
        actual: dict[str, str] = dict(connection.execute(READ_SETTINGS, [list(wanted)]).fetchall())
        wrong = [
            f"{name} is {actual.get(name)}" for name, value in wanted.items() if actual.get(name) != value
        ]
        if wrong:
            raise EmbeddedError(
                f"the PostgreSQL in {self.data} would not keep its promises: {', '.join(wrong)}"
            )


def _data_argument(data: Path, account: Account | None) -> str:
    """How the server names its directory: by way of its working directory where the path is closed to it."""
    if account is None or can_traverse(account, data):
        return str(data)
    return "/proc/self/cwd"


def _pid_file_lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []


def _postmaster_pid(data: Path) -> int | None:
    lines = _pid_file_lines(data)
    return int(lines[0]) if lines and lines[0].isdigit() else None
