"""The forecast over HTTP: who sees it, what it tells, and that it never tells a value."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from domain.schedule import Calendar
from tests.api.conftest import Api, project
from workers.forecasts import Forecasts

CANARY = "canary-7c1e"


def forecast(api: Api) -> None:
    """Let the duty work until nothing is left to do."""
    project(api.database, api.services.log)
    duty = Forecasts(api.database.app_url, api.services.log, Calendar())
    while asyncio.run(duty.once()) < 1:
        pass


def test_a_run_tells_when_it_will_be_finished(published: Api) -> None:
    """Before a worker looked it says so; without history, estimate or target that nothing is known."""
    run = published.start()
    project(published.database, published.services.log)
    assert "not forecast yet" in published.client.get(f"/v1/runs/{run}/forecast").json()["reason"]
    forecast(published)
    told = published.client.get(f"/v1/runs/{run}/forecast").json()
    assert (told["state"], told["p50_at"]) == ("no_data", None)
    assert published.client.get(f"/v1/runs/{run}/levers").json()["levers"] == []


def test_a_process_tells_how_good_its_forecasts_are(published: Api) -> None:
    """Hit rates, sample sizes, backtests, and what costs most."""
    run = published.start()
    body = {"values": {"goals": "all"}}
    published.client.post(f"/v1/runs/{run}/steps/contract/complete", json=body).raise_for_status()
    forecast(published)
    told = published.client.get("/v1/processes/onboarding/forecast").json()
    assert [rate["said"] for rate in told["hit_rates"]] == [0.85, 0.5]
    assert {step["step"] for step in told["steps"]} == {"contract"}
    assert (told["ended_runs"], told["open_runs"], told["backtests"]) == (0, 1, [])


def test_what_is_not_there_is_not_found(published: Api) -> None:
    """A run or process that does not exist is a 404, not an empty forecast."""
    for path in (
        f"/v1/runs/{uuid4()}/forecast",
        f"/v1/runs/{uuid4()}/levers",
        "/v1/processes/nothing/forecast",
    ):
        assert published.client.get(path).status_code == 404


def test_no_value_of_a_step_is_told(published: Api) -> None:
    """Whatever was typed into a step, the forecast names the step and nothing else."""
    run = published.start()
    done = published.client.post(
        f"/v1/runs/{run}/steps/contract/complete", json={"values": {"goals": CANARY}}
    )
    assert done.status_code == 200
    forecast(published)
    for path in (f"/v1/runs/{run}/forecast", f"/v1/runs/{run}/levers", "/v1/processes/onboarding/forecast"):
        assert CANARY not in published.client.get(path).text
