# ruff: noqa: N999 - named as its results file, bench/results/import.json
"""How long a real log takes from its file to the views: BPI Challenge 2012, 13,087 runs, 262,200 events."""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path
from time import monotonic

from bench.support import durable_server
from interchange.logs.importer import Request, import_log
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from store.migrations import migrate

_ROOT = Path(__file__).parent.parent
_MAP = _ROOT / "tests" / "interchange" / "maps" / "bpic2012.yaml"
_CASES = 13_087


def run(scale: float) -> dict[str, float]:
    """The whole log at scale 1 (MILEPOST_DATA has it); below, a made-up log of that share of its cases."""
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as directory, durable_server() as server:
        wanted = request(Path(directory), scale)
        migrate(server.owner_url)
        with Log(server.app_url) as log:
            began = monotonic()
            imported = import_log(wanted, log)
            stored = monotonic()
            with Projector(server.app_url, log, projections=PROJECTIONS) as projector:
                reached = projector.catch_up()
            shown = monotonic()
        if reached < imported.last_position:
            raise RuntimeError(
                f"the read models are at {reached}, the import ended at {imported.last_position}"
            )
    seconds = shown - began
    return {
        "seconds_bpic2012" if scale >= 1 else "seconds": seconds,
        "seconds_storing": stored - began,
        "seconds_projecting": shown - stored,
        "events": float(imported.events),
        "runs": float(imported.runs),
        "events_per_s": imported.events / seconds,
    }


def request(directory: Path, scale: float) -> Request:
    """The real log at scale 1, else a made-up one of that share of its cases in ``directory``."""
    return _real() if scale >= 1 else _made_up(directory, max(1, round(_CASES * scale)))


def _real() -> Request:
    data = Path(os.environ.get("MILEPOST_DATA", _ROOT.parent / "shared" / "data"))
    path = data / "bpic2012_loans" / "bpic2012.xes.gz"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: set MILEPOST_DATA, or measure at a smaller --scale")
    return Request(path, "xes", "loan_application", _MAP, None, "Loans")


def _made_up(directory: Path, cases: int) -> Request:
    path = directory / "made-up.csv.gz"
    rows = ["case:concept:name,concept:name,lifecycle:transition,org:resource,time:timestamp"]
    for case in range(cases):
        for step in range(20):
            transition = ("schedule", "start", "complete")[step % 3]
            at = f"2026-01-{1 + step:02d}T{case % 24:02d}:00:00Z"
            rows.append(f"{case},Activity {step // 3},{transition},worker {case % 7},{at}")
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    return Request(path, "csv", "made_up", None, None, "Made up")
