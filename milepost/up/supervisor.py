"""`milepost up`: the engines, the API and the worker as one thing that starts, stays up and stops together."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from milepost.embedded import EmbeddedError, NatsServer, PostgresServer, process
from milepost.settings.settings import PREFIX, Settings
from milepost.up.child import Child
from milepost.up.engine import Tended
from milepost.up.home import Home, Running
from milepost.up.preparation import BrokerError, prepare_broker, prepare_database, renew_read_models
from milepost.up.welcome import owner_token, welcome
from workers.broker_users import user_of

READY_SECONDS = 60.0
READY_POLL_SECONDS = 0.01
TEND_SECONDS = 0.2
STOP_SECONDS = 15.0
LEFT_OVER_SECONDS = 2.0
HOPELESS_FAILURES = 3
CHILDREN = ("api", "worker")
WORKERS_ONLY = (f"{PREFIX}WEBHOOK_SECRET", f"{PREFIX}CALL_SECRETS")
"""What signs our calls, and what opens the doors of other services: only who calls is told, as in compose.yaml."""

Report = Callable[[str], None]


class Supervisor:
    """Everything that `milepost up` started, and keeps up."""

    def __init__(self, settings: Settings, home: Home, report: Report) -> None:
        self._settings = settings
        self._home = home
        self._report = report
        self._postgres = None if settings.database_url else PostgresServer(home.postgres)
        self._nats = None if settings.nats_url else NatsServer(home.nats)
        self._servers = [Tended(server) for server in (self._nats, self._postgres) if server is not None]
        self._children: list[Child] = []
        self._token = ""
        self._announced: dict[str, int] = {}
        self._demo: subprocess.Popen[bytes] | None = None
        self.port = settings.port

    # --- where things are ---

    @property
    def application_url(self) -> str:
        """The database, as the application."""
        return self._postgres.app_url if self._postgres else str(self._settings.application_dsn)

    @property
    def owner_url(self) -> str:
        """The database, as the owner of the schema."""
        return self._postgres.owner_url if self._postgres else str(self._settings.migration_dsn)

    @property
    def nats_servers(self) -> list[str]:
        """The broker's servers."""
        return [self._nats.url] if self._nats else self._settings.nats_servers

    @property
    def relay_servers(self) -> list[str]:
        """The same, as the one who publishes events."""
        return [self._nats.relay_url] if self._nats else self._settings.nats_relay_servers

    @property
    def migration_servers(self) -> list[str]:
        """The same, as the one who may change streams."""
        return [self._nats.owner_url] if self._nats else self._settings.migration_nats_servers

    @property
    def url(self) -> str:
        """Where people reach this instance."""
        return self._settings.public_url or f"http://{_visible(self._settings.host)}:{self.port}"

    # --- life ---

    def start(self, go_on: Callable[[], None]) -> None:
        """Start everything, and return when the first command would be accepted.

        ``go_on`` is asked after each program that was launched, and ends the start by an exception: Python swallows an
        interruption that comes while it makes a process.
        """
        self._clear_left_over()
        self.port = _claim_port(self._settings.host, self._settings.port)
        for tended in self._servers:
            tended.server.start()
            go_on()
        self._prepare()
        self._token = owner_token(self.application_url, self._home.token_file)
        self._children = [self._child(name) for name in CHILDREN]
        for child in self._children:
            child.start()
            go_on()
        self._announce()
        self._prepare_streams()
        self._wait_until_ready()
        self._announce()
        self._start_demo()

    def tend(self) -> None:
        """Start again what ended without being asked."""
        for tended in self._servers:
            for word in tended.tend(time.monotonic()):
                self._report(word)
        for child in self._children:
            if told := child.tend(time.monotonic()):
                self._report(told)
        if self._processes() != self._announced:
            self._announce()
        self._tend_demo()

    def stop(self) -> None:
        """Stop everything: who asks before who is asked."""
        if self._demo is not None:
            process.stop(self._demo, signal.SIGTERM, signal.SIGKILL, seconds=STOP_SECONDS)
        for child in self._children:
            child.ask_to_stop()
        for child in self._children:
            child.stop(STOP_SECONDS)
        for tended in self._servers:
            tended.server.stop()

    # --- how ---

    def _clear_left_over(self) -> None:
        """End the processes of a Milepost that was killed in this home, if they still do: they hold the port."""
        told = f"{PREFIX}HOME={self._home.directory}"
        for name, pid in self._home.left_over().items():
            if name in CHILDREN and process.was_told(pid, told):
                process.clear_left_over(
                    pid, f"-m milepost {name}", signal.SIGTERM, signal.SIGKILL, seconds=LEFT_OVER_SECONDS
                )

    def _prepare(self) -> None:
        prepared = prepare_database(self.owner_url, self.application_url)
        if prepared.migrations:
            self._report(f"Applied {len(prepared.migrations)} migrations")
        if prepared.outdated:
            names = ", ".join(prepared.outdated)
            self._report(f"Rebuilding what an earlier release showed otherwise: {names}")
            renew_read_models(self.application_url)

    def _prepare_streams(self) -> None:
        """Bring the embedded broker's streams up to date, while the children start: nobody else may change them."""
        if self._nats is None:
            return
        try:
            prepare_broker(self.migration_servers, self._settings.stream_replicas, self.application_url)
        except (OSError, BrokerError, TimeoutError) as error:
            self._report(f"The broker's streams are as they were: {type(error).__name__}")

    def _child(self, name: str) -> Child:
        command = [sys.executable, "-m", "milepost", name]
        environment = self._environment()
        if name == "worker":
            environment |= self._relay_settings() | _environment_of(WORKERS_ONLY)
        return Child(name, command, self._home.logs / f"{name}.log", environment)

    def _relay_settings(self) -> dict[str, str]:
        """Who publishes, for the worker alone."""
        relay = self.relay_servers[0]
        user = user_of(relay)
        if user is None:
            return {}
        return {
            f"{PREFIX}NATS_RELAY_USER": user,
            f"{PREFIX}NATS_RELAY_PASSWORD": unquote(urlsplit(relay).password or ""),
        }

    def _environment(self) -> dict[str, str]:
        """Our environment with what we found out; no child is told the owner's password, or what only workers need."""
        secret = (f"{PREFIX}MIGRATION_", f"{PREFIX}DATABASE_PASSWORD", f"{PREFIX}NATS_", *WORKERS_ONLY)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(secret)}
        inherited.pop(f"{PREFIX}DATABASE_URL_FILE", None)
        return inherited | {
            f"{PREFIX}HOME": str(self._home.directory),
            f"{PREFIX}DATABASE_URL": self.application_url,
            f"{PREFIX}NATS_URL": ",".join(self.nats_servers),
            f"{PREFIX}HOST": self._settings.host,
            f"{PREFIX}PORT": str(self.port),
        }

    def _processes(self) -> dict[str, int]:
        """Everything that runs at this moment, by name."""
        servers = {"postgres": self._postgres, "nats": self._nats}
        pids = {child.name: child.pid for child in self._children}
        pids |= {name: server.pid for name, server in servers.items() if server is not None}
        return {name: pid for name, pid in pids.items() if pid is not None}

    def _announce(self) -> None:
        self._announced = self._processes()
        self._home.announce(
            Running(
                pid=os.getpid(),
                url=self.url,
                database_url=self.application_url,
                migration_database_url=self.owner_url,
                nats_url=",".join(self.nats_servers),
                migration_nats_url=",".join(self.migration_servers),
                token=self._token,
                processes=self._announced,
            )
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(_visible(self._settings.host), self.port):
            self.tend()
            for child in self._children:
                if child.failures >= HOPELESS_FAILURES:
                    _give_up(f"{child.name} does not start", child.log)
            if time.monotonic() > deadline:
                _give_up(f"not ready within {READY_SECONDS:.0f} s", self._children[0].log)
            time.sleep(READY_POLL_SECONDS)

    def _start_demo(self) -> None:
        if not self._settings.demo or self._home.demo_done.exists():
            return
        self._demo = process.launch(
            [sys.executable, "-m", "milepost.demo"],
            directory=Path.cwd(),
            log=self._home.logs / "demo.log",
            on_parent_death=signal.SIGTERM,
            environment=self._environment(),
        )

    def _tend_demo(self) -> None:
        if self._demo is None or (code := self._demo.poll()) is None:
            return
        self._demo = None
        if code == 0:
            self._home.demo_done.touch()
            self._report("The demonstration workspace is filled")
        else:
            self._report(f"The demonstration could not be filled in; see {self._home.logs / 'demo.log'}")


def up(settings: Settings, report: Report = partial(print, flush=True)) -> int:
    """Run Milepost until it is told to stop; the exit code. EmbeddedError says why it cannot run."""
    home = Home(settings.home).acquire()
    supervisor = Supervisor(settings, home, report)
    stop = StopRequest()
    try:
        _handle_signals(stop)
        supervisor.start(stop.go_on)
        report(welcome(supervisor.application_url, supervisor.url, settings.home))
        _tend_until_asked_to_stop(supervisor, stop)
    except KeyboardInterrupt:
        report("Stopping")
    finally:
        _handle_signals(signal.SIG_IGN)
        supervisor.stop()
        home.release()
    return 0


class StopRequest:
    """A polite signal: it interrupts what is being done, and is remembered where Python swallows interruptions."""

    def __init__(self) -> None:
        self.made = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """As a handler of signals."""
        self.made = True
        raise KeyboardInterrupt

    def go_on(self) -> None:
        """Interrupt now where a signal came and its interruption was swallowed."""
        if self.made:
            raise KeyboardInterrupt


def _environment_of(names: tuple[str, ...]) -> dict[str, str]:
    """What our own environment says about some settings, by their value or by the file that holds it."""
    return {name: value for name, value in os.environ.items() if name.startswith(names)}


def _tend_until_asked_to_stop(supervisor: Supervisor, stop: StopRequest) -> None:
    wake = threading.Event()
    while True:
        stop.go_on()
        wake.wait(TEND_SECONDS)
        supervisor.tend()


def _handle_signals(handler: Any) -> None:
    """Treat every polite way to end a program alike: as KeyboardInterrupt while running, not at all while stopping."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def _visible(host: str) -> str:
    """An address that reaches a server that listens on `host`."""
    # recognised, not listened on
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - see above


def _claim_port(host: str, port: int) -> int:
    """The port to listen on, known to be free: `port`, or one that the system chooses for 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise EmbeddedError(
                f"cannot listen on {host} port {port}: {error.strerror}; choose another with MILEPOST_PORT"
            ) from None
        return int(probe.getsockname()[1])


def _answers(host: str, port: int) -> bool:
    """Whether the API takes commands; how far the views are behind is what /health/ready tells."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _give_up(reason: str, log: Path) -> NoReturn:
    raise EmbeddedError(f"Milepost: {reason}. The end of {log}:\n{process.tail(log, 30)}")
