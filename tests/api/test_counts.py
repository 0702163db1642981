"""Counts of a whole are the sums of its parts: what is counted by stage is every open run, wherever it stands."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Api, project
from tests.api.test_boards import COLUMNS, DOCUMENT, opened

ODD = [{"key": "queue", "title": "Queue"}, COLUMNS[1]]
"""A board without a column for the first stage of its process."""


def by_stage(told: dict[str, Any]) -> dict[str, int]:
    """Open runs by stage."""
    return {stage["key"]: stage["open"] for stage in told["stages"]}


def test_open_runs_by_stage_are_all_open_runs(api: Api):
    """One run where its steps are, one that somebody shows elsewhere: each counts where its card stands."""
    api.publish(DOCUMENT)
    for columns, first in ((COLUMNS, "start"), (ODD, "queue")):
        place = opened(api, columns)
        api.start(project=place)
        shown = api.start(project=place)
        body = {"stage": "live", "reason": "The customer is live already"}
        assert api.client.post(f"/v1/runs/{shown}/override-stage", json=body).status_code == 200
        project(api.database, api.services.log)
        board = api.client.get(f"/v1/projects/{place}/board").json()
        counted = {column["key"]: column["count"] for column in board["columns"]}
        assert counted == {first: 1, "live": 1}
        for path in ("/v1/home", "/v1/projects"):
            answer = api.client.get(path).json()
            (row,) = [row for row in answer.get("projects") or answer["rows"] if row["id"] == place]
            assert (row["open_runs"], by_stage(row)) == (2, counted), path
        funnel = api.client.get(f"/v1/projects/{place}/funnel").json()
        assert (funnel["open"], by_stage(funnel), by_stage(board["funnel"])) == (2, counted, counted)
