"""A process of ours comes back when it ends without being asked."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from milepost.up.child import Child
from tests.support.programs import alive, line, program
from tests.support.waiting import wait_until

FOREVER = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]
DEAF = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()",
]


def running(tmp_path: Path, command: list[str]) -> Child:
    """A child that has said that it is up."""
    child = Child("name", command, tmp_path / "name.log", dict(os.environ))
    child.start()
    wait_until(lambda: "up" in child.log.read_text(), "the child's first word")
    return child


def test_one_that_was_killed_is_started_again(tmp_path: Path):
    """After kill -9 there is a word about it, and soon another process."""
    child = running(tmp_path, FOREVER)
    first = child.pid
    assert first is not None
    assert child.tend(time.monotonic()) is None
    os.kill(first, signal.SIGKILL)
    word = wait_until(lambda: child.tend(time.monotonic()), "the word about its end") or ""
    assert "exit code -9" in word
    assert str(child.log) in word

    def again() -> bool:
        child.tend(time.monotonic())
        return child.pid is not None

    wait_until(again, "its return")
    assert child.pid != first
    child.stop(5)


def test_one_that_fails_at_once_is_tried_less_and_less_often(tmp_path: Path):
    """The delays double, up to a limit, so that a broken installation does not burn the machine."""
    child = Child(
        "name", [sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "name.log", dict(os.environ)
    )
    now, delays = time.monotonic(), []
    child.start()
    for _ in range(8):
        wait_until(lambda: child.pid is None, "its end")
        word = child.tend(now)
        assert word is not None
        delays.append(float(word.split("again in ")[1].split(" s")[0]))
        now += delays[-1]
        child.tend(now)
    assert delays == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    child.stop(5)


def test_one_that_is_asked_ends(tmp_path: Path):
    """Stopping is gentle where that is heard, and twice is fine."""
    child = running(tmp_path, FOREVER)
    child.stop(5)
    child.stop(5)
    assert child.exit_code == -signal.SIGTERM


def test_one_that_does_not_listen_is_ended(tmp_path: Path):
    """Nothing outlives its supervisor."""
    child = running(tmp_path, DEAF)
    child.ask_to_stop()
    child.stop(0.2)
    assert child.exit_code == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
def test_a_killed_supervisor_takes_it_along(tmp_path: Path):
    """After kill -9 of the parent, no child holds its port."""
    source = """
import os, signal, sys
from pathlib import Path
from milepost.up.child import Child
child = Child("name", [sys.executable, "-c", "import signal; signal.pause()"], Path(sys.argv[1]), dict(os.environ))
child.start()
print(child.pid, flush=True)
signal.pause()
"""
    with program(source, tmp_path / "name.log") as parent:
        pid = int(line(parent))
        parent.kill()
        parent.wait()
        wait_until(lambda: not alive(pid), "the end of the child")
