"""What worker and API use while NATS is away, and how long after its return the relay is at the head of the log."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import psutil

from milepost.embedded import NatsServer
from store.connect import connect
from workers.broker_users import RELAY

_ROOT = Path(__file__).parent.parent
_AWAY_SECONDS = 180.0
_DEADLINE_SECONDS = 60.0
_BEHIND = """
select h.position - c.position from log.head h, log.checkpoint c where c.name = 'relay'
"""


def run(scale: float) -> dict[str, float]:
    """Percent of one processor, log lines a minute, seconds to be back; ``scale`` 1 is away for three minutes."""
    home = Path(tempfile.mkdtemp(prefix="milepost-away-"))
    try:
        with NatsServer(home / "nats") as nats:
            return _measure(home, nats, max(1.0, _AWAY_SECONDS * scale))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure(home: Path, nats: NatsServer, seconds: float) -> dict[str, float]:
    up = _begin(home, nats)
    try:
        _until(lambda: _is_ready(home), "the start")
        parts = [psutil.Process(_instance(home)["processes"][name]) for name in ("api", "worker")]
        assert nats.pid is not None
        os.kill(nats.pid, signal.SIGKILL)
        _until(lambda: not nats.running, "the end of NATS")
        nats.stop()
        cpu, lines, began = sum(map(_cpu, parts)), _lines(home), monotonic()
        _open_project(home)
        sleep(seconds)
        passed = monotonic() - began
        used, said = sum(map(_cpu, parts)) - cpu, _lines(home) - lines
        nats.start()
        began = monotonic()
        _until(lambda: _behind(home) == 0, "the relay at the head")
        back = monotonic() - began
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)
    return {
        "cpu_percent": 100 * used / passed,
        "log_lines_per_minute": said / passed * 60,
        "back_s": back,
    }


def _begin(home: Path, nats: NatsServer) -> subprocess.Popen[bytes]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MILEPOST_")}
    told = {
        "MILEPOST_HOME": str(home / "home"), "MILEPOST_PORT": "0", "MILEPOST_DEMO": "false",
        "MILEPOST_NATS_URL": nats.url, "MILEPOST_NATS_RELAY_USER": RELAY,
        "MILEPOST_NATS_RELAY_PASSWORD": str(urlsplit(nats.relay_url).password),
    }  # fmt: skip
    command = [sys.executable, "-m", "milepost", "up"]
    return subprocess.Popen(command, cwd=_ROOT, env=inherited | told, stdout=subprocess.DEVNULL)


def _instance(home: Path) -> dict[str, Any]:
    known: dict[str, Any] = json.loads((home / "home" / "run" / "instance.json").read_text("utf-8"))
    return known


def _is_ready(home: Path) -> bool:
    try:
        with urllib.request.urlopen(f"{_instance(home)['url']}/health/ready", timeout=5) as answer:  # noqa: S310 - our own
            return bool(json.load(answer)["state"] == "healthy")
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _open_project(home: Path) -> None:
    """Something that the relay has to publish when NATS is back."""
    known = _instance(home)
    body = json.dumps({"name": "Written meanwhile", "stages": [{"key": "all_work", "title": "All work"}]})
    headers = {"Authorization": f"Bearer {known['token']}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{known['url']}/v1/projects", body.encode(), headers)  # noqa: S310 - our own
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - our own


def _behind(home: Path) -> int | None:
    with connect(_instance(home)["database_url"], "away") as connection:
        row = connection.execute(_BEHIND).fetchone()
    return None if row is None else int(row[0])


def _lines(home: Path) -> int:
    return sum(log.read_bytes().count(b"\n") for log in (home / "home" / "log").glob("*.log"))


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _until(done: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + _DEADLINE_SECONDS
    while not done():
        if monotonic() > deadline:
            raise RuntimeError(f"{what} did not come")
        sleep(0.05)
