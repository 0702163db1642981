"""Programs that a test runs beside itself, to kill them or to run them as somebody else."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sysconfig import get_path

import psutil
import pytest

from milepost.embedded.account import Account, can_traverse

ROOT = Path(__file__).resolve().parent.parent.parent
NOBODY = 65534


def python_for(uid: int | None) -> str:
    """A Python of our version that this user may run: ours, or the system's. Without one the test is skipped."""
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if uid is None or can_traverse(Account(uid, uid, ""), Path(sys.executable).resolve().parent):
        return sys.executable
    if not Path(system).exists() or not can_traverse(Account(uid, uid, ""), ROOT):
        pytest.skip(f"user {uid} cannot run {sys.executable}, which lies where only root can go")
    return system


def ordinary_user() -> int | None:
    """Somebody else than root who can run our program here; None where we are not root, or no Python is for all."""
    if os.geteuid() != 0:
        return None
    try:
        python_for(NOBODY)
    except pytest.skip.Exception:
        return None
    return NOBODY


def environment_for(uid: int | None) -> dict[str, str]:
    """Our environment without any setting; somebody else gets a home of nobody's and our libraries."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MILEPOST_")}
    if uid is None:
        return inherited | {"PYTHONPATH": str(ROOT)}
    libraries = {"PYTHONPATH": f"{ROOT}:{get_path('purelib')}", "PYTHONDONTWRITEBYTECODE": "1"}
    return inherited | libraries | {"HOME": "/nonexistent"}


@contextmanager
def program(source: str, *arguments: object, uid: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run Python source text; kill it, if it still runs, when the test is over."""
    process = subprocess.Popen(
        [python_for(uid), "-c", source, *map(str, arguments)],
        cwd=ROOT,
        env=environment_for(uid),
        stdout=subprocess.PIPE,
        text=True,
        user=uid,
        group=uid,
        extra_groups=None if uid is None else [],
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def line(process: subprocess.Popen[str]) -> str:
    """The next line that the program prints; it fails the test when the program ended instead."""
    assert process.stdout is not None
    text = process.stdout.readline().strip()
    assert text, f"the program ended (exit code {process.wait()})"
    return text


def alive(pid: int) -> bool:
    """Whether a process runs (a ghost that nobody has waited for does not)."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
