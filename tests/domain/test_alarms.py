"""Promises about alarms: what the timer is to do about a step, when, and that it is done once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.events import (
    ActionQueued,
    Event,
    StepBecameOverdue,
    StepBecameReady,
    StepCompleted,
    StepDueSet,
    StepEscalated,
    StepReminderRaised,
    StepSkipped,
    StepWaitTimedOut,
)
from domain.run import (
    cancel_run,
    change_inputs,
    complete_by_hand,
    complete_step,
    end_wait,
    escalate,
    fire,
    give_approval,
    pause_run,
    raise_reminder,
    recompute_dues,
    record_overdue,
    reopen_step,
    resume_run,
    set_step_due,
    skip_overdue,
    start_run,
    time_out_wait,
)
from domain.run.dues import count_anew
from domain.run.work import Work
from domain.schedule import Calendar
from domain.words import Actor, StepKey
from tests.domain.documents import run_of, step
from tests.support.given import NINE, Story

TIMER = Actor("system:milepost")
BOSS = {"boss": "person:bo"}
LADDER = [
    {"offset": -1, "unit": "business_days"},
    {"offset": 0, "unit": "business_days"},
    {"offset": 2, "unit": "business_days"},
]
LED = [
    {"key": "seller", "title": "Seller", "initiator": True, "lead": "boss"},
    {"key": "boss", "title": "Boss"},
    {"key": "helper", "title": "Helper"},
    {"key": "engine", "title": "Engine", "system": True},
]
IN_THREE_DAYS = {"anchor": "run_start", "offset": 3}


def day(number: int, clock: int = 17) -> datetime:
    """An instant of March 2026: the 2nd is a Monday."""
    return datetime(2026, 3, number, clock, tzinfo=UTC)


def led(*steps: dict[str, Any], **more: Any) -> Story:
    """A run that has begun on Monday, of a process whose sellers have a boss."""
    return run_of(*steps, roles=LED, **more).after(start_run, roles=BOSS)


def offer(**more: Any) -> dict[str, Any]:
    """A step of the seller that is due on Thursday, the fifth."""
    return step("offer", role="seller", due=IN_THREE_DAYS, **more)


def alarms(story: Story, key: str = "offer") -> dict[str, datetime]:
    """The alarms that the step has now."""
    return dict(story.state.step(StepKey(key)).alarms)


# --- what is set, and when ---


def test_a_step_of_a_person_follows_the_ladder_of_the_document():
    """Before the due, on it and after it; the lead hears at last."""
    story = led(offer(), reminders=LADDER, escalate_after={"offset": 2})
    assert alarms(story) == {
        "reminder:1": day(4),
        "reminder:2": day(5),
        "reminder:3": day(9),
        "escalation": day(9),
    }


def test_a_step_has_its_own_reminders_instead():
    """Its own reminders replace the ladder; some are counted from the moment it became ready."""
    own = [{"offset": 1, "counted_from": "ready"}, {"offset": -4, "unit": "hours"}]
    assert alarms(led(offer(reminders=own), reminders=LADDER)) == {
        "reminder:1": NINE + timedelta(days=1),
        "reminder:2": day(5, 13),
    }


def test_the_machine_is_not_reminded():
    """An automatic step follows no ladder and has no lead; one that names reminders of its own has those."""
    mail: dict[str, Any] = {"kind": "email", "email": {"to": ["a@b.example"], "subject": "s", "body": "b"}}
    plain = led(
        step("mail", role="engine", due=IN_THREE_DAYS, **mail), reminders=LADDER, escalate_after={"offset": 1}
    )
    assert alarms(plain, "mail") == {}
    own = led(step("mail", role="engine", due=IN_THREE_DAYS, reminders=[{"offset": 1}], **mail))
    assert alarms(own, "mail") == {"reminder:1": day(6)}


def test_what_is_past_when_it_is_set_is_left_out():
    """A step that becomes ready the day before its due is not reminded of yesterday."""
    due = {"anchor": {"field": "inputs.go_live"}}
    process = run_of(step("offer", role="seller", due=due), roles=LED, reminders=LADDER)
    begun = process.after(start_run, roles=BOSS, inputs={"go_live": "2026-03-03"}, at=day(2, 18))
    assert alarms(begun) == {"reminder:2": day(3), "reminder:3": day(5)}


def test_without_a_due_only_what_is_counted_from_readiness_is_set():
    """As long as the due waits for its anchor there is nothing to remind of."""
    due = {"anchor": {"field": "inputs.go_live"}}
    own = [{"offset": 1, "counted_from": "ready"}, {"offset": 1}]
    story = led(step("offer", role="seller", due=due, reminders=own), escalate_after={"offset": 1})
    assert alarms(story) == {"reminder:1": NINE + timedelta(days=1)}
    story = story.after(change_inputs, {"go_live": "2026-03-10"})
    assert alarms(story) == {
        "reminder:1": NINE + timedelta(days=1),
        "reminder:2": day(11),
        "escalation": day(11),
    }


def test_nobody_leads_the_role_so_nobody_is_called():
    """Without a lead there is no escalation."""
    story = led(step("offer", role="helper", due=IN_THREE_DAYS), escalate_after={"offset": 1})
    assert alarms(story) == {}


def test_moving_the_due_moves_what_is_counted_from_it():
    """A due set by hand takes its reminders along; what is counted from readiness stays."""
    own = [{"offset": 1, "counted_from": "ready"}, {"offset": -1}]
    story = led(offer(reminders=own)).after(set_step_due, "offer", day(12))
    assert alarms(story) == {"reminder:1": NINE + timedelta(days=1), "reminder:2": day(11)}


def test_alarms_end_with_their_step():
    """A step that is done, set aside or waits again has nothing to come."""
    story = led(offer(), step("sign", ["offer"], role="seller"), reminders=LADDER)
    done = story.after(complete_step, "offer")
    assert alarms(done) == {}
    again = done.after(reopen_step, "offer", "once more", at=day(3, 9))
    assert alarms(again)["reminder:1"] == day(4)
    assert alarms(story.after(cancel_run, "no")) == {}


def test_a_step_that_gets_its_due_ahead_of_time_is_reminded_of_that():
    """A due set by hand on a locked step counts when the step becomes ready."""
    story = led(step("first", role="seller"), step("offer", ["first"], role="seller"), reminders=LADDER[:1])
    story = story.after(set_step_due, "offer", day(12))
    assert alarms(story) == {}
    assert alarms(story.after(complete_step, "first")) == {"reminder:1": day(11)}


def test_an_imported_run_reminds_nobody():
    """History that was read in gets its dues, and calls for nobody; what changes its steps stays."""
    survey = {"overdue": {"skip_after": {"offset": 1}}}
    begun = run_of(offer(**survey), roles=LED, reminders=LADDER, escalate_after={"offset": 1})
    started, ready = begun.when(start_run, roles=BOSS).events()
    imported = begun.given(started.model_copy(update={"imported": True}), ready).after(
        set_step_due, "offer", day(12)
    )
    assert imported.state.imported
    assert alarms(imported) == {"skip": day(13)}
    assert (
        imported.when(record_overdue, "offer", at=day(12), by=TIMER).events()[0].type == "step_became_overdue"
    )


# --- pauses ---


def test_a_pause_moves_what_is_to_come_by_its_working_time():
    """A day of pause moves due and reminders by a working day, also those of a step without a due."""
    own = [{"offset": 2, "counted_from": "ready"}]
    story = led(offer(), step("undated", role="seller", reminders=own), reminders=LADDER)
    story = story.after(pause_run, "holidays").after(resume_run, at=NINE + timedelta(days=1))
    assert story.state.step(StepKey("offer")).due_at == day(6)
    assert alarms(story) == {"reminder:1": day(5), "reminder:2": day(6), "reminder:3": day(10)}
    assert alarms(story, "undated") == {"reminder:1": day(4)}
    assert story.state.step(StepKey("offer")).due_moves == 1


def test_two_pauses_add_up_and_a_new_date_starts_afresh():
    """What pauses took is known: the calendar may change without losing it, and a new anchor forgets it."""
    due = {"anchor": {"field": "inputs.go_live"}}
    process = run_of(step("offer", role="seller", due=due), roles=LED)
    story = process.after(start_run, roles=BOSS, inputs={"go_live": "2026-03-10"})
    for begins in (2, 4):
        story = story.after(pause_run, "holidays", at=day(begins, 9)).after(resume_run, at=day(begins + 1, 9))
    assert story.state.step(StepKey("offer")).due_at == day(12)
    assert story.when(recompute_dues, at=day(5)).events() == []
    story = story.after(change_inputs, {"go_live": "2026-03-16"}, at=day(6))
    assert story.state.step(StepKey("offer")).due_at == day(16)
    assert story.when(recompute_dues, at=day(6)).events() == []


def test_a_due_that_had_passed_is_not_excused_by_a_pause():
    """It stays, and is not recorded as overdue twice; the escalation waits as long as the pause."""
    story = led(offer(), escalate_after={"offset": 2})
    story = story.given(story.when(record_overdue, "offer", at=day(5), by=TIMER).events())
    story = story.after(pause_run, "holidays", at=day(6, 9)).after(resume_run, at=day(9, 9))
    assert story.state.step(StepKey("offer")).due_at == day(5)
    assert story.when(record_overdue, "offer", at=day(30), by=TIMER).events() == []
    assert alarms(story) == {"escalation": day(10)}


def test_a_pause_at_night_moves_nothing():
    """Only working time counts."""
    story = led(offer()).after(pause_run, "night", at=day(2, 20))
    story.when(resume_run, at=day(3, 8)).then_types("run_resumed")


# --- what is decided when an instant comes ---


def test_a_reminder_is_raised_once_at_its_instant():
    """Not before, once, and a mail to whose work it is goes with it."""
    story = led(offer(), reminders=LADDER)
    assert story.when(raise_reminder, "offer", "reminder:1", at=day(4, 16), by=TIMER).events() == []
    common: dict[str, Any] = {"step": "offer", "by": TIMER, "at": day(4)}
    after = story.when(raise_reminder, "offer", "reminder:1", at=day(4), by=TIMER).then(
        StepReminderRaised(alarm="reminder:1", alarm_at=day(4), **common),
        ActionQueued(
            action="reminder:1", kind="email", facts={"roles": [], "assignees": ["person:dana"]}, **common
        ),
    )
    assert set(alarms(after)) == {"reminder:2", "reminder:3"}
    assert after.when(raise_reminder, "offer", "reminder:9", at=day(30), by=TIMER).events() == []


def test_a_due_that_moved_reminds_anew():
    """The mail of the second reminder has a name of its own, so that it is sent although the first one was."""
    story = led(offer(), reminders=LADDER[:1])
    story = story.given(story.when(raise_reminder, "offer", "reminder:1", at=day(4), by=TIMER).events())
    story = story.after(set_step_due, "offer", day(12), at=day(5))
    queued = story.when(raise_reminder, "offer", "reminder:1", at=day(11), by=TIMER).events()[1]
    assert isinstance(queued, ActionQueued)
    assert queued.action == "reminder:1:1"


def test_being_overdue_is_told_to_those_whom_the_process_names():
    """The roles are told by one mail; who fills them is looked up when it is sent."""
    story = led(offer(overdue={"notify": ["boss"]}))
    common: dict[str, Any] = {"step": "offer", "by": TIMER, "at": day(6)}
    story.when(record_overdue, "offer", at=day(6), by=TIMER).then(
        StepBecameOverdue(due_at=day(5), **common),
        ActionQueued(
            action="notice:overdue", kind="email", facts={"roles": ["boss"], "assignees": []}, **common
        ),
    )


def test_escalating_tells_the_lead_and_decides_nothing():
    """An approval that nobody gives stays open: time reminds and escalates, it never approves."""
    judge = step(
        "judge", ["offer"], kind="approval", role="seller", due={"anchor": {"step_ready": "judge"}, "offset": 1},
        approval={"covers": ["offer"]},
    )  # fmt: skip
    story = led(step("offer", role="helper"), judge, escalate_after={"offset": 1}, reminders=LADDER)
    story = story.after(complete_step, "offer")
    late = day(31)
    escalated = story.when(escalate, "judge", at=late, by=TIMER).then(
        StepEscalated(
            step=StepKey("judge"), role="boss", assignee="person:bo", alarm_at=day(4), by=TIMER, at=late
        ),
        ActionQueued(
            step=StepKey("judge"),
            action="escalation",
            kind="email",
            facts={"roles": ["boss"], "assignees": []},
            by=TIMER,
            at=late,
        ),
    )
    for alarm in ("overdue", "reminder:1", "reminder:2", "reminder:3", "escalation", "skip", "until"):
        escalated = escalated.given(escalated.when(fire, "judge", alarm, at=late, by=TIMER).events())
    assert escalated.state.step(StepKey("judge")).state == "ready"
    assert alarms(escalated, "judge") == {}
    bo = Actor("person:bo")
    assert escalated.after(give_approval, "judge", by=bo).state.step(StepKey("judge")).outcome == "approved"


def ready_because(events: Sequence[Event]) -> dict[str, str]:
    """The steps that these events make ready, each with the cause that is told."""
    return {event.step: event.cause for event in events if isinstance(event, StepBecameReady)}


def test_what_time_makes_ready_says_so():
    """The same step is ready by a rule when somebody did what it waits for, and by the timer when time did."""
    until = {"until": {"anchor": "run_start", "offset": 1}}
    pause = step("pause", role="engine", kind="wait", wait=until)
    story = led(pause, step("close", ["pause"], role="seller"))
    assert ready_because(story.when(end_wait, "pause", at=day(3), by=TIMER).events()) == {"close": "timer"}
    by_hand = story.when(complete_by_hand, "pause", "it was agreed by phone")
    assert ready_because(by_hand.events()) == {"close": "rule"}


def test_a_survey_is_set_aside_after_its_time():
    """Skipped with the timer as its cause, never done; what waits for it goes on."""
    survey = step(
        "survey",
        role="seller",
        due=IN_THREE_DAYS,
        overdue={"skip_after": {"offset": 10, "unit": "calendar_days"}},
    )
    story = led(survey, step("close", ["survey"], role="seller"))
    assert story.when(skip_overdue, "survey", at=day(15, 16), by=TIMER).events() == []
    decided = story.when(skip_overdue, "survey", at=day(15), by=TIMER)
    assert decided.events()[0] == StepSkipped(
        step=StepKey("survey"), reason="overdue for too long", cause="timer", by=TIMER, at=day(15)
    )
    decided.then_types("step_skipped", "step_became_ready")
    assert ready_because(decided.events()) == {"close": "timer"}


@pytest.mark.parametrize("what", [{"kind": "approval"}, {"gate": {}}])
def test_time_lets_nothing_pass_an_approval_or_a_gate(what: dict[str, Any]):
    """Neither approved nor set aside: it stays open, and its lead hears of it."""
    story = led(offer(**what, overdue={"skip_after": {"offset": 1}}), escalate_after={"offset": 1})
    assert set(alarms(story)) == {"escalation"}
    story.when(skip_overdue, "offer", at=day(31), by=TIMER).then_types()


WAIT = step(
    "wait",
    role="engine",
    kind="wait",
    due=IN_THREE_DAYS,
    wait={
        "event": "report.received",
        "until": {"anchor": {"step_ready": "wait"}, "offset": 5},
        "on_timeout": ["boss"],
    },
)


def test_a_wait_that_takes_too_long_is_flagged_and_goes_on():
    """Its due flags it and tells those named, once; it is not ended by that."""
    story = led(WAIT)
    common: dict[str, Any] = {"step": "wait", "by": TIMER, "at": day(5)}
    after = story.when(time_out_wait, "wait", at=day(5), by=TIMER).then(
        StepBecameOverdue(due_at=day(5), **common),
        StepWaitTimedOut(due_at=day(5), **common),
        ActionQueued(
            action="notice:overdue", kind="email", facts={"roles": ["boss"], "assignees": []}, **common
        ),
    )
    assert after.state.step(StepKey("wait")).state == "ready"


def test_a_wait_ends_at_its_instant():
    """Whichever comes first, the event or the instant, ends the wait; then it is done, with an outcome of its own."""
    story = led(WAIT, step("next", ["wait"], role="seller"))
    assert alarms(story, "wait") == {"until": day(9)}
    assert story.when(end_wait, "wait", at=day(9, 16), by=TIMER).events() == []
    decided = story.when(end_wait, "wait", at=day(9), by=TIMER)
    assert decided.events()[0] == StepCompleted(step=StepKey("wait"), outcome="waited", by=TIMER, at=day(9))
    decided.then_types("step_completed", "step_became_ready")


def test_a_wait_that_ends_at_its_due_is_not_late():
    """Where the instant and the due are one, time ends the wait: it is neither flagged nor kept waiting by that."""
    window = {**WAIT, "due": {"anchor": {"step_ready": "wait"}, "offset": 5}}
    story = led(window, step("next", ["wait"], role="seller"))
    assert alarms(story, "wait") == {"until": day(9)}
    story.when(fire, "wait", "overdue", at=day(9), by=TIMER).then()
    story.when(fire, "wait", "until", at=day(9), by=TIMER).then_types("step_completed", "step_became_ready")


def test_a_process_may_name_the_outcome_of_a_wait():
    """What the document says stands."""
    story = led({**WAIT, "outcome": "window closed"})
    ended = story.when(end_wait, "wait", at=day(9), by=TIMER).events()[0]
    assert isinstance(ended, StepCompleted)
    assert ended.outcome == "window closed"


def test_a_wait_for_a_date_follows_the_date():
    """The end of a wait moves with its anchor, also to the past: then it comes at once."""
    until = {"until": {"anchor": {"field": "inputs.go_live"}}}
    story = led(step("wait", role="engine", kind="wait", wait=until))
    assert alarms(story, "wait") == {}
    story = story.after(change_inputs, {"go_live": "2026-03-12"})
    assert alarms(story, "wait") == {"until": day(12)}
    story = story.after(change_inputs, {"go_live": "2026-02-02"}, at=day(3))
    assert alarms(story, "wait")["until"] < day(3)
    story.when(end_wait, "wait", at=day(3), by=TIMER).then_types("step_completed", "run_completed")


def test_a_wait_that_wants_a_value_is_flagged_at_its_instant_not_repeated():
    """A wait that is repeated until a value came is not ended by time again and again."""
    answer = {"key": "answer", "title": "Answer", "kind": "yes_no"}
    until = {"event": "answered", "until": {"anchor": "run_start", "offset": 1}}
    again = {"condition": {"field": "wait.answer", "operator": "equals", "value": True}}
    story = led(step("wait", role="engine", kind="wait", wait=until, fields=[answer], repeat_until=again))
    story.when(end_wait, "wait", at=day(3), by=TIMER).then_types("step_wait_timed_out")


ALARMS = ("overdue", "reminder:1", "escalation", "skip", "until")


@pytest.mark.parametrize("alarm", ALARMS)
def test_nothing_comes_for_a_step_that_is_closed_a_run_that_rests_or_an_instant_that_moved(alarm: str):
    """Whatever the timer believes, the run as it is decides."""
    both = {**WAIT, "overdue": {"skip_after": {"offset": 1}}, "reminders": [{"offset": -1}]}
    story = led(both, step("later", ["wait"], role="seller"))
    long = day(4)
    paused = story.after(pause_run, "rest", at=day(2, 10))
    cancelled = story.after(cancel_run, "no", at=day(2, 10))
    moved = story.after(set_step_due, "wait", day(30), at=day(2, 10))
    for quiet in (paused, cancelled, moved):
        assert (
            quiet.when(fire, "wait", alarm, at=long if quiet is moved else day(31), by=TIMER).events() == []
        )
    assert story.when(fire, "later", alarm, at=day(31), by=TIMER).events() == []
    assert story.when(fire, "nowhere", alarm, at=day(31), by=TIMER).events() == []


def test_the_machine_s_own_step_is_not_overdue_at_its_instant():
    """The due of a mail says when it is sent: that is no limit that anybody could miss."""
    mail: dict[str, Any] = {"kind": "email", "email": {"to": ["a@b.example"], "subject": "s", "body": "b"}}
    story = led(step("mail", role="engine", due=IN_THREE_DAYS, **mail))
    assert story.when(record_overdue, "mail", at=day(31), by=TIMER).events() == []


# --- calendars ---


def test_a_new_calendar_moves_open_dues_and_says_which_it_is():
    """Only what changes is recorded; a due set by hand stays, a closed step is not touched."""
    story = led(
        offer(), step("free", role="seller"), step("hand", role="seller", due=IN_THREE_DAYS), reminders=LADDER
    )
    story = story.after(set_step_due, "hand", day(20, 12))
    new = Calendar("with a holiday", holidays=frozenset({date(2026, 3, 5)}))
    moved = story.when(recompute_dues, at=day(3), calendar=new, by=TIMER).events()
    assert [
        (each.step, each.due_at, each.cause, each.calendar) for each in moved if isinstance(each, StepDueSet)
    ] == [("offer", day(6), "calendar_changed", "with a holiday")]
    story.when(recompute_dues, at=day(3), calendar=new, by=TIMER).then_types("step_due_set")
    assert story.after(cancel_run, "no").when(recompute_dues, calendar=new).events() == []


def test_a_new_calendar_raises_no_reminder_twice():
    """A reminder that came is not set again while its due stays; one that is still to come moves."""
    own = [{"offset": 4, "unit": "hours", "counted_from": "ready"}, {"offset": 1, "counted_from": "ready"}]
    story = led(step("offer", role="seller", reminders=own))
    story = story.given(
        story.when(raise_reminder, "offer", "reminder:1", at=NINE + timedelta(hours=4)).events()
    )
    new = Calendar("closed", holidays=frozenset({date(2026, 3, 3)}))
    story = story.after(recompute_dues, at=NINE + timedelta(hours=5), calendar=new)
    assert alarms(story) == {"reminder:2": day(4, 9)}


def test_replays_do_not_drift():
    """What was recorded under one calendar gives the same under any other: instants are kept."""
    story = led(offer(), reminders=LADDER, escalate_after={"offset": 1})
    events = story.when(set_step_due, "offer", day(12)).events()
    elsewhere = Calendar("elsewhere", ZoneInfo("Pacific/Apia"), frozenset({6}))
    for calendar in (story.calendar, elsewhere):
        told = Story(story.aggregate, story.definition, calendar, story.state).given(events)
        assert told.state.step(StepKey("offer")).due_at == day(12)
        assert alarms(told)["reminder:1"] == day(11)


def test_other_rules_set_what_is_still_to_come_by_them():
    """A version that reminds more often does so for steps that are open; what would have been is past."""
    story = led(offer(), reminders=LADDER[:1])
    story = story.given(story.when(raise_reminder, "offer", "reminder:1", at=day(4), by=TIMER).events())
    newer = run_of(offer(), roles=LED, reminders=LADDER).definition
    assert newer is not None
    work = Work(story.state, newer, TIMER, day(4, 18), story.calendar)
    count_anew(work, StepKey("offer"), "migration")
    assert alarms(story.given(work.events)) == {"reminder:2": day(5), "reminder:3": day(9)}
