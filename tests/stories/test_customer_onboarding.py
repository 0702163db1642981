"""The 47 steps of a customer onboarding, with worker, broker, mail server and called services; every branch once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.events import RunPrioritySet
from tests.stories.branches import takes
from tests.stories.house import House
from tests.stories.outside import Outside
from tests.stories.walking import Walk, publish, shipped, start, started_long_ago
from tests.support.mailbox import text_of
from tests.support.waiting import wait_until

CANARY = "canary-7f3a"
IN_TIME, MOVED = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" for days in (90, 120))
TOO_SOON = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
"""A target that no run can reach, whatever stage it stands for."""
LARGE: dict[str, Any] = {
    "customer_name": "Alder Foods", "customer_domain": "alder.example", "primary_contact_name": "Ada Berg",
    "primary_contact_email": "ada@alder.example", "plan": "Enterprise", "contract_value": 82_000,
    "non_standard_terms": True, "billing_country": "DE", "data_region": "EU", "needs_sso": True,
    "needs_migration": True, "go_live_target": IN_TIME,
}  # fmt: skip
SMALL = LARGE | {
    "customer_name": "Birch & Co", "primary_contact_email": "bea@birch.example", "plan": "Starter",
    "contract_value": 900, "non_standard_terms": False, "needs_sso": False, "needs_migration": False,
}  # fmt: skip
TEAM = {
    "onboarding_manager": "person:onboarding_manager",
    "solutions_engineer": "person:solutions_engineer",
}
CONDITIONAL = {
    "terms_review", "kyc_check", "sso_setup", "sso_tested", "data_received", "data_checked", "trial_import",
    "data_signed_off", "rescue_plan",
}  # fmt: skip
GATES = ("terms_review", "customer_signs", "kyc_check", "plan_agreed", "data_signed_off", "go_no_go")


def begin(house: House, world: Outside, inputs: dict[str, Any], **more: Any) -> Walk:
    """Start an onboarding whose steps call into this world."""
    document = world.pointed(shipped("customer-onboarding.yaml"))
    publish(house, document)
    values = {
        "handoff_note": {"goals": CANARY, "promised_items": CANARY, "known_risks": CANARY},
        "assign_team": TEAM,
    }
    return start(house, document, inputs, values=values | more.pop("values", {}), **more)


def stages_passed(walk: Walk) -> list[str]:
    """Do step after step; the stages that the card went through, each checked against the process view."""
    passed: list[str] = []

    def look(view: Any) -> bool:
        card = walk.card()
        current = view["stage"]
        if current is not None and (not passed or passed[-1] != current):
            passed.append(current)
        if view["state"] == "running":
            assert card["stage"] == current
            assert card["progress"] < 1
        assert CANARY not in json.dumps(card)
        return False

    walk.walk(until=look)
    return passed


@takes(
    "customer_onboarding",
    """
    terms_review: applies, refused, done, webhook of not passing, webhook of passing
    customer_signs: done, webhook of passing
    kyc_check: applies, refused, done, webhook of not passing, webhook of passing
    plan_agreed: refused, done, webhook of not passing, webhook of passing
    data_signed_off: applies, refused, done, webhook of not passing, webhook of passing
    go_no_go: refused, done, webhook of not passing, webhook of passing
    admin_joined: the event came
    risk_triage: rule 0 holds
    rescue_plan: applies, rule 0 holds
    run: completed
    """,
)
def test_a_customer_is_onboarded_in_47_steps(house: House, world: Outside) -> None:
    """Everything is needed and everything is refused once; six stages pass, mails and calls are made once each."""
    walk = begin(
        house, world, LARGE,
        refusals={
            "terms_review": ["The discount was never agreed"], "kyc_check": ["An owner has the name of a listed one"],
            "plan_agreed": ["The dates are too early"],
            "data_signed_off": ["Two accounts are missing"], "go_no_go": ["The training is not over"],
        },
        refused_with={"go_no_go": {"go_live_target": MOVED}}, values={"risk_triage": {"risk": "High"}},
    )  # fmt: skip
    passed = stages_passed(walk)
    assert list(dict.fromkeys(passed)) == [stage.key for stage in walk.document.stages]
    view, card, steps = walk.view(), walk.card(), walk.steps()
    assert view["state"] == "completed"
    assert {step["state"] for step in steps.values()} == {"done"}
    assert len(steps) == 47
    assert ({dot["state"] for dot in card["stages"]}, card["progress"]) == ({"done"}, 1)
    again = ("handoff_note", "kyc_check", "success_plan", "data_checked", "go_no_go")
    assert [steps[key]["round"] for key in again] == [2] * 5
    assert view["inputs"]["go_live_target"] == MOVED
    assert (steps["usage_pull"]["values"]["adoption_rate"], steps["provision"]["values"]["tenant_id"]) == (
        0.31,
        "T-9",
    )
    assert view["priority"] == "urgent", "the risk is high"
    told = [entry["data"] for entry in walk.history() if entry["type"] == "action_queued"]
    lead = [
        each
        for each in told
        if each["step"] == "risk_triage" and each["facts"]["roles"] == ["onboarding_lead"]
    ]
    assert len(lead) == 1
    assert CANARY in json.dumps(view)
    _mails_and_calls(walk, world)


def _mails_and_calls(walk: Walk, world: Outside) -> None:
    mailed = world.subjects("ada@alder.example")
    for subject in (
        "Your agreement is ready to sign, Alder Foods",
        "Welcome, Alder Foods: what happens next",
    ):
        assert mailed.count(subject) == 1, mailed
    body = text_of(world.mails("ada@alder.example")[0])
    assert "Hello Ada Berg" in body
    assert walk.house.url in body
    for service, times in (("archive", 1), ("crm", 1), ("control", 2)):
        assert len(world.called(service, walk.run if service == "archive" else "")) >= times
    assert {request.headers["webhook-id"] for request in world.called("archive", walk.run)}
    gates = [json.loads(request.body) for request in world.called("hooks", walk.run)]
    told = {(gate["data"]["step"], gate["data"]["outcome"]) for gate in gates}
    assert {step for step, _ in told} == set(GATES)
    refused = {step for step, outcome in told if outcome == "refused"}
    assert refused == set(GATES) - {"customer_signs"}


@takes(
    "customer_onboarding",
    """
    terms_review: does not apply
    kyc_check: does not apply
    sso_setup: does not apply
    sso_tested: does not apply
    data_received: does not apply
    data_checked: does not apply
    trial_import: does not apply
    data_signed_off: does not apply
    rescue_plan: does not apply
    admin_joined: timed out, the event came
    risk_triage: rule 0 does not hold
    survey: invited, set aside
    run: completed
    """,
)
def test_a_small_customer_skips_what_is_not_needed(house: House, world: Outside) -> None:
    """With every condition false nine steps are not applicable; the survey nobody answers is skipped, never done."""
    world.answers["control"] = {"tenant": {"id": "T-10"}, "users": {"active": 9, "adoption": 0.9}}
    walk = begin(house, world, SMALL)
    _waits_too_long(walk, world)
    walk.walk_to("survey")
    long_ago = (datetime.now(UTC) - timedelta(days=12)).isoformat()
    house.tell(f"/v1/runs/{walk.run}/steps/survey/due", {"due_at": long_ago})
    wait_until(lambda: walk.steps()["survey"]["state"] == "skipped", "the survey to be set aside")
    walk.walk()
    states = {key: step["state"] for key, step in walk.steps().items()}
    assert walk.view()["state"] == "completed"
    assert {key for key, state in states.items() if state == "not_applicable"} == CONDITIONAL
    assert {key for key, state in states.items() if state == "skipped"} == {"survey"}
    assert set(states.values()) == {"done", "not_applicable", "skipped"}
    assert (walk.card()["progress"], walk.card()["outcome"]) == (1, walk.view()["outcome"])


def _waits_too_long(walk: Walk, world: Outside) -> None:
    """Nobody logs in for too long: the champion is asked, once, and the step goes on waiting."""
    walk.walk_to("admin_joined")
    ago = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    walk.house.tell(f"/v1/runs/{walk.run}/steps/admin_joined/due", {"due_at": ago})
    asked = "Still waiting: Wait for the first admin login (Birch & Co – onboarding (Starter))"
    wait_until(lambda: asked in world.subjects("bea@birch.example"), "the question")
    assert world.subjects("bea@birch.example").count(asked) == 1
    text = text_of(next(mail for mail in world.mails("bea@birch.example") if mail["subject"] == asked))
    assert "answer this mail" in text, text
    step = walk.steps()["admin_joined"]
    assert (step["state"], step["overdue"]) == ("ready", True), step


@takes("customer_onboarding", "kyc_check: applies, refused, done")
def test_a_customer_who_is_not_cleared_gets_no_workspace(house: House, world: Outside) -> None:
    """While the check says no, all else goes on and the workspace is not made; the card says what it waits for."""
    inputs = SMALL | {
        "customer_name": "Elm",
        "primary_contact_email": "el@elm.example",
        "billing_country": "IR",
    }
    walk = begin(house, world, inputs)
    walk.walk_to("kyc_check")
    walk.tell("kyc_check", "refuse", reason="The evidence is of another company")
    check = walk.steps()["kyc_check"]
    assert (check["state"], check["round"]) == ("ready", 2)
    walk.held = {"kyc_check"}
    walk.walk_to("plan_agreed", "done")
    assert walk.steps()["provision"]["state"] == "locked"
    assert world.called("control", "Elm") == []
    assert [each["step"] for each in walk.steps()["provision"]["waits_for"]] == ["kyc_check"]
    walk.held = set()
    walk.walk_to("provision", "done")
    assert len(world.called("control", "Elm")) == 1


@takes("customer_onboarding", "run: ladder 1, ladder 2, ladder 3, escalated")
def test_a_customer_who_is_slow_is_reminded_and_the_lead_hears_of_it(house: House, world: Outside) -> None:
    """A plan that nobody agrees to for weeks: the customer is mailed, the lead called, and time agrees to nothing."""
    document = world.pointed(shipped("customer-onboarding.yaml"))
    publish(house, document)
    inputs = SMALL | {"customer_name": "Hazel", "primary_contact_email": "hz@hazel.example"}
    walk = started_long_ago(house, document, inputs, "plan_agreed", days=80)
    reminder = f"Reminder: Customer agrees the plan ({walk.view()['name']})"
    wait_until(lambda: "step_escalated" in happened(walk), "the escalation")
    wait_until(lambda: reminder in world.subjects("hz@hazel.example"), "the reminder")
    step = walk.steps()["plan_agreed"]
    assert (step["state"], step["overdue"], happened(walk).count("step_reminder_raised")) == (
        "ready",
        True,
        3,
    )


@takes(
    "customer_onboarding",
    "customer_signs: declined, webhook of not passing\nrun: ended as Not signed",
)
def test_a_declined_signature_ends_the_run(house: House, world: Outside) -> None:
    """The run ends as the process says, what was open is cancelled, and nothing is sent or called afterwards."""
    inputs = SMALL | {"customer_name": "Cedar", "primary_contact_email": "cy@cedar.example"}
    walk = begin(house, world, inputs)
    walk.walk_to("customer_signs")
    calls, mails = len(world.services.heard), world.subjects("cy@cedar.example")
    assert mails == ["Your agreement is ready to sign, Cedar"]
    walk.tell("customer_signs", "decline", reason="We chose somebody else")
    view, card = walk.view(), walk.card()
    assert (view["state"], view["outcome"], card["outcome"]) == ("ended_early", "Not signed", "Not signed")
    states = {step["state"] for step in walk.steps().values()}
    assert not states & {"ready", "in_progress"}
    gate = wait_until_called(world, walk.run)
    assert (gate["data"]["step"], gate["data"]["outcome"]) == ("customer_signs", "Not signed")
    assert len(world.services.heard) == calls + 1
    assert world.subjects("cy@cedar.example") == mails


def wait_until_called(world: Outside, run: str) -> Any:
    """The webhook of the gate."""
    wait_until(lambda: bool(world.called("hooks", run)), "the webhook of the gate")
    return json.loads(world.called("hooks", run)[-1].body)


def happened(walk: Walk) -> list[str]:
    """The types of what happened to the step that waits for the customer's word."""
    return [each.type for each in walk.house.events(walk.run) if getattr(each, "step", None) == "plan_agreed"]


def priorities(walk: Walk) -> list[tuple[str, str, str | None]]:
    """What the run's priority was set to, why, and by whom."""
    events = walk.house.events(walk.run)
    return [(each.priority, each.cause, each.by) for each in events if isinstance(each, RunPrioritySet)]


def forecast_again(walk: Walk, late: bool) -> None:
    """Wait until the forecast knows what the run has become."""

    def told() -> bool:
        forecast = walk.house.ask(f"/v1/runs/{walk.run}/forecast")
        return bool(forecast["position"] >= walk.house.position and (forecast["state"] == "late") == late)

    wait_until(told, "the forecast")


@takes("customer_onboarding", "run: the forecast is late")
def test_a_run_that_will_be_late_becomes_urgent_once_and_what_a_person_says_then_stands(
    house: House, world: Outside
) -> None:
    """The forecast passes the target: its steps move up in the inboxes, once; nothing flips when it passes it again."""
    calm, late = (
        begin(house, world, SMALL | {"customer_name": name, "go_live_target": target})
        for name, target in (("Fir", "2099-03-02"), ("Ginkgo", TOO_SOON))
    )
    wait_until(lambda: late.view()["priority"] == "urgent", "the forecast")
    assert priorities(late) == [("urgent", "rule", "system:milepost")]
    inbox = [row["id"] for row in house.ask("/v1/inbox", person="person:account_executive")["rows"]]
    assert inbox.index(late.run) < inbox.index(calm.run), "both notes are due at the same time"
    house.tell(f"/v1/runs/{late.run}/priority", {"priority": "low"}, "person:onboarding_lead")
    for target, is_late in (("2099-03-02", False), (TOO_SOON, True)):
        house.tell(
            f"/v1/runs/{late.run}/inputs", {"inputs": {"go_live_target": target}}, "person:onboarding_lead"
        )
        forecast_again(late, is_late)
    assert priorities(late)[1:] == [("low", "user", "person:onboarding_lead")]
    assert (late.view()["priority"], priorities(calm)) == ("low", [])


@takes("customer_onboarding", "crm_upsert: failed, done")
def test_a_service_that_refuses_becomes_one_incident_that_a_person_resolves(
    house: House, world: Outside
) -> None:
    """The CRM says no: one incident for the onboarding manager, seen by the manager; tried again, the run goes on."""
    inputs = SMALL | {"customer_name": "Dogwood", "primary_contact_email": "di@dogwood.example"}
    walk = begin(house, world, inputs, stuck={"crm_upsert"})
    world.broken["crm"] = 422
    walk.walk_to("crm_upsert")

    def open_incidents() -> list[Any]:
        found: list[Any] = house.ask("/v1/incidents", run=walk.run)["rows"]
        return found

    wait_until(lambda: bool(open_incidents()), "the incident")
    (incident,) = open_incidents()
    assert (incident["step"], incident["problem"], incident["assignee"]) == (
        "crm_upsert", "failed", "person:onboarding_manager"
    )  # fmt: skip
    assert walk.card()["state"] == "needs_help"
    world.broken.clear()
    walk.stuck.clear()
    path = f"/v1/runs/{walk.run}/incidents/{incident['incident']}/retry"
    house.tell(path, {}, "person:onboarding_manager")
    wait_until(lambda: walk.steps()["crm_upsert"]["state"] == "done", "the second try")
    assert walk.steps()["crm_upsert"]["values"]["crm_account_id"] == "A-17"
    assert open_incidents() == []
    keys = {request.headers["idempotency-key"] for request in world.called("crm", "Dogwood")}
    assert len(keys) == 1
