"""The hire of the first idea: the project shows four stages completing, the process every step; every branch once."""

from __future__ import annotations

from typing import Any

from domain.events import StepCompleted
from tests.stories.branches import takes
from tests.stories.house import House
from tests.stories.outside import Outside
from tests.stories.walking import Walk, publish, shipped, start, started_long_ago
from tests.support.mailbox import text_of
from tests.support.waiting import wait_until

INPUTS: dict[str, Any] = {
    "candidate_name": "Mina Sato", "personal_email": "mina@home.example", "job_title": "Engineer",
    "department": "Engineering", "manager": "person:hiring_manager", "start_date": "2027-01-11", "work_country": "US",
    "employment_type": "Permanent", "work_mode": "hybrid", "salary_band": "canary-band-5",
}  # fmt: skip
VALUES: dict[str, Any] = {
    "report_review": {"finding": "clear"},
    "security_training": {"score": 93},
    "buddy": {"buddy": "person:buddy"},
    "day30_talk": {"support_needed": False},
}
RIGHT_TO_WORK = "Right to work (outside the US)"
STAGES = ["Hire added", "Background check", "Training", "Onboarding finished"]


def begin(house: House, world: Outside, name: str, **more: Any) -> Walk:
    """Start a hire whose steps call into this world."""
    document = world.pointed(shipped("hire-and-onboard.yaml"))
    publish(house, document)
    mail = f"{name.split(maxsplit=1)[0].lower()}@home.example"
    inputs = INPUTS | {"candidate_name": name, "personal_email": mail} | more.pop("inputs", {})
    return start(house, document, inputs, values=VALUES | more.pop("values", {}), **more)


def titles(card: Any) -> list[tuple[str, str]]:
    """The stages on the card as the manager reads them."""
    return [(dot["title"], dot["state"]) for dot in card["stages"]]


def test_a_hire_is_four_stages_for_the_manager_and_every_step_for_the_doers(
    house: House, world: Outside
) -> None:
    """Hire added, background check (submitted, processed, approved), training, onboarding finished."""
    walk = begin(house, world, "Mina Sato")
    assert [title for title, _state in titles(walk.card())] == STAGES
    walk.walk_to("check_decision", "done")
    check = next(stage for stage in walk.view()["stages"] if stage["title"] == "Background check")
    outcomes = {step["key"]: step["outcome"] for step in check["steps"]}
    named = ("files_submitted", "check_processed", "check_decision")
    assert [outcomes[key] for key in named] == ["submitted", "processed", "approved"]
    walk.walk()
    assert walk.view()["state"] == "completed"
    assert [state for _title, state in titles(walk.card())] == ["done"] * 4
    states = {key: step["state"] for key, step in walk.steps().items()}
    assert {key for key, state in states.items() if state == "not_applicable"} == {
        "pre_adverse",
        "dispute_window",
    }
    assert [request.headers["idempotency-key"] for request in world.called("checks", "Mina Sato")] != []


@takes(
    "hire_and_onboard",
    """
    headcount_ok: refused, done
    files_complete: refused, done
    pre_adverse: applies, done
    dispute_window: applies, the event came
    security_training: repeated, done
    trained: refused, done
    day30_talk: rule 0 holds
    closed: announced, done
    run: completed
    """,
)
def test_everything_that_can_go_wrong_goes_wrong_once(house: House, world: Outside) -> None:
    """Position refused, files refused, a doubtful report disputed, a test failed, training refused, support needed."""
    walk = begin(
        house, world, "Noor Haddad",
        refusals={
            "headcount_ok": ["The budget is of next year"], "files_complete": ["The second page is missing"],
            "trained": ["The modules were not the right ones"],
        },
        values={
            "report_review": {"finding": "consider"}, "security_training": [{"score": 61}, {"score": 85}],
            "day30_talk": {"support_needed": True, "worries": "Too many meetings"},
        },
    )  # fmt: skip
    walk.walk_to("dispute_window")
    assert any("report" in text_of(mail) for mail in world.mails("noor@home.example"))
    early = house.send(
        f"/v1/runs/{walk.run}/steps/dispute_window/complete-by-hand",
        {"reason": "No answer"},
        walk.roles["hr_coordinator"],
    )
    assert (early.status_code, early.json()["code"]) == (409, "fixed_wait")
    walk.walk_to("day30_talk", "done")
    assert walk.card()["state"] == "needs_help"
    walk.walk()
    steps = walk.steps()
    assert walk.view()["state"] == "completed"
    rounds = {
        key: steps[key]["round"]
        for key in ("hire_intake", "files_submitted", "role_training", "security_training")
    }
    assert rounds == dict.fromkeys(rounds, 2)
    assert (steps["pre_adverse"]["state"], steps["dispute_window"]["state"]) == ("done", "done")
    order = [entry["type"] for entry in walk.history() if entry["step"] == "security_training"]
    assert order.count("step_completed") == 2
    assert order.index("step_reopened") > order.index("step_completed")


@takes("hire_and_onboard", "check_decision: refused, farewell\nrun: ended as Not cleared")
def test_a_candidate_who_is_not_cleared_is_told_and_nothing_goes_on(house: House, world: Outside) -> None:
    """The decision ends the run, the notice goes out, and the equipment that was being ordered is called off."""
    walk = begin(
        house, world, "Otto Falk",
        values={"report_review": {"finding": "consider"}},
        refusals={"check_decision": ["The report holds a conviction"]},
    )  # fmt: skip
    walk.walk_to("dispute_window")
    assert walk.steps()["equipment"]["state"] in ("ready", "done")
    walk.walk()
    view = walk.view()
    assert (view["state"], view["outcome"], walk.card()["outcome"]) == (
        "ended_early",
        "Not cleared",
        "Not cleared",
    )
    told = "Our decision after the background check"
    wait_until(lambda: told in world.subjects("otto@home.example"), "the final notice")
    assert world.subjects("otto@home.example").count(told) == 1
    assert not {step["state"] for step in walk.steps().values()} & {"ready", "in_progress"}
    assert walk.card()["state"] == "failed"


@takes(
    "hire_and_onboard",
    "dispute_window: its time was over\ncheck_decision: refused, farewell\nrun: ended as Not cleared",
)
def test_a_candidate_who_does_not_answer_is_decided_on_when_the_window_is_over(
    house: House, world: Outside
) -> None:
    """The timer ends the window, never before; whoever decides is asked then, and the final notice is mailed once."""
    document = world.pointed(shipped("hire-and-onboard.yaml"))
    publish(house, document)
    inputs = INPUTS | {"candidate_name": "Tove Dahl", "personal_email": "tove@home.example"}
    values = VALUES | {"report_review": {"finding": "consider"}}
    walk = started_long_ago(house, document, inputs, "dispute_window", days=60, values=values)
    wait_until(lambda: walk.steps()["check_decision"]["state"] == "ready", "the timer")
    window, decision = walk.steps()["dispute_window"], walk.steps()["check_decision"]
    assert (window["state"], window["outcome"], window["overdue"]) == ("done", "waited", False)
    assert decision["assignee"] == "person:hr_lead"
    ended = [each for each in house.events(walk.run) if isinstance(each, StepCompleted)][-1]
    assert (ended.step, ended.by) == ("dispute_window", "system:milepost")
    early = house.send(f"/v1/runs/{walk.run}/steps/accounts/complete", {"values": {}}, "person:it")
    assert early.status_code == 409, early.text
    walk.tell("check_decision", "refuse", reason="The report holds a conviction, and nobody disputed it")
    assert (walk.view()["state"], walk.view()["outcome"]) == ("ended_early", "Not cleared")
    told = "Our decision after the background check"
    wait_until(lambda: told in world.subjects("tove@home.example"), "the final notice")
    assert world.subjects("tove@home.example").count(told) == 1


@takes("hire_and_onboard", "offer_signed: declined\nrun: ended as Offer declined")
def test_an_offer_that_is_declined_ends_the_run(house: House, world: Outside) -> None:
    """No record is made of somebody who does not come."""
    walk = begin(house, world, "Pia Roth")
    walk.walk_to("offer_signed")
    walk.tell("offer_signed", "decline", reason="Another offer")
    assert (walk.view()["state"], walk.view()["outcome"]) == ("ended_early", "Offer declined")
    assert world.called("hris", "Pia Roth") == []


@takes(
    "hire_and_onboard",
    """
    pre_adverse: does not apply
    dispute_window: does not apply
    id_seen: does not apply
    day30_talk: rule 0 does not hold
    run: completed
    """,
)
def test_elsewhere_the_local_rules_hold(house: House, world: Outside) -> None:
    """Outside the US no originals are seen after the first day: the right to work was ticked with the files."""
    ticked = ["Identity document", "Proof of address", "References", RIGHT_TO_WORK]
    values = {"files_complete": {"files_ticked": ticked}}
    walk = begin(house, world, "Quentin Bay", inputs={"work_country": "DE"}, values=values)
    walk.walk()
    assert walk.steps()["files_complete"]["values"]["files_ticked"] == ticked
    assert walk.steps()["id_seen"]["state"] == "not_applicable"
    states = {key: step["state"] for key, step in walk.steps().items()}
    assert walk.view()["state"] == "completed"
    assert set(states.values()) == {"done", "not_applicable"}
    assert {"pre_adverse", "dispute_window"} <= {
        key for key, state in states.items() if state == "not_applicable"
    }


def test_whoever_did_the_work_does_not_approve_it(house: House, world: Outside) -> None:
    """The review and the decision of a background check are made by different people; the refusal changes nothing."""
    walk = begin(house, world, "Rosa Lind")
    walk.walk_to("check_decision")
    given = {"role": "hr_lead", "assignee": walk.roles["hr_coordinator"], "reason": "The lead is away."}
    house.tell(f"/v1/runs/{walk.run}/assign-role", given)
    walk.roles["hr_lead"] = walk.roles["hr_coordinator"]
    path = f"/v1/runs/{walk.run}/steps/check_decision/approve"
    before = walk.view()["stream_version"]
    answer = house.send(path, {"comment": "Mine, and fine."}, walk.roles["hr_lead"])
    assert answer.status_code == 409, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert walk.view()["stream_version"] == before
