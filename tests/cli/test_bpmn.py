"""From a drawn model to a run, by the command line and a running Milepost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Milepost
from tests.interchange.support import real


@pytest.mark.data
def test_two_modellings_are_two_versions_of_one_process(milepost: Milepost, tmp_path: Path):
    """As is, then to be, under one key: each is published, and the server shows what is different."""
    key = f"application_{os.urandom(4).hex()}"
    for name in ("as-is", "to-be"):
        model, out = real("onboarding_bpmn", f"candidate-application-{name}.bpmn"), tmp_path / f"{name}.yaml"
        milepost("import", "bpmn", str(model), "--process", key, "--out", str(out), "--save")
        milepost("process", "publish", str(out), "--note", name)
    changes = milepost.json("process", "diff", key, "1", "2")["changes"]
    told = {(each["change"], each["subject"], each["where"]) for each in changes}
    assert ("added", "step", "match_entered_criteria_with_minimum_criteria") in told
    assert ("removed", "step", "check_application_documents_in_more_detail") in told


@pytest.mark.data
def test_a_run_of_a_drafted_process(milepost: Milepost, tmp_path: Path):
    """A draft runs as it is: a choice that leads back asks again, the other one goes on."""
    key, out = f"vacancy_{os.urandom(4).hex()}", tmp_path / "vacancy.yaml"
    model = real("onboarding_bpmn", "advertise-vacancy.bpmn")
    milepost("import", "bpmn", str(model), "--process", key, "--out", str(out))
    milepost("process", "publish", str(out), "--note", "As drawn")
    run = milepost.json("run", "start", key)["id"]
    approved = "job_advertisement_approved="
    milepost("run", "complete", run, "write_job_description")
    milepost("run", "complete", run, "complete_job_advertisement")
    milepost("run", "complete", run, "approve_job_advertisement", "--value", f"{approved}No")
    milepost("run", "complete", run, "approve_job_advertisement", "--value", f"{approved}Yes")
    for step in ("publish_job_advertisement_on_homepage", "select_3rd_party_platforms_for_publishing"):
        milepost("run", "complete", run, step)
    last = milepost.json("run", "complete", run, "publish_job_on_3rd_party_platforms")
    assert last["events"][-1] == "run_completed"
