"""Whoever a thing concerns hears of it: the mail is queued in the same append as its cause, once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.events import ActionQueued, RunStarted
from domain.run import (
    assign_step,
    cancel_run,
    comment,
    complete_step,
    decline_signature,
    refuse_approval,
    reopen_step,
    request_help,
    set_step_due,
    start_run,
)
from domain.words import Actor
from tests.domain.documents import run_of, step
from tests.support.given import BO, DANA, NINE, Deed, Story

MAIL = {"to": ["{inputs.plan}"], "subject": "s", "body": "b"}
COMMENT = UUID("01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55")


def start(story: Story, **more: Any) -> Story:
    """The story after its start."""
    return story.after(start_run, **more)


def told(deed: Deed) -> list[tuple[str, str | None, dict[str, Any]]]:
    """The mails that a decision queues: action, step and facts."""
    queued = [event for event in deed.events() if isinstance(event, ActionQueued) and event.kind == "email"]
    return [(event.action, event.step, event.facts) for event in queued]


def test_a_step_of_a_person_invites_when_it_is_ready():
    """Once, with the mail that its author wrote."""
    story = run_of(step("first"), step("ask", ["first"], email=MAIL))
    assert told(start(story).when(complete_step, "first")) == [("invitation", "ask", {})]


def test_an_invitation_can_wait_for_the_due():
    """It goes when the step is due, also when that moves."""
    due = {"anchor": "run_start", "offset": 3, "unit": "calendar_days"}
    story = run_of(step("ask", due=due, email={**MAIL, "at": "due"}))
    begun = start(story)
    first = begun.state.actions["ask/1/invitation"]
    assert first.next_at is not None
    assert first.next_at.date() == date(2026, 3, 5)
    later = NINE + timedelta(days=9)
    moved = begun.after(set_step_due, "ask", later)
    assert moved.state.actions["ask/1/invitation"].next_at == later


def test_a_rule_tells_the_roles_that_it_names():
    """When the step is done and the condition holds; also when everything is over by then."""
    rule = {
        "when": {"field": "rate.risk", "operator": "equals", "value": "high"},
        "then": {"notify": ["boss"]},
    }
    field = {"key": "risk", "title": "Risk", "kind": "choice", "choices": ["low", "high"]}
    story = start(run_of(step("rate", kind="form", fields=[field], rules=[rule])))
    assert told(story.when(complete_step, "rate", {"risk": "low"})) == []
    high = story.when(complete_step, "rate", {"risk": "high"})
    assert told(high) == [("notice:done:0", "rate", {"roles": ["boss"]})]
    assert "action_withdrawn" not in [event.type for event in high.events()]


def test_a_guest_who_does_not_agree_is_told_of():
    """Who started the run hears of it, with the reason, also when the run ends by it; of a colleague nobody does."""
    ends = {"on_decline": {"ends_run": "Not signed"}}
    guest = Actor("guest:customer")
    story = start(run_of(step("sign", kind="sign", role="customer", signature=ends)))
    deed = story.when(decline_signature, "sign", "Too dear", by=guest)
    assert told(deed) == [
        ("declined:0", "sign", {"by": guest, "text": "Too dear", "assignees": [DANA]}),
    ]
    assert "action_withdrawn" not in [event.type for event in deed.events()]
    asks = start(run_of(step("ask", kind="approval", role="customer"), step("file", ["ask"])))
    no = {"by": guest, "text": "Not so", "assignees": [DANA]}
    assert told(asks.when(refuse_approval, "ask", "Not so", by=guest)) == [("declined:0", "ask", no)]
    assert told(asks.when(refuse_approval, "ask", "Not so", by=BO)) == []


def test_help_reaches_whoever_is_waited_for():
    """A person or a role by name; what names nobody is only shown."""
    story = start(run_of(step("work")))
    facts = {"by": DANA, "text": "no access"}
    asked = story.when(request_help, "work", "no access", "person:bo")
    assert told(asked) == [("help:0", "work", {**facts, "assignees": ["person:bo"]})]
    assert told(story.when(request_help, "work", "no access", "Boss")) == [
        ("help:0", "work", {**facts, "roles": ["boss"]})
    ]
    assert told(story.when(request_help, "work", "no access", "the weather")) == []
    again = story.given(asked.events()).when(request_help, "work", "still none", "person:bo")
    assert [action for action, _, _ in told(again)] == ["help:1"]


def test_who_is_mentioned_hears_of_it_and_who_wrote_does_not():
    """One mail for a comment, to everybody it names but its writer."""
    story = start(run_of(step("work")))
    said = story.when(comment, COMMENT, "look @bo", (BO, DANA, BO), "work")
    assert told(said) == [(f"mention:{COMMENT}", "work", {"assignees": [BO], "by": DANA, "text": "look @bo"})]
    assert told(story.when(comment, COMMENT, "note to myself", (DANA,))) == []


def test_work_given_by_somebody_else_is_told():
    """Not what one takes oneself, and not what is not open yet."""
    story = start(run_of(step("work"), step("later", ["work"])))
    assert told(story.when(assign_step, "work", BO, "knows it")) == [
        ("assigned:0", "work", {"assignees": [BO], "by": DANA, "text": "knows it"})
    ]
    assert told(story.when(assign_step, "work", DANA)) == []
    assert told(story.when(assign_step, "later", BO)) == []


def test_a_run_that_ends_early_says_goodbye():
    """The mail of the ending is queued after everything else was withdrawn."""
    ends = {"on_decline": {"ends_run": "Not signed", "email": MAIL}}
    story = start(run_of(step("sign", kind="sign", signature=ends), step("ask", email=MAIL)))
    types = [event.type for event in story.when(decline_signature, "sign", "no").events()]
    assert types == ["step_failed", "step_cancelled", "action_withdrawn", "run_ended_early", "action_queued"]


def test_a_call_can_tell_by_mail_that_it_is_done():
    """An automatic step that is no mail sends its mail after it."""
    call = step("close", kind="http", http={"url": "https://a.example"}, email=MAIL)
    story = start(run_of(call))
    assert told(story.when(complete_step, "close", by="service:milepost")) == [("announcement", "close", {})]


@pytest.mark.parametrize("decision", [cancel_run, reopen_step])
def test_what_asked_for_something_is_withdrawn_when_it_is_over(decision: Any):
    """An invitation to a step that ended is not sent any more."""
    story = start(run_of(step("first"), step("ask", ["first"], email=MAIL))).after(complete_step, "first")
    args = ("first",) if decision is reopen_step else ()
    types = [event.type for event in story.when(decision, *args, "changed our minds").events()]
    assert "action_withdrawn" in types


def test_an_imported_run_tells_nobody():
    """What happened elsewhere has been told there."""
    story = run_of(step("ask", email=MAIL), step("work"))
    past = story.given(
        RunStarted(process="sale", process_version=1, name="x", imported=True, at=NINE, by=DANA)
    )
    assert told(past.when(assign_step, "work", BO)) == []
    assert told(past.when(comment, COMMENT, "look", (BO,))) == []
