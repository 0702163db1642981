"""An embedded nats-server with JetStream: loopback only, a user with its own password for each task, synced to disk."""

import json
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from milepost.embedded import files, process
from milepost.embedded.binaries import nats_program
from milepost.embedded.errors import EmbeddedError
from milepost.embedded.files import DirectoryLock
from milepost.embedded.jetstream import JetStreamProbe
from workers.broker_users import FORMER, OWNER, RELAY, WORKER, rights_of

START_SECONDS = 60
STOP_SECONDS = 20
RELOAD_SIGNAL = signal.SIGHUP
MAX_PAYLOAD_BYTES = 1024 * 1024
MAX_FILE_STORE_BYTES = 8 * 1024**3
MAX_MEMORY_STORE_BYTES = 64 * 1024**2
ANY_PORT = -1
STATE = "server.json"
CONFIGURATION = "nats.json"


class NatsServer:
    """One nats-server in one directory.

    The directory holds JetStream's store, the generated passwords, the configuration and the log. The server keeps
    its port as long as it can, so that clients find it again after a restart. Who may do what: workers.broker_users.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory.absolute()
        self.store = self.directory / "store"
        self.log = self.directory / "nats.log"
        self.configuration = self.directory / CONFIGURATION
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = DirectoryLock(self.directory)
        self._port = ANY_PORT
        self._passwords: dict[str, str] = {}
        self._temporary = False
        self._probe = JetStreamProbe(self.store)

    @classmethod
    def temporary(cls) -> Self:
        """A server for tests, in a new temporary directory that goes with it, without a sync per message."""
        server = cls(Path(tempfile.mkdtemp(prefix="milepost-nats-")), durable=False)
        server._temporary = True
        return server

    def url_of(self, user: str) -> str:
        """Where this user connects, password included."""
        return f"nats://{user}:{self._passwords.get(user, '')}@127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """Where workers and API connect, password included."""
        return self.url_of(WORKER)

    @property
    def relay_url(self) -> str:
        """Where the relay connects, which alone publishes events."""
        return self.url_of(RELAY)

    @property
    def owner_url(self) -> str:
        """Where the migration step connects, which alone changes streams."""
        return self.url_of(OWNER)

    @property
    def port(self) -> int:
        """The port of the loopback it listens on."""
        return self._port

    @property
    def pid(self) -> int | None:
        """The process id of the running server."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether the server that we started is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def sync_interval(self) -> str:
        """How often JetStream writes to disk, as the server was told."""
        return "always" if self._durable else "2m"

    def trouble(self) -> str | None:
        """Why JetStream cannot be trusted any more although the server runs; None when it can. For one thread."""
        return self._probe.trouble(self._port, WORKER, self._passwords[WORKER]) if self.running else None

    def start(self) -> None:
        """Start the server and wait until it takes connections, on the port it had before if that is free."""
        if self.running:
            return
        files.private_directory(self.directory)
        self._lock.acquire()
        try:
            self._load_credential()
            self._clear_left_over()
            self._launch()
            self._probe = JetStreamProbe(self.store)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server; what was acknowledged is on disk. Doing it twice is fine."""
        if self._process is not None:
            process.stop(self._process, signal.SIGTERM, signal.SIGKILL, seconds=STOP_SECONDS)
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

    def _load_credential(self) -> None:
        """Take up the passwords and the port of the last run; make the passwords that are missing.

        The one password of an earlier release was told to whoever subscribes: its user goes on, and only reads.
        """
        state = files.read_json(self.directory / STATE) or {}
        self._passwords = dict(state.get("passwords", {}))
        if "password" in state:
            self._passwords.setdefault(FORMER, state["password"])
        for user in (OWNER, RELAY, WORKER):
            self._passwords.setdefault(user, new_password())
        if self._port == ANY_PORT:
            self._port = int(state.get("port", ANY_PORT))

    def _clear_left_over(self) -> None:
        pid_file = self.directory / "nats.pid"
        text = pid_file.read_text("ascii").strip() if pid_file.exists() else ""
        process.clear_left_over(
            int(text) if text.isdigit() else None,
            str(self.configuration),
            signal.SIGTERM,
            signal.SIGKILL,
            seconds=STOP_SECONDS,
        )

    def _launch(self) -> None:
        try:
            self._port = self._run(self._port)
        except EmbeddedError as error:
            end = process.tail(self.log)
            if self._port == ANY_PORT or "address already in use" not in end:
                raise EmbeddedError(f"{error}. The end of {self.log}:\n{end}") from None
            self._port = self._run(ANY_PORT)
        files.write_json(self.directory / STATE, {"passwords": self._passwords, "port": self._port})

    def _run(self, port: int) -> int:
        ports = files.private_directory(self.directory / "ports")
        for old in ports.glob("*.ports"):
            old.unlink()
        files.write_json(self.configuration, self._settings(port, ports))
        command = [str(nats_program()), "-c", str(self.configuration)]
        started = process.launch(
            command, directory=self.directory, log=self.log, on_parent_death=signal.SIGTERM
        )
        self._process = started
        return process.wait_for(
            started, lambda: _announced_port(ports, started.pid), name="nats-server", seconds=START_SECONDS
        )

    def _settings(self, port: int, ports: Path) -> dict[str, Any]:
        return {
            "server_name": "milepost",
            "listen": f"127.0.0.1:{port}",
            "pid_file": str(self.directory / "nats.pid"),
            "ports_file_dir": str(ports),
            "max_payload": MAX_PAYLOAD_BYTES,
            "authorization": {"users": users(self._passwords)},
            "jetstream": {
                "store_dir": str(files.private_directory(self.store)),
                "max_file_store": MAX_FILE_STORE_BYTES,
                "max_memory_store": MAX_MEMORY_STORE_BYTES,
                "sync_interval": self.sync_interval,
            },
        }


def new_password() -> str:
    """A password that nobody guesses."""
    return secrets.token_urlsafe(32)


def users(passwords: Mapping[str, str]) -> list[dict[str, Any]]:
    """The users of the server's configuration, each with its rights."""
    return [
        {"user": user, "password": password, "permissions": rights_of(user, passwords).permissions()}
        for user, password in passwords.items()
    ]


def change_subscribers(directory: Path, change: Callable[[dict[str, str]], None]) -> None:
    """Change who may subscribe to the server in ``directory``, and have it know at once where it runs.

    Any process of the directory's owner may do this; EmbeddedError when no server was ever started there.
    """
    state, told = files.read_json(directory / STATE), files.read_json(directory / CONFIGURATION)
    if state is None or told is None:
        raise EmbeddedError(f"no nats-server was started in {directory}: start `milepost up` first")
    change(state["passwords"])
    files.write_json(directory / STATE, state)
    told["authorization"] = {"users": users(state["passwords"])}
    files.write_json(directory / CONFIGURATION, told)
    process.tell(directory / "nats.pid", str(directory / CONFIGURATION), RELOAD_SIGNAL)


def sync_interval(directory: Path, servers: Sequence[str]) -> str | None:
    """The sync_interval that the embedded server in ``directory`` was told, if one of ``servers`` is that server."""
    state, told = files.read_json(directory / STATE), files.read_json(directory / CONFIGURATION)
    if state is None or told is None:
        return None
    ours = any(urlsplit(url).port == state.get("port") for url in servers if "@127.0.0.1:" in url)
    return str(told["jetstream"]["sync_interval"]) if ours else None


def _announced_port(ports: Path, pid: int) -> int | None:
    """The port that nats-server wrote into its ports file, once the file is there and whole."""
    try:
        announced = json.loads((ports / f"nats-server_{pid}.ports").read_text("utf-8"))
        return int(str(announced["nats"][0]).rsplit(":", 1)[1])
    except (FileNotFoundError, ValueError, KeyError, IndexError):
        return None
