"""Every benchmark runs, at a thousandth of its size, and writes figures in the form that results have."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache, partial
from importlib import import_module
from math import isfinite
from pathlib import Path

import pytest

from bench import pages, start, timers
from bench.__main__ import main, names
from bench.support import durable_server
from milepost.embedded import PostgresServer
from tests.bench.beginning import Begun
from tests.support.databases import Template, new_database

ROOT = Path(__file__).parents[2]
ALONE = "http"
"""Runs as its user starts it, with a server and processes of its own: what it is that the others share."""
SCALE = 0.001


def written(directory: Path, name: str) -> None:
    """The result of a benchmark: finite figures, the commit and the machine; nothing is said about how fast."""
    result = json.loads((directory / f"{name}.json").read_text())
    assert result["commit"]
    assert result["machine"]["cores"] > 0
    assert result["figures"]
    assert all(isfinite(figure) for figure in result["figures"].values())
    assert result["scale"] == SCALE


def test_a_benchmark_runs_as_its_user_starts_it(tmp_path: Path) -> None:
    """With a durable PostgreSQL, a serving and a loading process of its own it ends well and gives finite figures."""
    command = [sys.executable, "-m", "bench", ALONE, "--scale", str(SCALE), "--into", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    written(tmp_path, ALONE)


@pytest.fixture(scope="module")
def durable() -> Iterator[tuple[PostgresServer, Template]]:
    """One durable PostgreSQL for all of them, and the migrated database that theirs are copies of."""
    with durable_server() as server:
        template = Template(server)
        yield server, template
        template.close()


@pytest.fixture
def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """What costs the same at every scale is done less often."""
    monkeypatch.setattr(timers, "SHAPES", 5)
    # of the pages, all of which are asked for, a browser shows two: they are shown one like the other
    browsed = pages._browsed
    monkeypatch.setattr(
        pages, "_browsed", lambda port, token, found, loads: browsed(port, token, _two(found), loads)
    )
    # the second start, of a directory that is there, is begun and awaited in the same way
    once = cache(start._seconds_to_first_command)
    monkeypatch.setattr(start, "_seconds_to_first_command", once)


def _two(found: dict[str, str]) -> dict[str, str]:
    return {name: found[name] for name in ("home", "board_made")}


@pytest.mark.usefixtures("smaller")
@pytest.mark.parametrize("name", [name for name in names() if name != ALONE])
def test_a_benchmark_runs_small(
    name: str, tmp_path: Path, durable: tuple[PostgresServer, Template], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, with a database of the shared server and forked processes, it gives finite figures too."""
    benchmark = import_module(f"bench.{name}")
    if hasattr(benchmark, "durable_server"):
        monkeypatch.setattr(benchmark, "durable_server", partial(new_database, *durable))
    for module in (benchmark, import_module("bench.served")):
        if hasattr(module, "begin"):
            monkeypatch.setattr(module, "begin", Begun)
    monkeypatch.setattr(sys, "argv", ["bench", name, "--scale", str(SCALE), "--into", str(tmp_path)])
    main()
    written(tmp_path, name)


def test_committed_results_are_of_full_size() -> None:
    """What bench/results holds was measured at full size, with the machine described."""
    committed = sorted((ROOT / "bench" / "results").glob("*.json"))
    assert committed
    for path in committed:
        result = json.loads(path.read_text())
        assert {"commit", "machine", "figures"} <= result.keys()
        assert result.get("scale", 1.0) == 1.0, f"{path.name} is a part-size run"
