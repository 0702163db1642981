"""What a person sees of a process's figures, and of a value that is computed while they fill in a form."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import App, keep

pytestmark = pytest.mark.browser

SUM = {"sum": [{"rows": "offer.lines", "value": {"product": [{"cell": "quantity"}, {"cell": "price"}]}}]}
QUOTE: dict[str, Any] = {
    "key": "quote", "title": "Quote", "roles": [{"key": "seller", "title": "Seller", "initiator": True}],
    "stages": [{"key": "made", "title": "Made", "steps": [
        {"key": "offer", "title": "Make the offer", "kind": "form", "role": "seller", "fields": [
            {"key": "lines", "title": "Lines", "kind": "table", "required": True, "columns": [
                {"key": "quantity", "title": "Quantity", "kind": "number"},
                {"key": "price", "title": "Price", "kind": "money"}]},
            {"key": "total", "title": "Total", "kind": "computed", "unit": "EUR", "formula": SUM}]},
        {"key": "check", "title": "Check it", "kind": "approval", "role": "seller", "approval": {"covers": ["offer"]}},
        {"key": "sent", "title": "Send it", "role": "seller"},
    ]}],
}  # fmt: skip
LINES = [{"quantity": 3, "price": 0.1}, {"quantity": 1, "price": 20}]


def test_a_computed_value_is_shown_while_the_form_is_open(workspace: App, page: Page):
    """It follows what was saved, before the step is completed, and nobody can set it."""
    workspace.publish(QUOTE)
    run = workspace.post("/v1/runs", process="quote")["id"]
    workspace.post(f"/v1/runs/{run}/steps/offer/save", values={"lines": LINES})
    page.goto(f"{workspace.url}/runs/{run}")
    expect(page.locator("#f-total")).to_contain_text("20.3")
    told = workspace.client.post(f"/v1/runs/{run}/steps/offer/complete", json={"values": {"total": 1}})
    assert (told.status_code, told.json()["code"]) == (409, "invalid_values")
    workspace.post(f"/v1/runs/{run}/steps/offer/complete")
    step = workspace.client.get(f"/v1/runs/{run}").json()["stages"][0]["steps"][0]
    assert step["values"]["total"] == 20.3


def test_the_page_of_a_process_says_how_its_runs_went(workspace: App, page: Page):
    """Figures, bars and loops stand on the page; before the first run it says so."""
    workspace.publish(QUOTE)
    page.goto(f"{workspace.url}/processes/quote/insights")
    expect(page.locator("#insights")).to_contain_text("Nothing to learn yet")
    for number in range(3):
        run = workspace.post("/v1/runs", process="quote")["id"]
        workspace.post(f"/v1/runs/{run}/steps/offer/start")
        workspace.post(f"/v1/runs/{run}/steps/offer/complete", values={"lines": LINES})
        if number:
            workspace.post(f"/v1/runs/{run}/steps/offer/reopen", reason="A line is missing")
            workspace.post(f"/v1/runs/{run}/steps/offer/complete")
            workspace.post(f"/v1/runs/{run}/steps/sent/skip", reason="Was on the phone")
    page.goto(f"{workspace.url}/processes/quote")
    page.get_by_role("link", name="How runs went").click()
    told = page.locator("#insights")
    expect(told).to_contain_text("Nothing to learn yet")  # it is as of the last time, within a minute
    page.goto(f"{workspace.url}/processes/quote/insights?min_position={workspace.head}")
    expect(told).to_contain_text("3 open, 0 completed, 0 ended early, 0 cancelled")
    expect(told.get_by_role("table", name="Sent back").get_by_role("row")).to_have_count(2)
    expect(told.get_by_role("table", name="Other than the process says")).to_contain_text(
        "Skipped by a person"
    )
    expect(told).not_to_contain_text("Done before what it waits for")
    expect(told.locator("svg.bar")).to_have_count(1)
    expect(told.get_by_role("table", name="Where open runs are")).to_contain_text("Check it")
    expect(page.locator("#forecasts")).to_contain_text("No forecast of 85% has come to its day yet")
    keep(page, "process-insights")
