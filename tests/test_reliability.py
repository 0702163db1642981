"""The figures of RELIABILITY.md are those that were measured and kept."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
COLUMNS = (
    "requests", "refused", "operations", "server_errors", "changed_though_refused", "let_in_without_a_right",
    "touched_by_outsiders",
)  # fmt: skip


def test_the_count_of_hostile_requests_is_the_one_that_was_kept():
    """The commit, the seed and every figure, as the benchmark wrote them at full size; what has to be 0 is 0."""
    kept = json.loads((ROOT / "bench" / "results" / "hostile.json").read_text("utf-8"))
    assert "scale" not in kept
    figures = {name: int(value) for name, value in kept["figures"].items()}

    cells = [f"`{kept['commit'][:7]}`", str(figures["seed"]), *(f"{figures[name]:,}" for name in COLUMNS)]
    assert f"| {' | '.join(cells)} |" in (ROOT / "RELIABILITY.md").read_text("utf-8")
    assert [figures[name] for name in COLUMNS[3:]] == [0, 0, 0, 0]
