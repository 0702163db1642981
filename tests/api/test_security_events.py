"""What is told of tokens to administrators, and never their secrets."""

from __future__ import annotations

from tests.api.conftest import Api


def test_tokens_are_told_of_when_they_are_made_and_ended(api: Api):
    """For whom, by whom, with which scopes and for how long; not what it is."""
    asked = {"actor": "service:crm", "scopes": ["service"], "lifetime_hours": 48}
    made = api.client.post("/v1/tokens", json=asked).json()
    assert api.client.delete(f"/v1/tokens/{made['id']}").status_code == 204
    answer = api.client.get("/v1/security-events", params={"actor": "service:crm"})
    told = [(each["kind"], each["caused_by"], each["facts"]) for each in answer.json()["rows"]]
    facts = {"token": made["id"], "scopes": ["service"], "days": 2.0}
    assert told == [
        ("token_ended", "person:dana", {"token": made["id"]}),
        ("token_made", "person:dana", facts),
    ]
    assert made["token"] not in answer.text
