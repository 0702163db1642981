"""Read models of an earlier release are said to be what they are, until they are rebuilt."""

from __future__ import annotations

import psycopg

from tests.api.conftest import Api


def test_a_read_model_of_an_earlier_release_is_said(api: Api):
    """What it lacks is no defect: the answer says what has to be done, and everything else goes on."""
    with psycopg.connect(api.database.app_url, autocommit=True) as connection:
        connection.execute("drop view read.recurrence cascade")
    answer = api.client.get("/v1/recurrences")
    assert (answer.status_code, answer.json()["code"]) == (503, "to_be_rebuilt")
    assert "milepost doctor" in answer.json()["detail"]
    assert api.client.get("/v1/me").status_code == 200
