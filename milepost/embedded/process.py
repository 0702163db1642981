"""One server process: started in its own group, tied to our life, stopped by the signal it understands."""

import ctypes
import os
import platform
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from milepost.embedded.account import Account
from milepost.embedded.errors import EmbeddedError

T = TypeVar("T")
LINUX = platform.system() == "Linux"

POLL_SECONDS = 0.003
LOG_LIMIT_BYTES = 10 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if LINUX else None


def die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that has Linux send the signal when we die; None where that is not to be had.

    Linux means the thread, not the process: started from another thread than the main one, a server would end
    with that thread, so there it gets no such signal and the next start clears it away.
    """
    libc, parent = _libc, os.getpid()
    if libc is None or threading.current_thread() is not threading.main_thread():
        return None

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arm


def launch(
    command: Sequence[str],
    *,
    directory: Path,
    log: Path,
    on_parent_death: signal.Signals,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in `directory`, its output appended to `log`, out of reach of the terminal's Ctrl-C."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=server_environment() if environment is None else environment,
            process_group=0,
            # it runs between fork and exec, and calls one C function looked up before the fork
            preexec_fn=die_with_parent(on_parent_death),  # noqa: PLW1509
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def server_environment() -> dict[str, str]:
    """Our environment, less what would change a server's mind (PG…, LC_…) or tell it our secrets."""
    unwanted = ("PG", "LC_", "LANG", "MILEPOST_", "NATS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)} | {
        "LC_ALL": "C"
    }


def wait_for(
    process: subprocess.Popen[bytes], ready: Callable[[], T | None], *, name: str, seconds: float
) -> T:
    """The first answer of `ready` that is not None; raises when the process ends or the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        if (answer := ready()) is not None:
            return answer
        if process.poll() is not None:
            raise EmbeddedError(f"{name} ended while starting (exit code {process.returncode})")
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{name} was not ready within {seconds:.0f} s")
        time.sleep(POLL_SECONDS)


def stop(
    process: subprocess.Popen[bytes], gentle: signal.Signals, hard: signal.Signals, *, seconds: float
) -> None:
    """Ask a child of ours to end, and after `seconds` make it."""
    if process.poll() is not None:
        return
    process.send_signal(gentle)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(hard)
        process.wait(seconds)


def clear_left_over(
    pid: int | None, marker: str, gentle: signal.Signals, hard: signal.Signals, *, seconds: float
) -> None:
    """End what an earlier, killed Milepost left behind: process `pid`, if its command line has `marker`."""
    if pid is None or marker not in command_line(pid):
        return
    for number in (gentle, hard):
        _signal(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if marker not in command_line(pid):
                return
            time.sleep(POLL_SECONDS)
    raise EmbeddedError(f"process {pid}, left by an earlier run, does not end: stop it by hand")


def tell(pid_file: Path, marker: str, number: signal.Signals) -> None:
    """Signal the process that a file names, if it is the one whose command line has ``marker``; else nothing runs."""
    text = pid_file.read_text("ascii").strip() if pid_file.exists() else ""
    if text.isdigit() and marker in command_line(int(text)):
        _signal(int(text), number)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise EmbeddedError(
            f"process {pid}, left by an earlier run, belongs to another user: stop it by hand"
        ) from None


def exists(pid: int) -> bool:
    """Whether there is a process of this number, be it somebody else's or a ghost that nobody has waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def was_told(pid: int, setting: str) -> bool:
    """Whether a process was started with this setting (``NAME=value``) in its environment, where that can be seen."""
    try:
        return os.fsencode(setting) in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def command_line(pid: int) -> str:
    """The arguments of a process, separated by spaces; empty when there is no such process."""
    if LINUX:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            return ""
    listing = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, for the text of an error."""
    try:
        content = log.read_bytes()[-8192:].decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(content.splitlines()[-lines:])
