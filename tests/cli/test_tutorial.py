"""The tutorial runs: every file and command of it, in order."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from tests.cli.conftest import ROOT, Milepost, run_milepost
from tests.test_docs import blocks

PAGE = ROOT / "docs" / "tutorial" / "first-run.md"


def test_the_tutorial_does_what_it_says(milepost: Milepost, house_broker: str, tmp_path: Path):
    """Every file and command of the first five minutes, in order, by the one who reads it."""
    environment = {**milepost.environment, "MILEPOST_NATS_URL": house_broker, "COLUMNS": "200"}
    outputs: dict[str, str] = {}
    run: str | None = None
    for language, text in blocks(PAGE, "yaml", "sh"):
        if language == "yaml":
            (tmp_path / "visit.yaml").write_text(text)
            continue
        for line in text.splitlines():
            words = shlex.split(line)
            if words[0] != "milepost":
                continue
            if "RUN" in words and run is None:
                run = _only_run(milepost)
            given = [_filled(word, run, tmp_path) for word in words[1:]]
            done = run_milepost(environment, *given)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            outputs[" ".join(words[1:3])] = done.stdout
    assert "nothing to complain about" in outputs["process check"]
    assert "Visit of Harbour 4" in outputs["run list"]
    assert "completed" in outputs["run show"]
    assert "not_applicable" in outputs["run show"]


def _only_run(milepost: Milepost) -> str:
    rows: list[dict[str, Any]] = milepost.json("run", "list", "--process", "site_visit")["rows"]
    assert len(rows) == 1
    return str(rows[0]["id"])


def _filled(word: str, run: str | None, directory: Path) -> str:
    if word == "RUN":
        assert run is not None
        return run
    return str(directory / word) if word == "visit.yaml" else word
