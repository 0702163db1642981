"""Changing a process under running runs, as it is typed: draft, plan, publish, migrate, retry, go back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.conftest import VISIT, Milepost

CHECK = "      - {key: permit, title: Get the permit, role: planner}\n      - key: appointment\n"


def changed(visit: str, tmp_path: Path) -> Path:
    """The document with one more step before the first."""
    file = tmp_path / "changed.yaml"
    file.write_text(VISIT.format(key=visit).replace("      - key: appointment\n", CHECK))
    return file


def started(milepost: Milepost, visit: str) -> str:
    """The id of a new run."""
    run: str = milepost.json("run", "start", visit, "--input", "site=Hamburg", "--as", "person:ann")["id"]
    return run


def test_a_process_is_changed_under_its_runs(milepost: Milepost, visit: str, tmp_path: Path):
    """The plan comes before publishing; the runs move by a job; what was refused is tried again with an answer."""
    begun, past = started(milepost, visit), started(milepost, visit)
    milepost("run", "complete", past, "appointment", "--value", "visit_on=2026-12-01", "--as", "person:ann")
    milepost("process", "draft", str(changed(visit, tmp_path)))
    assert "added" in milepost("process", "diff", visit, "1").stdout
    planned = milepost("process", "plan-migration", visit)
    assert "1 of 2 safe, 1 needs a choice" in planned.stdout
    assert "step_added:permit" in planned.stdout
    published = milepost("process", "publish-draft", visit, "--note", "A permit first").stdout
    assert f"{visit}: version 2 is published" in published
    assert [row["version"] for row in milepost.json("process", "versions", visit)] == [2, 1]
    moved = milepost.json("process", "migrate", visit, "--reason", "new rule", code=1)
    assert (moved["migrated"], moved["refused"]) == (1, 1)
    assert moved["problems"][0]["code"] == "choice_missing"
    again = milepost("process", "retry-migration", visit, moved["id"], "--choice", "step_added=required")
    assert "2 migrated" in again.stdout
    assert "person:ann" in again.stdout, "whose work it brought"
    assert [step_state(milepost, run, "permit") for run in (begun, past)] == ["ready", "ready"]
    assert moved["id"] in milepost("process", "migrations", visit).stdout


def step_state(milepost: Milepost, run: str, step: str) -> str:
    """The state of a step that a run shows."""
    stages: list[dict[str, Any]] = milepost.json("run", "show", run)["stages"]
    return str(next(one["state"] for stage in stages for one in stage["steps"] if one["key"] == step))


def test_one_run_moves_there_and_back(milepost: Milepost, visit: str, tmp_path: Path):
    """A run follows another version and the old one again; a question without an answer says what is accepted."""
    run = started(milepost, visit)
    milepost("process", "publish", str(changed(visit, tmp_path)), "--note", "A permit first")
    milepost("run", "migrate", run, "--reason", "new rule")
    assert (milepost.json("run", "show", run)["version"], step_state(milepost, run, "appointment")) == (
        2,
        "locked",
    )
    milepost("run", "migrate", run, "--to", "1")
    assert (milepost.json("run", "show", run)["version"], step_state(milepost, run, "appointment")) == (
        1,
        "ready",
    )
    assert "QUESTION=ANSWER" in milepost("run", "migrate", run, "--choice", "x", code=2).stderr
