"""`make check-deep`: what takes too long for every change, and what came of it in docs/deep-check.json."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "docs" / "deep-check.json"
RUNS = 10_000
CHECKS = {
    "mistakes found": "tests/domain/test_mutants.py",
    "properties of random runs": "tests/domain/test_run_model.py",
}
"""What is checked, and the file whose slow tests do it."""


def main() -> int:
    """Run the slow tests of these files with one seed, and keep what came of them if all is well."""
    parser = argparse.ArgumentParser(prog="make check-deep", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=SystemRandom().randrange(2**32), help="of an earlier check"
    )
    parser.add_argument("--runs", type=int, default=RUNS, help="random runs; fewer where time is short")
    asked = parser.parse_args()
    seed, runs = asked.seed, asked.runs
    told = [
        "-m", "slow", f"--randomly-seed={seed}", f"--hypothesis-seed={seed}", "-n", "logical", "--dist", "load",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        command = [sys.executable, "-m", "pytest", *told, *CHECKS.values()]
        told_too = {**os.environ, "RANDOM_RUNS": str(runs)}
        status = subprocess.run(
            [*command, f"--junitxml={report}"], cwd=ROOT, env=told_too, check=False
        ).returncode
        passed = _passed(report) if status == 0 else Counter[str]()
    if status == 0:
        RESULT.write_text(json.dumps(_result(seed, runs, passed), indent=2) + "\n")
        print(f"-> {RESULT.relative_to(ROOT)}")
    return status


def _passed(report: Path) -> Counter[str]:
    """How many tests of each check passed."""
    modules = {file.removesuffix(".py").replace("/", "."): name for name, file in CHECKS.items()}
    cases = ET.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it
    return Counter(modules[case.attrib["classname"]] for case in cases if len(case) == 0)


def _result(seed: int, runs: int, passed: Counter[str]) -> dict[str, object]:
    asked = subprocess.run(
        ["git", "log", "-1", "--format=%H %cs"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    commit, committed_on = asked.stdout.split()
    return {
        "command": f"make check-deep ARGS='--seed {seed} --runs {runs}'",
        "checked_on": datetime.now(UTC).date().isoformat(),
        "commit": commit,
        "committed_on": committed_on,
        "seed": seed,
        "random_runs": runs,
        "passed": {name: passed[name] for name in CHECKS},
    }


if __name__ == "__main__":
    sys.exit(main())
