"""Somebody changes a process under running runs in a browser: draft, verdict, publication, migration."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from domain.schedule import Calendar
from tests.support.people import letting
from tests.support.waiting import wait_until
from tests.web.conftest import PROCESS, App, keep
from workers.migrations import Migrations

pytestmark = pytest.mark.browser


def changed() -> dict[str, Any]:
    """The process with a new step behind the first one, and with other words."""
    document = copy.deepcopy(PROCESS)
    document["stages"][0]["steps"].append(
        {"key": "check", "title": "Check the contract", "role": "seller", "after": ["handoff"]}
    )
    document["stages"][0]["steps"][1] |= {"title": "Hold the first meeting", "after": ["check"]}
    return document


def draft(workspace: App) -> None:
    """Keep the changed process as the draft, seen by every page."""
    told = workspace.client.put("/v1/processes/onboarding/draft", json=changed())
    assert told.status_code == 200
    wait_until(lambda: workspace.reached() >= told.json()["position"], "the read models")


def moved(workspace: App) -> None:
    """What the worker does."""
    letting(Migrations(workspace.services.log, Calendar())).round()
    letting(Migrations(workspace.services.log, Calendar())).round()
    wait_until(lambda: workspace.reached() >= workspace.head, "the read models")


def test_a_process_is_changed_under_a_running_run(workspace: App, page: Page):
    """Draft, verdict with its choice, publication, migration of all: the run's page shows the new version."""
    project = workspace.project()
    fresh, far = workspace.run(project, "Larch"), workspace.run(project, "Acme")
    workspace.post(f"/v1/runs/{far}/steps/handoff/complete", values={"goals": "Live in March"})
    workspace.post(f"/v1/runs/{far}/steps/kickoff/complete")
    draft(workspace)
    page.goto(f"{workspace.url}/processes/onboarding")
    page.get_by_role("link", name="Versions and changes").click()
    expect(page.locator("#verdict")).to_contain_text("1 of 2 safe, 1 needs a choice.")
    expect(page.locator("#changed")).to_contain_text("new: Check the contract")
    keep(page, "migration-draft")
    page.get_by_label("What is new?").fill("The contract is checked first")
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.get_by_role("heading", name="Runs that follow another version than 2")).to_be_visible()
    page.get_by_label("check").first.select_option("required")
    page.get_by_label("Why do they move?").fill("The bank asks for it")
    keep(page, "migration")
    page.get_by_role("button", name="Move all 2 runs").click()
    expect(page.get_by_role("heading", name="Under way")).to_be_visible()
    moved(workspace)
    page.reload()
    expect(page.get_by_text("2 of 2 runs follow version 2")).to_be_visible()
    keep(page, "migration-job")
    for run in (fresh, far):
        page.goto(f"{workspace.url}/runs/{run}")
        expect(page.locator("main")).to_contain_text("Check the contract")
        expect(page.get_by_text("version 2", exact=True)).to_be_visible()
        assert workspace.client.get(f"/v1/runs/{run}").json()["version"] == 2


def test_ticked_runs_move_alone_and_a_refused_one_is_tried_again(workspace: App, page: Page):
    """Only the ticked run moves; one whose question nobody answered says why, and can be tried again by itself."""
    project = workspace.project()
    stays, goes = workspace.run(project, "Larch"), workspace.run(project, "Acme")
    draft(workspace)
    workspace.post("/v1/processes/onboarding/publish", note="Check")
    page.goto(f"{workspace.url}/processes/onboarding/changes")
    page.get_by_label("Tick Acme").check()
    page.get_by_role("button", name="Move the ticked").click()
    moved(workspace)
    page.goto(f"{workspace.url}/processes/onboarding/changes")
    expect(page.locator("#verdict")).to_contain_text("1 of 1 safe")
    assert workspace.client.get(f"/v1/runs/{goes}").json()["version"] == 2
    workspace.post(f"/v1/runs/{stays}/cancel", reason="Called off")
    told = workspace.client.post("/v1/processes/onboarding/migrations", json={"runs": [stays]}).json()
    moved(workspace)
    page.goto(f"{workspace.url}/processes/onboarding/migrations/{told['id']}")
    expect(page.get_by_text("1 not moved")).to_be_visible()
    page.get_by_role("button", name="Try Larch again").click()
    expect(page.get_by_role("heading", name="Under way")).to_be_visible()
