"""What benchmarks share: a durable server, threads that start together, results with the machine."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread
from time import monotonic, perf_counter

from milepost.embedded import PostgresServer

_ROOT = Path(__file__).parent.parent


@contextmanager
def durable_server() -> Iterator[PostgresServer]:
    """A PostgreSQL as `milepost up` runs it, fsync included, in a directory that goes with it."""
    directory = Path(tempfile.mkdtemp(prefix="milepost-bench-"))
    try:
        with PostgresServer(directory) as server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def begin(module: str, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    """A process of a benchmark's own: ``python -m module arguments``; it has our environment and these variables."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, cwd=_ROOT, env={**os.environ, **variables})


def throughput(
    threads: int, seconds: float, work: Callable[[int], Callable[[], object]]
) -> tuple[float, list[float]]:
    """Calls per second, and the seconds each call took, of ``threads`` threads calling ``work(thread)()`` in a loop."""
    barrier = Barrier(threads + 1)
    durations: list[list[float]] = [[] for _ in range(threads)]
    failures: list[BaseException] = []
    end = [0.0]

    def loop(number: int) -> None:
        try:
            call, mine = work(number), durations[number]
            barrier.wait()
            while (began := perf_counter()) < end[0] or not end[0]:
                call()
                mine.append(perf_counter() - began)
        except BaseException as error:
            failures.append(error)
            barrier.abort()
            raise

    running = [Thread(target=loop, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    barrier.wait()
    began = monotonic()
    end[0] = perf_counter() + seconds
    for thread in running:
        thread.join()
    if failures:
        raise failures[0]
    every = [duration for each in durations for duration in each]
    return len(every) / (monotonic() - began), every


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that ``percent`` per cent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def write_result(directory: Path, name: str, figures: dict[str, float], scale: float) -> Path:
    """Write bench/results' form: the commit, the machine, the figures; a part-size run says so."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.json"
    result: dict[str, object] = {"commit": _commit(), "machine": _machine(), "figures": figures}
    if scale != 1.0:
        result["scale"] = scale
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path


def _commit() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"


def _machine() -> dict[str, object]:
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory_bytes / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": [round(each, 2) for each in os.getloadavg()],
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
