"""What the machine does for a run is queued, tried, moved and withdrawn in the same append as what causes it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain import events as e
from domain.definition import Definition
from domain.events import Event
from domain.run import (
    Run,
    cancel_run,
    complete_by_hand,
    complete_step,
    give_approval,
    pause_run,
    refuse_approval,
    reopen_step,
    set_step_due,
    skip_step,
    start_run,
)
from domain.run.actions import (
    RETRY_SECONDS,
    action_uncertain,
    fail_action,
    queue,
    start_action,
    succeed_action,
)
from domain.run.state import ActionState
from domain.run.work import Work
from domain.schedule import Calendar
from domain.words import Actor, StepKey
from tests.domain.documents import run_of, step
from tests.support.given import BO, NINE, Story
from tests.support.people import EVERYBODY

MACHINE = Actor("system:milepost")
CALL = ("call", 1, "http")
HTTP = {"url": "https://crm.example.com/accounts"}
ID = {"key": "account", "title": "Account", "kind": "text", "required": True}


def start(
    run: Run | None, definition: Definition, *, by: Actor, at: datetime, calendar: Calendar
) -> list[Event]:
    """Start the run."""
    return start_run(run, definition, by=by, at=at, calendar=calendar, directory=EVERYBODY)


def remind(
    run: Run, definition: Definition, step: StepKey, *, by: Actor, at: datetime, calendar: Calendar
) -> list[Event]:
    """A decision of another room that has a mail sent."""
    work = Work(run, definition, by, at, calendar)
    queue(work, step, "reminder:1", "email", at + timedelta(hours=1), {"why": "due"})
    return work.events


def calling(**more: Any) -> Story:
    """A run whose only step makes a call."""
    return run_of(step("call", kind="http", http=HTTP, **more)).after(start)


def begun(story: Story) -> Story:
    """The story after the intent to call."""
    return story.after(start_action, *CALL, key="k", by=MACHINE)


def the(story: Story, key: str = "call/1/http") -> ActionState:
    """The action as the run knows it."""
    found = story.state.actions[key]
    assert isinstance(found, ActionState)
    return found


def test_a_call_is_queued_when_its_step_becomes_ready():
    """What an automatic step has to do is queued in the append in which it becomes ready, at once without a due."""
    run_of(step("call", kind="http", http=HTTP)).when(start).then_types(
        "run_started", "step_became_ready", "action_queued"
    )
    assert the(calling()).next_at is None


def test_a_call_with_a_due_waits_for_it_and_moves_along():
    """A step with a due acts when it is due, and not before its due is known."""
    story = calling(due={"anchor": {"field": "inputs.go_live"}, "offset": 0})
    assert story.state.actions == {}
    at = NINE + timedelta(days=3)
    story = story.when(set_step_due, "call", at).then_types("step_due_set", "action_queued")
    assert the(story).next_at == at
    story = story.when(set_step_due, "call", at + timedelta(days=1)).then_types(
        "step_due_set", "action_queued"
    )
    assert the(story).next_at == at + timedelta(days=1)
    story.when(set_step_due, "call", None).then_types("step_due_set", "action_withdrawn")


def test_an_action_is_queued_once():
    """Queueing what is known already changes nothing."""
    story = run_of(step("call")).after(start).when(remind, "call").then_types("action_queued")
    assert the(story, "call/1/reminder:1").facts == {"why": "due"}


def test_nothing_is_queued_for_imported_runs():
    """What happened elsewhere causes no effect, however it goes on."""
    imported = e.RunStarted(process="sale", process_version=1, name="old", imported=True, at=NINE)
    story = run_of(step("first"), step("call", ["first"], kind="http", http=HTTP)).given(
        imported, e.StepBecameReady(step=StepKey("first"), cause="import", at=NINE)
    )
    story.when(remind, "first").then_types()
    story.when(complete_step, "first").then_types("step_completed", "step_became_ready")


def test_what_is_still_to_be_done_is_withdrawn_with_its_step():
    """Skipping, cancelling and doing by hand withdraw what was queued, in the same append."""
    calling().when(skip_step, "call", "no").then_types("step_skipped", "action_withdrawn", "run_completed")
    calling().when(cancel_run, "no").then_types("step_cancelled", "action_withdrawn", "run_cancelled")
    calling().when(complete_by_hand, "call", "by phone").then_types(
        "step_completed", "action_withdrawn", "run_completed"
    )


def test_a_reopened_step_acts_again_under_a_new_name():
    """Reopening an automatic step queues its action in the new round."""
    done = begun(calling()).after(succeed_action, *CALL, "answered", by=MACHINE)
    story = done.when(reopen_step, "call", "again").then_types(
        "run_reopened", "step_reopened", "step_became_ready", "action_queued"
    )
    assert the(story, "call/2/http").state == "queued"
    assert the(story).state == "succeeded"


def test_the_intent_is_stored_once():
    """Only one attempt is under way; who asks to begin it once more is told nothing."""
    calling().when(start_action, *CALL, key="k", by=MACHINE).then_types("action_started")


def test_nothing_is_tried_while_the_run_is_paused():
    """A paused run makes no calls; it makes them when it goes on."""
    calling().after(pause_run, "wait").when(start_action, *CALL, key="k", by=MACHINE).then_types()


def test_success_completes_the_step_with_its_values():
    """The answer's values fill the step's fields, and the step is done in the same append."""
    story = begun(calling(fields=[ID]))
    done = story.when(succeed_action, *CALL, "answered", "r1", {"account": "A1"}, by=MACHINE).then_types(
        "action_succeeded", "step_completed", "run_completed"
    )
    assert done.state.values["call.account"] == "A1"


def test_an_answer_that_does_not_fill_the_fields_is_a_failure():
    """A missing or ill-typed output of a field is a failure whose reason names the field."""
    story = begun(calling(fields=[ID]))
    for values in ({}, {"account": 7}):
        after = story.when(succeed_action, *CALL, "answered", None, values, by=MACHINE).then_types(
            "action_failed", "incident_opened"
        )
        assert "account" in (the(after).reason or "")


def test_retries_by_schedule_and_then_one_incident():
    """1 s, 5 s, 30 s, 2 min, 10 min after each failure it is tried again; then there is one incident."""
    story, at = calling(), NINE
    for seconds in RETRY_SECONDS:
        story = story.after(start_action, *CALL, key="k", by=MACHINE, at=at)
        story = story.when(fail_action, *CALL, "503", by=MACHINE, at=at).then_types("action_failed")
        early = at + timedelta(seconds=seconds - 0.001)
        story.when(start_action, *CALL, key="k", by=MACHINE, at=early).then_types()
        at += timedelta(seconds=seconds)
    story = story.after(start_action, *CALL, key="k", by=MACHINE, at=at)
    story = story.when(fail_action, *CALL, "503", by=MACHINE, at=at).then_types(
        "action_failed", "incident_opened"
    )
    assert len(story.state.incidents) == 1
    story.when(start_action, *CALL, key="k", by=MACHINE, at=at + timedelta(days=9)).then_types()


def test_jitter_and_the_receivers_wish_make_the_wait_longer():
    """Jitter stretches a wait by a fifth at most; a receiver may ask for more, up to an hour."""
    story = begun(calling())

    def wait(**more: Any) -> float:
        after = story.after(fail_action, *CALL, "503", by=MACHINE, **more)
        moment = the(after).next_at
        assert moment is not None
        return (moment - NINE).total_seconds()

    assert wait(jitter=1.0) == 1.2
    assert wait(retry_after=timedelta(seconds=90)) == 90
    assert wait(retry_after=timedelta(days=1)) == 3600


def test_a_permanent_failure_asks_at_once():
    """When trying again is no use, the incident is opened with the first failure."""
    begun(calling()).when(
        fail_action, *CALL, "not allowed", problem="not_allowed", permanent=True, by=MACHINE
    ).then_types("action_failed", "incident_opened")


def test_an_unknown_end_is_tried_again_only_where_that_is_safe():
    """A POST that nobody promised to take once asks a person; a PUT is made again under its key."""
    begun(calling()).when(action_uncertain, *CALL, by=MACHINE).then_types(
        "action_became_uncertain", "incident_opened"
    )
    put = run_of(step("call", kind="http", http={**HTTP, "method": "PUT"})).after(start)
    story = begun(put).when(action_uncertain, *CALL, by=MACHINE).then_types("action_became_uncertain")
    later = NINE + timedelta(seconds=RETRY_SECONDS[0])
    story.when(start_action, *CALL, key="k", by=MACHINE, at=later).then_types("action_started")


def test_the_outcome_of_a_gate_is_told():
    """A gate's outcome queues a call for each webhook, which stays when the run ends with it."""
    story = run_of(
        step("go", gate={}, outcome="go"),
        webhooks=[{"on": "gate_outcome", "url": "https://hooks.example.com/g"}],
    ).after(start)
    after = story.when(complete_step, "go").then_types("step_completed", "action_queued", "run_completed")
    told = the(after, "go/1/webhook:0")
    assert (told.state, told.facts) == ("queued", {"step": "go", "outcome": "go", "passed": True})


def test_a_refused_gate_is_told_and_the_next_round_tells_its_own_outcome():
    """What a refusal sends back goes on, so nothing else would say that the gate said no."""
    story = run_of(
        step("offer"),
        step("go", ["offer"], kind="approval", gate={}, approval={"covers": ["offer"]}),
        step("end", ["go"]),
        webhooks=[{"on": "gate_outcome", "url": "https://hooks.example.com/g"}],
    ).after(start)
    refused = story.after(complete_step, "offer").after(refuse_approval, "go", "too dear", by=BO)
    assert the(refused, "go/1/webhook:0").facts == {"step": "go", "outcome": "refused", "passed": False}
    approved = refused.after(complete_step, "offer").after(give_approval, "go", by=BO)
    assert the(approved, "go/1/webhook:0").state == "queued"
    assert the(approved, "go/2/webhook:0").facts == {"step": "go", "outcome": "approved", "passed": True}


def test_a_refusal_that_ends_the_run_is_told_once():
    """The outcome is the one with which the run ends."""
    ends = {"covers": ["offer"], "on_refusal": {"ends_run": "Not sold"}}
    story = run_of(
        step("offer"),
        step("go", ["offer"], kind="approval", gate={}, approval=ends),
        webhooks=[{"on": "gate_outcome", "url": "https://hooks.example.com/g"}],
    ).after(start)
    ended = story.after(complete_step, "offer").after(refuse_approval, "go", "too dear", by=BO)
    told = [action.facts for key, action in ended.state.actions.items() if "webhook" in key]
    assert told == [{"step": "go", "outcome": "Not sold", "passed": False}]
