"""Every benchmark runs, at one per cent of its size, and writes figures in the form that results have."""

from __future__ import annotations

import json
import subprocess
import sys
from math import isfinite
from pathlib import Path

import pytest

from bench.__main__ import names

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", names())
def test_a_benchmark_runs_small(name: str, tmp_path: Path) -> None:
    """It ends well and gives finite figures, with the commit and the machine; nothing is said about how fast."""
    command = [sys.executable, "-m", "bench", name, "--scale", "0.01", "--into", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = json.loads((tmp_path / f"{name}.json").read_text())
    assert result["commit"]
    assert result["machine"]["cores"] > 0
    assert result["figures"]
    assert all(isfinite(figure) for figure in result["figures"].values())


def test_committed_results_are_of_full_size() -> None:
    """What bench/results holds was measured at full size, with the machine described."""
    committed = sorted((ROOT / "bench" / "results").glob("*.json"))
    assert committed
    for path in committed:
        result = json.loads(path.read_text())
        assert {"commit", "machine", "figures"} <= result.keys()
        assert result.get("scale", 1.0) == 1.0, f"{path.name} is a part-size run"
