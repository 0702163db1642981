"""The run view says of every step when it is due, what comes before, and what is not known yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.run import (
    change_inputs,
    complete_step,
    give_approval,
    pause_run,
    reopen_step,
    resume_run,
    set_step_due,
)
from domain.words import StepKey
from projections.answers import DueWaitsFor, RunView, StepView
from projections.asking import Conn
from projections.run import queries as run_queries
from projections.run.step_times import StepTimes
from store.connect import connect
from store.log import Log
from tests.domain import documents
from tests.support.databases import Database
from tests.workers.timed import OFFICE, Office

PLAN: dict[str, Any] = {
    "key": "sale",
    "title": "Sale",
    "roles": [{"key": "boss", "title": "Boss"}, {"key": "seller", "title": "Seller", "initiator": True, "lead": "boss"},
              {"key": "engine", "title": "Engine", "system": True}],
    "inputs": [{"key": "go_live", "title": "Go-live date", "kind": "date"}],
    "reminders": [{"offset": -1}, {"offset": 0}],
    "escalate_after": {"offset": 2},
    "stages": [
        {"key": "plan", "title": "Plan", "steps": [
            {"key": "kickoff", "title": "Book the kickoff", "kind": "form", "role": "seller", "after": [],
             "fields": [{"key": "day", "title": "Day of the kickoff", "kind": "date"}],
             "due": {"anchor": "run_start", "offset": 3}},
            {"key": "survey", "title": "Survey", "role": "seller", "after": [], "required": False,
             "due": {"anchor": "run_start", "offset": 5}, "overdue": {"skip_after": {"offset": 1}}},
            {"key": "rest", "title": "Rest", "role": "engine", "kind": "wait", "after": [],
             "wait": {"until": {"anchor": "run_start", "offset": 4}}},
            {"key": "live", "title": "Go live", "role": "seller", "after": [],
             "due": {"anchor": {"field": "inputs.go_live"}, "offset": -1}}]},
        {"key": "hold", "title": "Hold", "steps": [
            {"key": "agenda", "title": "Send the agenda", "role": "boss", "after": ["kickoff"],
             "due": {"anchor": {"field": "kickoff.day"}, "offset": -1}},
            {"key": "report", "title": "Report", "role": "seller", "after": ["agenda"],
             "due": {"anchor": "run_start", "offset": 10}},
            {"key": "thanks", "title": "Thank them", "role": "seller", "after": ["report"],
             "due": {"anchor": {"step_done": "report"}, "offset": 1}}]},
    ],
}  # fmt: skip


@pytest.fixture
def office(log: Log, database: Database) -> Iterator[Office]:
    """A workspace with that plan, on Monday, the second of March 2026."""
    office = Office(database.app_url, log, document=PLAN)
    yield office
    office.close()


@pytest.fixture
def asking(database: Database) -> Iterator[Conn]:
    """A connection for questions."""
    with connect(database.app_url, "test") as connection:
        yield connection


def day(number: int, clock: int = 17) -> datetime:
    """An instant of March 2026."""
    return datetime(2026, 3, number, clock, tzinfo=UTC)


def seen(office: Office, asking: Conn, run: UUID) -> dict[str, StepView]:
    """The steps of the run as its view shows them now."""
    office.projector.catch_up()
    view: RunView = run_queries.run(asking, run, now=office.clock(), calendar=OFFICE)
    return {step.key: step for stage in view.stages for step in stage.steps}


def test_an_open_step_tells_what_is_to_come(office: Office, asking: Conn):
    """Its due, the next reminder, when the lead hears of it, when it is set aside, until when it waits."""
    run = office.start()
    steps = seen(office, asking, run)
    kickoff = steps["kickoff"]
    assert (kickoff.due_at, kickoff.overdue, kickoff.next_reminder_at) == (day(5), False, day(4))
    assert (kickoff.escalates_at, kickoff.skipped_at, kickoff.due_waits_for) == (day(9), None, None)
    assert steps["survey"].skipped_at == day(10)
    assert steps["rest"].waits_until == day(6)
    office.clock.now = day(5, 18)
    office.settle()
    kickoff = seen(office, asking, run)["kickoff"]
    assert (kickoff.overdue, kickoff.next_reminder_at, kickoff.escalates_at) == (True, None, day(9))


def test_a_step_without_a_due_says_what_it_waits_for(office: Office, asking: Conn):
    """No due yet: the anchor that is not set is named with its title, for open and for locked steps."""
    run = office.start()
    steps = seen(office, asking, run)
    waits = [(steps[key].due_waits_for) for key in ("live", "agenda", "thanks")]
    assert [(each.anchor, each.title) for each in waits if each] == [
        ("inputs.go_live", "Go-live date"),
        ("kickoff.day", "Day of the kickoff"),
        ("step_done:report", "Report"),
    ]
    office.do(run, change_inputs, office.definition, {"go_live": "2026-03-20"}, calendar=OFFICE)
    live = seen(office, asking, run)["live"]
    assert (live.due_waits_for, live.due_at) == (None, day(19))


def test_a_due_that_is_counted_from_its_own_step_does_not_wait_for_that_step():
    """It says that it is counted from when the step is ready."""
    own = {"anchor": {"step_ready": "call"}, "offset": 2}
    followed = documents.definition(documents.step("first"), documents.step("call", ["first"], due=own))
    times = StepTimes(followed, OFFICE, day(2), None, {}, {}, {})
    told = times.due_waits_for(StepKey("call"))
    assert told == DueWaitsFor("step_ready:call", "being ready: the due is counted from then")


def test_a_locked_step_says_when_it_will_be_due_and_when_that_is_which_it_waits_for(
    office: Office, asking: Conn
):
    """As far as it is known by now: whose the step before is, when that is due, and when this one will be."""
    run = office.start(roles={"boss": "person:bo"})
    steps = seen(office, asking, run)
    assert (steps["report"].due_at, steps["report"].due_expected_at) == (None, day(16))
    before = steps["agenda"].waits_for[0]
    assert (before.step, before.who, before.due_at) == ("kickoff", "person:dana", day(5))
    then = steps["thanks"].waits_for[0]
    assert (then.step, then.who, then.due_at) == ("report", "person:dana", day(16))
    nobody_knows = steps["report"].waits_for[0]
    assert (nobody_knows.who, nobody_knows.due_at) == ("person:bo", None)
    office.do(run, set_step_due, office.definition, StepKey("agenda"), day(12), calendar=OFFICE)
    assert seen(office, asking, run)["report"].waits_for[0].due_at == day(12)
    office.do(
        run, complete_step, office.definition, StepKey("kickoff"), {"day": "2026-03-25"}, calendar=OFFICE
    )
    agenda = seen(office, asking, run)["agenda"]
    assert (agenda.due_at, agenda.due_source, agenda.due_expected_at) == (day(12), "manual", None)


def test_what_is_nobody_s_yet_is_told_by_its_role(office: Office, asking: Conn):
    """Where nobody plays the role so far, its title says whose it will be."""
    waits = seen(office, asking, office.start())["report"].waits_for[0]
    assert (waits.step, waits.who) == ("agenda", "Boss")


def test_a_pause_moves_what_is_expected_too(office: Office, asking: Conn):
    """A locked step that is due ten days after the start is expected later by the working days that the run rested."""
    run = office.start()
    office.do(run, pause_run, "holidays")
    office.clock.now = day(4, 9)
    office.do(run, resume_run, office.definition, calendar=OFFICE)
    expected = seen(office, asking, run)["report"].due_expected_at
    assert expected == day(18)
    for step in ("kickoff", "agenda"):
        office.do(run, complete_step, office.definition, StepKey(step), {}, calendar=OFFICE)
    assert seen(office, asking, run)["report"].due_at == expected


def test_nothing_is_announced_while_a_run_rests(office: Office, asking: Conn):
    """A paused run reminds nobody, so it names no reminder."""
    run = office.start()
    office.do(run, pause_run, "holidays")
    kickoff = seen(office, asking, run)["kickoff"]
    assert (kickoff.due_at, kickoff.next_reminder_at) == (day(5), None)


DECIDED = {
    "key": "sale",
    "title": "Sale",
    "roles": PLAN["roles"],
    "stages": [{"key": "all", "title": "All", "steps": [
        {"key": "offer", "title": "Offer", "kind": "form", "role": "seller",
         "fields": [{"key": "price", "title": "Price", "kind": "number"}]},
        {"key": "review", "title": "Review", "kind": "approval", "role": "boss", "approval": {"covers": ["offer"]}},
        {"key": "pack", "title": "Pack", "role": "seller"},
        {"key": "ship", "title": "Ship", "role": "seller"}]}],
}  # fmt: skip


def test_a_locked_step_says_that_it_waits_for_a_decision_that_is_made_anew(
    log: Log, database: Database, asking: Conn
):
    """What is done between stays done, and what comes behind it names the decision; once that is made it goes on."""
    office = Office(database.app_url, log, document=DECIDED)
    try:
        run = office.start(roles={"boss": "person:bo"})
        told = {"definition": office.definition, "calendar": OFFICE}
        office.do(run, complete_step, step=StepKey("offer"), values={"price": 1}, **told)
        office.do(run, give_approval, step=StepKey("review"), by="person:bo", **told)
        office.do(run, complete_step, step=StepKey("pack"), **told)
        office.do(run, reopen_step, step=StepKey("offer"), reason="a typo", **told)
        office.do(run, complete_step, step=StepKey("offer"), values={"price": 2}, **told)
        ship = seen(office, asking, run)["ship"]
        assert (ship.state, [(one.step, one.who, one.state) for one in ship.waits_for]) == (
            "locked",
            [("review", "person:bo", "ready")],
        )
        office.do(run, give_approval, step=StepKey("review"), by="person:bo", **told)
        ship = seen(office, asking, run)["ship"]
        assert (ship.state, ship.waits_for) == ("ready", ())
    finally:
        office.close()
