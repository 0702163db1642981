"""The 47 steps of a customer onboarding, over HTTP, with worker and broker running; both views watched on the way."""

from __future__ import annotations

import json
from typing import Any

from tests.stories.house import House
from tests.stories.walking import Walk, publish, shipped, start

CANARY = "canary-7f3a"
INPUTS: dict[str, Any] = {
    "customer_name": "Alder Foods", "customer_domain": "alder.example", "primary_contact_name": "Ada Berg",
    "primary_contact_email": "ada@alder.example", "plan": "Enterprise", "contract_value": 82_000,
    "non_standard_terms": True, "billing_country": "DE", "data_region": "EU", "needs_sso": True,
    "needs_migration": True, "go_live_target": "2027-03-01",
}  # fmt: skip
VALUES: dict[str, dict[str, Any]] = {
    "handoff_note": {"goals": CANARY, "promised_items": CANARY, "known_risks": CANARY},
    "assign_team": {
        "onboarding_manager": "person:onboarding_manager",
        "solutions_engineer": "person:solutions_engineer",
    },
    "usage_pull": {"active_users": 4, "adoption_rate": 0.31},
}


def stages_passed(walk: Walk) -> list[str]:
    """Do step after step; the stages that the card went through, each checked against the process view."""
    passed: list[str] = []
    order = [stage.key for stage in walk.document.stages]

    def look(walk: Walk) -> bool:
        card, view = walk.card(), walk.view()
        current = view["stage"]
        if current is not None and (not passed or passed[-1] != current):
            passed.append(current)
        if view["state"] == "running":
            assert card["stage"] == current
            dots = {dot["key"]: dot["state"] for dot in card["stages"]}
            assert all(dots[key] == "done" for key in order[: order.index(current)]), dots
            assert card["progress"] < 1
        assert CANARY not in json.dumps(card)
        return False

    walk.walk(until=look)
    return passed


def test_a_customer_is_onboarded_in_47_steps(house: House) -> None:
    """All 47 steps are done, the manager sees six stages pass, and no value of a step reaches the project."""
    document = shipped("customer-onboarding.yaml")
    publish(house, document)
    walk = start(house, document, INPUTS, values=VALUES)
    passed = stages_passed(walk)
    assert passed == [stage.key for stage in document.stages]
    view, card = walk.view(), walk.card()
    assert view["state"] == "completed"
    assert len(walk.done) == 47
    assert {step["state"] for step in walk.steps().values()} == {"done"}
    assert {dot["state"] for dot in card["stages"]} == {"done"}
    assert card["progress"] == 1
    history = house.ask(f"/v1/runs/{walk.run}/history", limit=500)["entries"]
    assert sum(entry["type"] == "step_completed" for entry in history) == 47
    assert sum(entry["type"] == "step_became_ready" for entry in history) == 47
    assert CANARY in json.dumps(view)
