"""Every branch of the two large processes is taken: by a story in a running Milepost, or by one that is played.

A played story is the decisions of people and the alarms, mails and calls of the machine in simulated time, so that days
of waiting cost nothing. What the stories in a running Milepost say that they take, each of them proves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

import pytest

import tests.stories.test_customer_onboarding as onboarding_stories
import tests.stories.test_hire as hire_stories
from domain.definition import Definition
from domain.document import Document
from domain.events import ActionQueued, Event, StepBecameReady, StepCompleted
from domain.run import Run
from domain.schedule import Calendar
from domain.words import Actor, Assignee, RoleKey
from milepost.demo.cast import cast
from milepost.demo.player import Player, Rehearsal, Script
from tests.stories.branches import TOLD, branches, listed, taken
from tests.stories.walking import shipped
from tests.support.given import NINE

OWNER = Actor("person:owner")
OFFICE = Calendar()
ONBOARDING, HIRE = shipped("customer-onboarding.yaml"), shipped("hire-and-onboard.yaml")
LARGE, SMALL = onboarding_stories.LARGE, onboarding_stories.SMALL
CANDIDATE: dict[str, Any] = {**hire_stories.INPUTS, "manager": "person:marek", "start_date": "2026-04-13"}
CLEAR: dict[str, Any] = {"report_review": {"finding": "clear"}, "security_training": {"score": 93}}
DOUBTFUL: dict[str, Any] = {**CLEAR, "report_review": {"finding": "consider"}}


@dataclass(frozen=True)
class Play:
    """What is special about a run that is played, and which branches it is there for."""

    takes: str
    inputs: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    nobody_does: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


def played(document: Document, play: Play) -> tuple[Run, list[Event]]:
    """The run after half a year, and everything that happened in it."""
    definition, rehearsal = Definition(document.key, 1, document), Rehearsal()
    script = Script(
        values=play.values,
        refusals=dict.fromkeys(play.refused, 1),
        declines=frozenset(play.declined),
        stops_at=frozenset(play.nobody_does),
        refused_calls=dict.fromkeys(play.broken, "422: this cannot be right"),
    )
    roles = cast(definition, 0, Assignee(OWNER))
    player = Player(rehearsal.execute, definition, roles, OFFICE, Random(play.takes), script, UUID(int=1))
    player.perform(NINE, NINE + timedelta(days=250), OWNER, inputs=play.inputs)
    assert rehearsal.run is not None
    return rehearsal.run, rehearsal.events


ONBOARDINGS = (
    Play("""
        handoff_note: done
        terms_review: refused, done, webhook of not passing, webhook of passing, applies
        kyc_check: refused, webhook of not passing
        plan_agreed: refused, webhook of not passing
        data_signed_off: refused, webhook of not passing
        go_no_go: refused, webhook of not passing
        hand_over: refused, done
        risk_triage: rule 0 holds
        rescue_plan: rule 0 holds
        run: digest, completed
    """, LARGE, {"risk_triage": {"risk": "High"}, "usage_pull": {"adoption_rate": 0.31, "active_users": 12}},
        refused=("terms_review", "kyc_check", "plan_agreed", "data_signed_off", "go_no_go", "hand_over")),
    Play("handoff_note: done\nrisk_triage: rule 0 does not hold\nrescue_plan: does not apply", SMALL,
         {"usage_pull": {"adoption_rate": 0.9, "active_users": 60}}),
    Play("run: ladder 1, ladder 2, ladder 3, escalated", SMALL, nobody_does=("handoff_note",)),
    Play("customer_signs: reminder 1, reminder 2, told of being overdue\nrun: escalated", SMALL,
         nobody_does=("customer_signs",)),
    Play("customer_signs: declined, webhook of not passing\nrun: ended as Not signed", SMALL,
         declined=("customer_signs",)),
    Play("countersign: declined", SMALL, declined=("countersign",)),
    Play("intake_form: reminder 1, reminder 2", SMALL, nobody_does=("intake_form",)),
    Play("admin_joined: timed out", SMALL, nobody_does=("admin_joined",)),
    Play("survey: invited, reminder 1, set aside\nrun: completed", SMALL, nobody_does=("survey",)),
    Play("agreement_draft: failed", SMALL, broken=("agreement_draft",)),
    Play("file_contract: failed\ncrm_upsert: failed", SMALL, broken=("file_contract", "crm_upsert")),
    Play("provision: failed", SMALL, broken=("provision",)),
    Play("usage_pull: failed", SMALL, broken=("usage_pull",)),
)  # fmt: skip
HIRES = (
    Play("""
        headcount_ok: refused
        files_complete: refused
        dispute_window: its time was over, applies
        check_decision: done
        trained: refused
        day90_review: refused
        day30_talk: rule 0 holds
        closed: done, announced
        run: completed
    """, CANDIDATE, {**DOUBTFUL, "day30_talk": {"support_needed": True}}, nobody_does=("dispute_window",),
        refused=("headcount_ok", "files_complete", "trained", "day90_review")),
    Play("""
        pre_adverse: does not apply
        dispute_window: does not apply
        id_seen: does not apply
        day30_talk: rule 0 does not hold
        run: completed
    """, {**CANDIDATE, "work_country": "DE"}, {**CLEAR, "day30_talk": {"support_needed": False}}),
    Play("run: ladder 1, ladder 2, ladder 3, escalated", CANDIDATE, nobody_does=("personal_data", "buddy")),
    Play("offer_signed: told of being overdue", CANDIDATE, nobody_does=("offer_signed",)),
    Play("offer_signed: declined\nrun: ended as Offer declined", CANDIDATE, declined=("offer_signed",)),
    Play("consent: declined", CANDIDATE, declined=("consent",)),
    Play("policies: declined", CANDIDATE, CLEAR, declined=("policies",)),
    Play("check_processed: timed out", CANDIDATE, nobody_does=("check_processed",)),
    Play("check_decision: refused, farewell\nrun: ended as Not cleared", CANDIDATE, DOUBTFUL,
         refused=("check_decision",), nobody_does=("dispute_window",)),
    Play("offer_made: failed", CANDIDATE, broken=("offer_made",)),
    Play("hris_record: failed", CANDIDATE, broken=("hris_record",)),
    Play("check_ordered: failed", CANDIDATE, broken=("check_ordered",)),
    Play("closed: failed", CANDIDATE, CLEAR, broken=("closed",)),
)  # fmt: skip
PLAYS = {ONBOARDING.key: ONBOARDINGS, HIRE.key: HIRES}


@cache
def _histories(process: str) -> Sequence[set[str]]:
    document = next(each for each in (ONBOARDING, HIRE) if each.key == process)
    return [taken(document, played(document, play)[1]) for play in PLAYS[process]]


def _told(document: Document) -> set[str]:
    """What is taken by stories in a running Milepost, and by those that are played."""
    return set().union(*TOLD[document.key].values(), *_histories(document.key))


@pytest.mark.parametrize("document", [ONBOARDING, HIRE], ids=lambda document: document.key)
def test_every_branch_is_taken_by_a_story(document: Document) -> None:
    """Whatever the document lets happen has happened in some story; a branch that none takes is named."""
    told = _told(document)
    assert sorted(branches(document) - told) == []
    assert sorted(told - branches(document)) == [], "no branch of the document"


@pytest.mark.parametrize("document", [ONBOARDING, HIRE], ids=lambda document: document.key)
def test_each_played_story_takes_what_it_is_there_for(document: Document) -> None:
    """A play whose branch comes about by chance only would not be worth its name."""
    for play, found in zip(PLAYS[document.key], _histories(document.key), strict=True):
        assert sorted(listed(play.takes) - found) == []


EXTRA: dict[str, Any] = {
    "key": "credit_check",
    "title": "Check the credit",
    "kind": "approval",
    "role": "finance",
    "when": {"field": "inputs.plan", "operator": "equals", "value": "Enterprise"},
    "gate": {},
    "overdue": {"notify": ["legal"]},
}


def test_a_branch_that_no_story_takes_is_named() -> None:
    """A new gate with a condition brings seven branches, and each is missed until a story takes it."""
    plain = ONBOARDING.model_dump(mode="json", by_alias=True, exclude_unset=True)
    plain["stages"][-1]["steps"].append(EXTRA)
    missed = branches(Document.model_validate(plain)) - _told(ONBOARDING)
    assert missed == listed(
        "credit_check: applies, does not apply, done, refused, told of being overdue, webhook of passing, "
        "webhook of not passing"
    )


def test_the_dispute_window_ends_by_its_timer_after_five_business_days() -> None:
    """Nobody answers: not a minute before five business days are over it ends, and the decision can be made."""
    play = Play("", CANDIDATE, DOUBTFUL, nobody_does=("dispute_window",))
    run, events = played(HIRE, play)
    begun = _ready(events, "dispute_window")
    (ended,) = [each for each in events if isinstance(each, StepCompleted) and each.step == "dispute_window"]
    assert ended.at == closing_of_working_day(begun, 5)
    assert (ended.by, ended.outcome, ended.values) == ("system:milepost", "waited", {})
    decide = _ready_event(events, "check_decision")
    assert (decide.at, decide.cause, decide.assignee) == (ended.at, "timer", run.roles[RoleKey("hr_lead")])
    assert run.state == "completed"


def test_after_the_window_a_refusal_ends_the_run_with_the_final_notice() -> None:
    """The notice goes out once, nothing that was open stays open, and the accounts were never made."""
    play = Play("", CANDIDATE, DOUBTFUL, refused=("check_decision",), nobody_does=("dispute_window",))
    run, events = played(HIRE, play)
    assert (run.state, run.outcome) == ("ended_early", "Not cleared")
    assert [each.action for each in events if isinstance(each, ActionQueued)].count("farewell") == 1
    assert not [key for key, step in run.steps.items() if step.is_open]
    assert not [each for each in events if isinstance(each, StepBecameReady) and each.step == "accounts"]


def closing_of_working_day(begun: datetime, number: int) -> datetime:
    """The end of the business day so many working days later."""
    day = OFFICE.working_day(begun.date(), number)
    assert day is not None
    return OFFICE.closing(day)


def _ready(events: Sequence[Event], step: str) -> datetime:
    return _ready_event(events, step).at


def _ready_event(events: Sequence[Event], step: str) -> StepBecameReady:
    return next(each for each in events if isinstance(each, StepBecameReady) and each.step == step)
