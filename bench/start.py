"""How long `milepost up` takes until it accepts a first command: from an empty directory, and from one with data."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

_ROOT = Path(__file__).parent.parent
_DEADLINE_SECONDS = 60.0
_COMMAND = json.dumps({"name": "First project", "stages": [{"key": "all_work", "title": "All work"}]})
_RUNS = 5


def run(scale: float) -> dict[str, float]:
    """Medians over five starts each (one at a small scale)."""
    colds, warms = [], []
    for _ in range(max(1, round(_RUNS * scale))):
        directory = Path(tempfile.mkdtemp(prefix="milepost-start-"))
        try:
            colds.append(_seconds_to_first_command(directory / "home"))
            warms.append(_seconds_to_first_command(directory / "home"))
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    return {
        "cold_s": median(colds),
        "warm_s": median(warms),
        "cold_s_max": max(colds),
        "warm_s_max": max(warms),
    }


def _seconds_to_first_command(home: Path) -> float:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MILEPOST_")}
    environment = inherited | {"MILEPOST_HOME": str(home), "MILEPOST_PORT": "0"}
    instance = home / "run" / "instance.json"
    instance.unlink(missing_ok=True)
    began = monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "milepost", "up"], cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        _until(lambda: _accepts(instance), process)
        return monotonic() - began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _until(done: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + _DEADLINE_SECONDS
    while not done():
        if process.poll() is not None or monotonic() > deadline:
            raise RuntimeError("milepost up did not accept a command")
        sleep(0.005)


def _accepts(instance: Path) -> bool:
    """Whether a command is accepted now."""
    try:
        known: dict[str, Any] = json.loads(instance.read_text())
    except (OSError, ValueError):
        return False
    connection = http.client.HTTPConnection(urlsplit(known["url"]).netloc, timeout=5)
    headers = {
        "Authorization": f"Bearer {known['token']}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid4()),
    }
    try:
        connection.request("POST", "/v1/projects", _COMMAND, headers)
        return 200 <= connection.getresponse().status < 300
    except OSError:
        return False
    finally:
        connection.close()
