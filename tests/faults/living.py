"""A whole Milepost under load that is killed part by part, and everything that has to hold afterwards."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from projections.engine.rebuild import compare, drop, rebuild
from projections.registry import PROJECTIONS
from store.connect import connect
from tests.faults.clients import PROCESS, Acknowledged, Client
from tests.support.clients import client_of, get
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
CLIENTS = 3
_COMMANDS = "select id, first_position, last_position from log.command"
_EVENTS = "select position, stream, version, type, meta->>'command' from log.event order by position"
_LAG = """
select h.position - min(c.position) from log.head h, log.checkpoint c
join read.generation g on g.schema = c.name and g.state = 'live' group by h.position
"""


class Living:
    """One home directory with a Milepost in it."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self._output = home.with_suffix(".out")
        self._port = _free_port()
        self._settings = settings
        self._clients: list[Client] = []
        self._finished: list[Client] = []
        self.start()

    # --- the instance ---

    def start(self) -> None:
        """`milepost up`, until it takes commands."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MILEPOST_")}
        told = {
            "MILEPOST_HOME": str(self.home),
            "MILEPOST_PORT": str(self._port),
            "MILEPOST_DEMO": "false",
        }
        with self._output.open("ab") as output:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "milepost", "up"],
                cwd=ROOT,
                env=inherited | told | self._settings,
                stdout=output,
                stderr=output,
            )
        wait_until(self._started, "the start")

    def _started(self) -> bool:
        assert self.supervisor.poll() is None, self.said
        try:
            return self.instance["pid"] == self.supervisor.pid and self.ready is not None
        except (OSError, ValueError):
            return False

    @property
    def said(self) -> str:
        """Everything that `milepost up` printed."""
        return self._output.read_text("utf-8")

    @property
    def instance(self) -> dict[str, Any]:
        """How it can be reached at this moment."""
        found: dict[str, Any] = json.loads((self.home / "run" / "instance.json").read_text("utf-8"))
        return found

    @property
    def url(self) -> str:
        """Where its HTTP interface is."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def ready(self) -> dict[str, Any] | None:
        """What /health/ready says; None while nothing answers."""
        try:
            told: dict[str, Any] = get(f"{self.url}/health/ready", timeout=5).json()
        except (httpx.TransportError, ValueError):
            return None
        return told

    @property
    def lines(self) -> int:
        """How many lines API and worker have logged."""
        return sum(log.read_bytes().count(b"\n") for log in (self.home / "log").glob("*.log"))

    def process(self, name: str) -> psutil.Process:
        """The process of one part."""
        return psutil.Process(self.instance["processes"][name])

    def kill(self, *names: str) -> None:
        """End these parts without a word; "supervisor" is the parent of them all."""
        wait_until(lambda: set(names) - {"supervisor"} <= set(self.instance["processes"]), "what to kill")
        pids = {"supervisor": self.supervisor.pid, **self.instance["processes"]}
        for name in names:
            os.kill(pids[name], signal.SIGKILL)
        if "supervisor" in names:
            self.supervisor.wait()
        else:
            wait_until(lambda: self._others(names, pids), f"a new {' and '.join(names)}")

    def _others(self, names: Sequence[str], pids: dict[str, int]) -> bool:
        now = self.instance["processes"]
        return all(now.get(name, pids[name]) != pids[name] for name in names)

    def end(self) -> None:
        """As Ctrl-C ends it."""
        for client in self._clients:
            client.abandon()
        if self.supervisor.poll() is None:
            self.supervisor.send_signal(signal.SIGINT)
            assert self.supervisor.wait(40) == 0, self.said

    # --- the load ---

    def work(self) -> None:
        """Clients begin to give commands."""
        told = self.instance
        headers = {"Authorization": f"Bearer {told['token']}"}
        with client_of(self.url, headers=headers, timeout=20) as http:
            _accepted(http.post("/v1/people", json={"person": "packer", "name": "Packer"}))
            _accepted(http.put("/v1/processes/delivery/draft", json=PROCESS))
            _accepted(http.post("/v1/processes/delivery/publish", json={"note": "First"}))
            stages = [{"key": stage["key"], "title": stage["title"]} for stage in PROCESS["stages"]]
            opened = _accepted(http.post("/v1/projects", json={"name": "Deliveries", "stages": stages}))
        self._clients = [Client(self.url, told["token"], opened["id"]) for _ in range(CLIENTS)]
        self.goes_on()

    def rest(self) -> None:
        """The clients finish what they are at."""
        for client in self._clients:
            client.stop()
        self._finished += self._clients
        self._clients = []

    def goes_on(self) -> None:
        """Every client is answered several times more."""
        wanted = [len(client.acknowledged) + 3 for client in self._clients]
        wait_until(lambda: self._answered(wanted), "answers to all clients")

    def goes_on_to(self, commands: int) -> None:
        """The clients work until this many commands were acknowledged in all, on however slow a machine."""
        wait_until(lambda: self._acknowledged() >= commands, "enough commands")

    def _acknowledged(self) -> int:
        self._raise_failures()
        return sum(len(client.acknowledged) for client in (*self._finished, *self._clients))

    def _raise_failures(self) -> None:
        for client in self._clients:
            if client.failure is not None:
                raise client.failure

    def _answered(self, wanted: Sequence[int]) -> bool:
        self._raise_failures()
        return all(
            len(client.acknowledged) >= number for client, number in zip(self._clients, wanted, strict=True)
        )

    def is_refused(self, times: int) -> int:
        """Wait until each client was sent away so often more; how often all of them were meanwhile."""
        before = [client.refused for client in self._clients]
        wait_until(
            lambda: all(
                client.refused >= known + times for client, known in zip(self._clients, before, strict=True)
            ),
            "refusals",
        )
        return sum(client.refused for client in self._clients) - sum(before)

    # --- what has to hold ---

    def keeps_up(self) -> None:
        """Every live read model and the relay reach the head of the log."""
        wait_until(self._level, "read models and relay at the head")

    def _level(self) -> bool:
        try:
            with connect(self.instance["database_url"], "test") as connection:
                behind = connection.execute(_LAG).fetchone()
                relay = connection.execute(
                    "select h.position - c.position from log.head h, log.checkpoint c where c.name = 'relay'"
                ).fetchone()
        except psycopg.OperationalError:
            return False
        return behind == (0,) and relay == (0,)

    @property
    def head(self) -> int:
        """The newest position of the log."""
        with connect(self.instance["database_url"], "test") as connection:
            row = connection.execute("select position from log.head").fetchone()
        assert row is not None
        return int(row[0])

    def holds(self) -> int:
        """Everything acknowledged is there once and in order, the views equal a rebuild; how many commands that was."""
        self.rest()
        self.keeps_up()
        self._is_logged()
        self._equals_a_rebuild()
        return sum(len(client.acknowledged) for client in self._finished)

    def _is_logged(self) -> None:
        with connect(self.instance["database_url"], "test") as connection:
            spans = {id_.split(" ")[-1]: (first, last) for id_, first, last in connection.execute(_COMMANDS)}
            events = connection.execute(_EVENTS).fetchall()
        assert [position for position, *_ in events] == list(range(1, len(events) + 1))
        versions: dict[Any, int] = {}
        for _, stream, version, *_ in events:
            versions[stream] = versions.get(stream, 0) + 1
            assert version == versions[stream]
        for client in self._finished:
            positions = [told.position for told in client.acknowledged]
            assert positions == sorted(set(positions)), "the order in which a client was answered"
            for told in client.acknowledged:
                _is_there_once(told, spans, events)
        keys = {told.key for client in self._finished for told in client.acknowledged}
        assert keys <= spans.keys()

    def _equals_a_rebuild(self) -> None:
        url = self.instance["database_url"]
        made = rebuild(url, projections=PROJECTIONS)
        assert len(made) == len(PROJECTIONS)
        for generation in made:
            compared = compare(url, generation.schema, projections=PROJECTIONS)
            assert compared.same, compared
            drop(url, generation.schema)


@contextmanager
def living(directory: Path, **settings: str) -> Iterator[Living]:
    """A Milepost in this directory, ended afterwards."""
    started = Living(directory / "home", **settings)
    try:
        yield started
    finally:
        started.end()


def _is_there_once(told: Acknowledged, spans: dict[str, tuple[int, int]], events: Sequence[Any]) -> None:
    first, last = spans[told.key]
    assert last == told.position
    stored = events[first - 1 : last]
    assert tuple(kind for _, _, _, kind, _ in stored) == told.events
    assert {stream for _, stream, *_ in stored} == {told.stream}
    assert stored[-1][2] == told.version


def _accepted(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
