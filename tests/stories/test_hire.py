"""The hire of the first idea: the project shows four stages completing, the process shows every step."""

from __future__ import annotations

from typing import Any

from tests.stories.house import House
from tests.stories.walking import Walk, publish, shipped, start

INPUTS: dict[str, Any] = {
    "candidate_name": "Mina Sato", "personal_email": "mina@home.example", "job_title": "Engineer",
    "department": "Engineering", "manager": "person:hiring_manager", "start_date": "2027-01-11", "work_country": "US",
    "employment_type": "Permanent", "work_mode": "hybrid", "salary_band": "canary-band-5",
}  # fmt: skip
VALUES: dict[str, dict[str, Any]] = {
    "report_review": {"finding": "clear"},
    "security_training": {"score": 93},
    "buddy": {"buddy": "person:buddy"},
    "day30_talk": {"support_needed": False},
}


def titles(card: Any) -> list[tuple[str, str]]:
    """The stages on the card as the manager reads them."""
    return [(dot["title"], dot["state"]) for dot in card["stages"]]


def test_a_hire_is_four_stages_for_the_manager_and_every_step_for_the_doers(house: House) -> None:
    """Hire added, background check (submitted, processed, approved), training, onboarding finished."""
    document = shipped("hire-and-onboard.yaml")
    publish(house, document)
    walk = start(house, document, INPUTS, values=VALUES)
    assert [title for title, _state in titles(walk.card())] == [
        "Hire added", "Background check", "Training", "Onboarding finished",
    ]  # fmt: skip
    walk.walk(until=lambda walk: walk.steps()["check_decision"]["state"] == "done")
    check = next(stage for stage in walk.view()["stages"] if stage["title"] == "Background check")
    outcomes = {step["key"]: step["outcome"] for step in check["steps"]}
    named = ("files_submitted", "check_processed", "check_decision")
    assert [outcomes[key] for key in named] == ["submitted", "processed", "approved"]
    walk.walk()
    assert walk.view()["state"] == "completed"
    assert [state for _title, state in titles(walk.card())] == ["done"] * 4


def test_whoever_did_the_work_does_not_approve_it(house: House) -> None:
    """The review and the decision of a background check are made by different people; the refusal changes nothing."""
    walk = _walked_to(house, "check_decision")
    walk.roles["hr_lead"] = walk.roles["hr_coordinator"]
    path = f"/v1/runs/{walk.run}/steps/check_decision/approve"
    before = walk.view()["stream_version"]
    answer = house.send(path, {"comment": "Mine, and fine."}, walk.roles["hr_lead"])
    assert answer.status_code == 409, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert walk.view()["stream_version"] == before


def _walked_to(house: House, step: str) -> Walk:
    document = shipped("hire-and-onboard.yaml")
    publish(house, document)
    walk = start(house, document, INPUTS, values=VALUES)
    walk.walk(until=lambda walk: walk.steps()[step]["state"] == "ready")
    return walk
