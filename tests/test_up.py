"""`milepost up`: one command starts everything, keeps it up, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from milepost.embedded import NatsServer, PostgresServer
from tests.support.clients import get
from tests.support.programs import NOBODY, ROOT, alive, environment_for, ordinary_user, python_for
from tests.support.waiting import wait_until
from workers.broker_users import RELAY

START_SECONDS, STOP_SECONDS = 60, 30
CALLING = {
    "MILEPOST_WEBHOOK_SECRET": "whsec_" + "N" * 32,
    "MILEPOST_CALL_SECRETS": '[crm]\nvalue = "sk_live_12345"\nhosts = ["crm.example.com"]\n',
}
"""What signs our calls, and what they carry: the settings of who calls."""


@dataclass
class Up:
    """A `milepost up` that a test started."""

    process: subprocess.Popen[str]
    home: Path
    output: Path

    @property
    def instance(self) -> dict[str, Any]:
        """What it tells the command line."""
        found: dict[str, Any] = json.loads((self.home / "run" / "instance.json").read_text())
        return found

    @property
    def pids(self) -> dict[str, int]:
        """Everything it started, by name."""
        found: dict[str, int] = self.instance["processes"]
        return found

    def ready(self) -> bool:
        """Whether commands would be accepted; fails at once when it ended."""
        assert self.process.poll() is None, self.output.read_text()
        try:
            return get(f"{self.instance['url']}/health/ready").status_code == 200
        except (OSError, ValueError, httpx.HTTPError):
            return False

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def up(home: Path, uid: int | None = None, **settings: str) -> Iterator[Up]:
    """Start `milepost up`, wait until it has said that it runs, and end it after the test."""
    output = home.with_suffix(".out")
    environment = environment_for(uid) | {
        "MILEPOST_HOME": str(home),
        "MILEPOST_PORT": "0",
        "MILEPOST_DEMO": "false",
    }
    with output.open("w") as file:
        process = subprocess.Popen(
            [python_for(uid), "-m", "milepost", "up"],
            cwd=ROOT,
            env=environment | settings,
            stdout=file,
            stderr=file,
            text=True,
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )
    started = Up(process, home, output)
    try:
        yield started
    finally:
        if process.poll() is None:
            started.stop()


def wait_until_up(started: Up) -> None:
    """Wait for the words that it says last when it starts."""

    def said() -> bool:
        assert started.process.poll() is None, started.output.read_text()
        return "Sign in:" in started.output.read_text()

    wait_until(said, "`milepost up`")


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    """One that several tests look at; where it can be, of an ordinary user, and asked to stop it ends well."""
    uid = ordinary_user()
    with TemporaryDirectory(prefix="milepost-up-") as parent:
        if uid is not None:
            os.chown(parent, uid, uid)
        with up(Path(parent) / "home", uid, **CALLING) as started:
            wait_until_up(started)
            yield started
            assert started.stop() == 0


def test_it_says_where_to_go(running: Up):
    """When it says so, the address answers, and the link signs somebody in."""
    wait_until(running.ready, "readiness")
    link = next(
        line.split()[-1] for line in running.output.read_text().splitlines() if line.startswith("Sign in:")
    )
    assert link.startswith(running.instance["url"])
    assert get(link).status_code < 400


def test_the_command_line_finds_its_token(running: Up):
    """Whoever may read the home may give commands."""
    headers = {"Authorization": f"Bearer {running.instance['token']}"}
    assert get(f"{running.instance['url']}/v1/processes", headers=headers).status_code == 200


def test_nothing_of_it_is_reached_from_elsewhere(running: Up):
    """Every port that any of its processes listens on is on the loopback."""
    for name, pid in running.pids.items():
        for entry in psutil.Process(pid).net_connections("inet"):
            if entry.status == psutil.CONN_LISTEN:
                assert entry.laddr.ip == "127.0.0.1", name


def test_no_child_is_told_the_owner_of_the_schema(running: Up):
    """API and worker know the application's role only."""
    password = running.instance["migration_database_url"].split(":")[2].split("@")[0]
    for name in ("api", "worker"):
        assert password not in str(psutil.Process(running.pids[name]).environ()), name


def test_only_who_calls_is_told_the_secrets_of_calls(running: Up):
    """The worker has what signs and what opens other services' doors; the API has neither."""
    told = {name: psutil.Process(running.pids[name]).environ() for name in ("api", "worker")}
    assert {name: told["worker"].get(name) for name in CALLING} == CALLING
    assert not CALLING.keys() & told["api"].keys()


def test_a_second_one_is_refused_the_home(running: Up):
    """It says who has the home, fails, and does not disturb the first."""
    with up(running.home, ordinary_user()) as second:
        assert second.process.wait(START_SECONDS) != 0
        assert f"process {running.process.pid}" in second.output.read_text()
        assert "Traceback" not in second.output.read_text()
    wait_until(running.ready, "readiness")


def test_a_taken_port_is_named(running: Up, tmp_path: Path):
    """The error names the port and the setting, and nothing stays behind."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        with up(tmp_path / "home", MILEPOST_PORT=port) as refused:
            assert refused.process.wait(START_SECONDS) != 0
            assert f"port {port}" in refused.output.read_text()
            assert "MILEPOST_PORT" in refused.output.read_text()


@pytest.mark.fault
@pytest.mark.parametrize("name", ["api", "worker", "nats", "postgres"])
def test_what_dies_comes_back(running: Up, name: str):
    """After kill -9 of any of its processes everything is ready again, at the same addresses."""
    before, url = running.pids[name], running.instance["url"]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: running.pids.get(name, before) != before, f"another {name}")
    wait_until(running.ready, "readiness")
    assert running.instance["url"] == url


@pytest.mark.fault
def test_however_it_ends_it_leaves_nothing_in_the_way(tmp_path: Path):
    """Ctrl-C counts from the first moment, a kill does not block the next start; after a stop nothing of it runs."""
    home = tmp_path / "home"
    with up(home) as started:
        wait_until((home / "postgres" / "postgres.log").exists, "the first server")
        assert started.stop(signal.SIGTERM) == 0
        assert not (home / "run" / "instance.json").exists()
    with up(home) as killed:
        wait_until_up(killed)
        left_over = killed.pids
        killed.process.kill()
        killed.process.wait()
    with up(home) as again:
        wait_until_up(again)
        assert not [name for name, pid in left_over.items() if alive(pid)]
        pids = again.pids
        assert again.stop() == 0
        assert not [name for name, pid in pids.items() if alive(pid)]
        assert not (home / "run" / "instance.json").exists()


def test_it_uses_the_servers_it_is_told(nats_server: NatsServer, tmp_path: Path):
    """With addresses of its own servers it starts none, and the home holds no database."""
    with PostgresServer(tmp_path / "elsewhere") as postgres:
        urls = {
            "MILEPOST_DATABASE_URL": postgres.app_url,
            "MILEPOST_MIGRATION_DATABASE_URL": postgres.owner_url,
            "MILEPOST_NATS_URL": nats_server.url,
            "MILEPOST_NATS_RELAY_USER": RELAY,
            "MILEPOST_NATS_RELAY_PASSWORD": str(urlsplit(nats_server.relay_url).password),
        }
        with up(tmp_path / "home", None, **urls) as started:
            wait_until_up(started)
            assert sorted(started.pids) == ["api", "worker"]
            assert not (started.home / "postgres").exists()
            assert not (started.home / "nats").exists()
            assert started.stop() == 0


@pytest.mark.skipif(
    ordinary_user() is None, reason="only root can run it as somebody else, with a Python for all"
)
def test_an_ordinary_user_can_run_it(running: Up):
    """Nothing about it needs root."""
    assert {psutil.Process(pid).uids().real for pid in running.pids.values()} == {NOBODY}
