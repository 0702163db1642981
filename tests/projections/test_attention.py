"""Promises about what needs attention: each kind with its reason in plain words, its age, and what fixes it."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.schedule import Calendar
from domain.working_time import WorkingTime
from projections.answers import ATTENTION_KINDS, AttentionRow, Card, Help, StageDot
from projections.answers.forecasts import ForecastFace
from projections.attention.context import Context, Gone, Stopped
from projections.attention.open_cards import Beside, OpenCard, late_stage, open_card
from projections.attention.open_steps import OpenStep
from projections.attention.rules import needs
from projections.cards.card import card_of, due_of, state_of
from projections.cards.judging import Judge
from projections.cards.row import CardRow
from projections.cards.usual_times import Usual

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
"""A Friday noon: 35 working hours after the Monday."""
RUN, PROJECT = UUID(int=1), UUID(int=7)
OPEN = OpenStep(RUN, "sign", "Sign", "task", "signed", True, False, True, "person:bo", 1, MONDAY, None, 0, None, None,
                None, None)  # fmt: skip
CARD = Card(
    RUN, "run", "Acme", PROJECT, "signed", "in_progress", 3, process="onboarding", started_at=MONDAY,
    progressed_at=MONDAY, stages=(StageDot("signed", "Signed", "in_progress"),),
)  # fmt: skip
TASK = Card(
    UUID(int=2), "task", "Gift", PROJECT, "signed", "not_started", 1, who="person:bo", started_at=MONDAY
)


def told(card: Card, *steps: OpenStep, **context: Any) -> list[AttentionRow]:
    """What of the card needs somebody on that Friday."""
    usual = context.pop("usual", Usual(80.0, 20))
    judge = Judge(NOW, at_risk=context.pop("at_risk", ()))
    known = Context(
        judge, lambda _process, _stage: usual, projects={PROJECT: ("Customers", "person:dana")}, **context
    )
    beside = Beside({dot.key: dot.title for dot in card.stages}, card.forecast)
    return [need.row(beside) for need in needs(opened(card), steps, known)]


def opened(card: Card) -> OpenCard:
    """The row of an open card, as far as it is judged."""
    help_ = None if card.help is None else asdict(card.help)
    return OpenCard(
        card.id, card.kind, card.name, card.project, card.stage, card.state, None, None, "running", card.priority,
        card.process, card.process_version, [stored(dot) for dot in card.stages], card.who, card.due_at, card.due_on,
        card.entered_stage_at, help_, card.blocked, card.started_at or NOW, card.ended_at, card.target_at,
        card.target_stage, card.target_reached_at, card.progressed_at,
    )  # fmt: skip


def stored(dot: StageDot) -> dict[str, Any]:
    """A stage as a row holds it."""
    at_rest = {"outcome": None, "entered_at": None, "ended_at": None, "late_at": None, "blocked_at": None}
    return {"key": dot.key, "title": dot.title, "state": dot.state, "target_at": dot.target_at, **at_rest}


def only(card: Card, *steps: OpenStep, **context: Any) -> AttentionRow:
    """The one row that there is."""
    (row,) = told(card, *steps, **context)
    return row


def test_work_that_goes_on_needs_nobody():
    """Somebody has it, it is not due, and it is no older than usual."""
    assert told(CARD, OPEN) == []
    assert told(TASK) == []


def test_an_overdue_step_is_late_and_can_be_given_more_time():
    """It says what was due when, and how often that was moved; the new due is the end of a business day."""
    row = only(CARD, OPEN._replace(due_at=NOW - timedelta(days=1), due_moves=2))
    assert (row.kind, row.why, row.due_moves) == ("late", "Sign was due 5 Mar, moved 2×", 2)
    assert row.action is not None
    assert (row.action.verb, row.action.label, row.action.asks) == ("extend", "Due 10 Mar", ("due_at",))
    assert row.action.body == {"due_at": "2026-03-10T17:00:00Z"}
    assert (row.age_hours, row.usual_hours) == (35.0, 80.0)


def test_a_passed_target_is_late():
    """The run's own, else that of a stage; a stage is silent while a step says it already."""
    whole = only(replace(CARD, target_at=NOW - timedelta(days=2)), OPEN)
    assert (whole.why, whole.action and whole.action.body) == (
        "The whole run was to be finished by 4 Mar",
        {"target_at": "2026-03-13T17:00:00Z"},
    )
    aimed = replace(CARD, target_at=NOW - timedelta(days=2), target_stage="signed")
    assert only(aimed, OPEN).why == "Signed was to be over by 4 Mar"
    assert told(replace(aimed, target_reached_at=NOW - timedelta(days=1)), OPEN) == []
    stage = StageDot("signed", "Signed", "late", target_at=NOW - timedelta(days=2))
    row = only(replace(CARD, stages=(stage,)), OPEN)
    assert (row.why, row.action and row.action.verb) == ("Signed was to be over by 4 Mar", "nudge")
    overdue = OPEN._replace(due_at=NOW - timedelta(days=1))
    assert [each.step for each in told(replace(CARD, stages=(stage,)), overdue)] == ["sign"]


def test_what_stands_still_for_longer_than_usual_is_stalled():
    """Measured on working time from real progress, against this stage's own history; whose turn it is, is nudged."""
    row = only(CARD, OPEN, usual=Usual(16.0, 20))
    assert row.kind == "stalled"
    assert (
        row.why == "No progress for 4 working days; 85 of 100 runs are through Signed within 2 working days"
    )
    assert row.action is not None
    assert (row.action.label, row.action.href) == ("Nudge Bo", f"/v1/runs/{RUN}/steps/sign/remind")
    nobodys = told(CARD, OPEN._replace(assignee=None), usual=Usual(16.0, 20))
    assert [(each.kind, each.action and each.action.verb) for each in nobodys] == [
        ("unassigned", "assign"), ("stalled", "assign"),
    ]  # fmt: skip
    assert told(replace(CARD, progressed_at=NOW - timedelta(hours=2)), OPEN, usual=Usual(16.0, 20)) == []


def test_without_history_ten_working_days_count():
    """And that is said."""
    old = replace(CARD, progressed_at=MONDAY - timedelta(days=14))
    row = only(old, OPEN, usual=None)
    assert row.why.endswith("too few runs have passed Signed to say what is usual, so 10 working days count")
    assert told(CARD, OPEN, usual=None) == []


def test_whoever_is_outside_is_waited_for():
    """A guest who is late, or takes longer than is usual; never called late, for it is not ours."""
    guest = OPEN._replace(outside=True, assignee="guest:customer", due_at=NOW - timedelta(days=1))
    row = only(CARD, guest)
    assert (row.kind, row.why) == ("waiting_outside", "Waits for Customer (guest): Sign, was due 5 Mar")
    slow = only(CARD, guest._replace(due_at=None), usual=Usual(16.0, 20))
    assert slow.why == "Waits for Customer (guest): Sign, for 4 working days"


def test_an_incident_is_whose_who_decides_it():
    """Not of the machine whose step it is."""
    stuck = OPEN._replace(
        assignee="service:milepost", incident="i", incident_kind="failed", incident_since=MONDAY
    )
    assert only(CARD, stuck, deciders={"i": "person:max"}).who == "person:max"
    assert only(CARD, stuck).who == "service:milepost"


def test_a_run_that_stands_still_can_be_set_going_or_ended():
    """Where it stopped at a step that is reopened; a run without such a step has an end at least."""
    dot = StageDot("signed", "Signed", "late", target_at=MONDAY)
    for state in ("blocked", "failed"):
        card = replace(CARD, state=state, stages=(dot,))
        at = {RUN: Stopped("sign", "Sign", "failed")}
        late, still = told(card, stopped=at)
        assert (late.kind, still.kind, still.why) == (
            "late", "blocked", "Sign failed, and nothing else can be worked on",
        )  # fmt: skip
        assert late.action == still.action
        assert still.action is not None
        assert (still.action.label, still.action.href.rpartition("/steps/")[2]) == (
            "Reopen Sign",
            "sign/reopen",
        )
        assert (still.action.body, still.action.asks) == ({"reason": "It failed"}, ("reason",))
        actions = [row.action for row in told(card)]
        assert [action and (action.verb, action.asks) for action in actions] == [("cancel", ("reason",))] * 2


def test_an_approval_that_waits_long_can_be_given():
    """Two working days are long, whatever the stage's history is."""
    row = only(CARD, OPEN._replace(kind="approval"))
    assert (row.kind, row.why, row.action and row.action.verb) == (
        "approval", "Sign has waited for 4 working days", "approve",
    )  # fmt: skip
    assert told(CARD, OPEN._replace(kind="approval", ready_at=NOW - timedelta(hours=3))) == []


def test_incidents_help_and_people_who_left():
    """Each with its own way out: try again, clear the help, give it to somebody else."""
    incident = OPEN._replace(incident="i1", incident_kind="uncertain", incident_since=MONDAY)
    row = only(CARD, incident)
    assert (row.kind, row.why) == ("incident", "Sign: Milepost cannot go on by itself (uncertain)")
    helped = OPEN._replace(help_since=MONDAY)
    assert only(CARD, helped).why == "Sign needs help"
    texts = {(RUN, "sign"): Help("No key", MONDAY, "the owner")}
    assert only(CARD, helped, texts=texts).why == "Sign needs help: No key (waits for the owner)"
    gone = {(RUN, "sign"): Gone("bo left: moved away", MONDAY)}
    row = only(CARD, OPEN, gone=gone)
    assert (row.kind, row.why) == ("owner_deactivated", "Bo left: moved away")
    assert row.action is not None
    assert row.action.body == {"assignee": "person:dana", "reason": "Bo left: moved away"}


def test_work_of_somebody_who_does_not_exist_is_told():
    """An older log may name people whom nobody added: their work is nobody's, and says so."""
    gone = {(RUN, "sign"): Gone("nobody here is called yuki-tanaka", MONDAY, known=False)}
    row = only(CARD, OPEN, gone=gone)
    assert (row.kind, row.why) == ("owner_unknown", "Nobody here is called yuki-tanaka")
    assert row.action is not None
    assert row.action.verb == "assign"


def test_nobody_has_it():
    """A step that somebody has to do and nobody has; automatic ones need nobody."""
    row = only(CARD, OPEN._replace(assignee=None))
    assert (row.kind, row.why, row.action and row.action.label) == (
        "unassigned", "Nobody has Sign", "Assign to Dana",
    )  # fmt: skip
    assert told(CARD, OPEN._replace(assignee=None, manual=False)) == []


def test_a_paused_run_is_blocked_and_is_never_late():
    """Its clocks stand; it can be let go on. That somebody asked for help is said all the same."""
    overdue = OPEN._replace(due_at=NOW - timedelta(days=1))
    row = only(replace(CARD, blocked="Holidays", state="blocked"), overdue)
    assert (row.kind, row.why, row.action and row.action.verb) == ("blocked", "Paused: Holidays", "resume")
    helped = told(replace(CARD, blocked="Holidays", state="needs_help"), overdue._replace(help_since=MONDAY))
    assert [each.kind for each in helped] == ["blocked", "needs_help"]


def test_the_forecast_is_heard_when_nothing_is_worse():
    """A run at risk can be given a higher priority, an urgent one another target."""
    risky = replace(CARD, state="at_risk", target_at=NOW + timedelta(days=9))
    assert (only(risky, OPEN).kind, only(risky, OPEN).action.body) == ("at_risk", {"priority": "high"})  # type: ignore[union-attr]  # there is one
    assert only(replace(risky, priority="urgent"), OPEN).action.verb == "extend"  # type: ignore[union-attr]  # as above
    assert only(risky, OPEN, usual=Usual(16.0, 20)).kind == "stalled"


def test_the_new_target_of_a_run_is_one_that_it_can_meet():
    """Never earlier than the target it has, nor than its forecast; at the end of a business day."""
    risky = replace(CARD, state="at_risk", target_at=NOW + timedelta(days=9), priority="urgent")
    proposed = [only(replace(risky, forecast=forecast), OPEN).action for forecast in (
        None, ForecastFace("at_risk", target_p85_at=NOW + timedelta(days=12), probability=0.31))]  # fmt: skip
    assert [each and each.body["target_at"] for each in proposed] == [
        "2026-03-16T17:00:00Z", "2026-03-18T17:00:00Z",
    ]  # fmt: skip
    late = replace(risky, state="late", target_at=NOW - timedelta(days=1))
    assert only(late, OPEN).action.body == {"target_at": "2026-03-13T17:00:00Z"}  # type: ignore[union-attr]  # there is one


def test_the_forecast_is_told_with_its_numbers():
    """When it will probably be finished, and how sure the target is; of a run that stands still, what it stands at."""
    later = NOW + timedelta(days=40)
    face = ForecastFace("at_risk", p85_at=later, target_p85_at=NOW + timedelta(days=12), probability=0.31)
    risky = replace(CARD, state="at_risk", target_at=NOW + timedelta(days=9), forecast=face)
    assert (
        only(risky, OPEN).why == "Probably finished by 18 Mar; the forecast gives 31% for its target, 15 Mar"
    )
    aimed = replace(risky, target_stage="live", stages=(StageDot("live", "Live", "at_risk"),))
    assert (
        only(aimed, OPEN).why
        == "Live is probably over by 18 Mar; the forecast gives 31% for its target, 15 Mar"
    )
    still = replace(risky, forecast=replace(face, state="stalled", reason="nothing has moved on “Sign”"))
    row = only(still, OPEN)
    assert (row.why, row.action and row.action.verb) == ("Nothing has moved on “Sign”", "nudge")


def test_people_are_called_by_their_names():
    """As the directory says, wherever somebody is named: who is waited for, nudged, or given it."""
    names = {"person:bo": "Bo Ek", "person:dana": "Dana Roth"}
    texts = {(RUN, "sign"): Help("No key", MONDAY, "person:dana")}
    row = only(CARD, OPEN._replace(help_since=MONDAY), texts=texts, names=names)
    assert row.why == "Sign needs help: No key (waits for Dana Roth)"
    assert only(CARD, OPEN, usual=Usual(16.0, 20), names=names).action.label == "Nudge Bo Ek"  # type: ignore[union-attr]  # there is one
    assert only(CARD, OPEN._replace(assignee=None), names=names).action.label == "Assign to Dana Roth"  # type: ignore[union-attr]  # as above


def test_tasks_are_told_with_their_own_words():
    """Free cards hold their texts themselves."""
    rows = told(replace(TASK, who=None, blocked="No budget", overdue=True, due_at=NOW - timedelta(days=1),
                        help=Help("Which one?", MONDAY)))  # fmt: skip
    assert [(row.kind, row.why) for row in rows] == [
        ("needs_help", "Help is needed: Which one?"), ("blocked", "Nobody can go on: No budget"),
        ("late", "Was due 5 Mar"), ("unassigned", "Nobody has this task"),
    ]  # fmt: skip
    assert [row.action and row.action.href.rsplit("/", 1)[1] for row in rows] == [
        "clear-help", "unblock", "due", "assign",
    ]  # fmt: skip


def test_there_is_an_order_of_how_bad_things_are():
    """What stops the machine or a person comes before what is only slow."""
    assert ATTENTION_KINDS[0] == "incident"
    assert (
        ATTENTION_KINDS.index("late") < ATTENTION_KINDS.index("stalled") < ATTENTION_KINDS.index("unassigned")
    )


CALENDARS = (
    Calendar(),
    Calendar(zone=ZoneInfo("America/New_York"), working_days=frozenset({0, 2, 5})),
    Calendar(zone=ZoneInfo("Asia/Tokyo"), holidays=frozenset({datetime(2026, 5, 4, tzinfo=UTC).date()})),
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@pytest.mark.parametrize("calendar", CALENDARS)
@settings(deadline=None)
@given(start=INSTANTS, end=INSTANTS)
def test_working_time_is_the_calendar_s_own(calendar: Calendar, start: datetime, end: datetime):
    """The quick way and the plain way count the same."""
    plain = calendar.working_time(start, end) if start < end else timedelta()
    assert WorkingTime(calendar).between(start, end) == plain


def at(days: float | None) -> datetime | None:
    """So many days after that Friday noon."""
    return None if days is None else NOW + timedelta(days=days)


DAYS = st.none() | st.integers(-20, 20)
STATES = st.sampled_from(["not_started", "in_progress", "blocked", "late", "needs_help", "failed", "done"])
STAGES = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from("abc"), "title": st.sampled_from(["A", "B"]), "state": STATES,
            "outcome": st.none(), "entered_at": st.none(), "ended_at": st.none(), "late_at": DAYS.map(at),
            "blocked_at": DAYS.map(at),
        },
        optional={"target_days": st.integers(1, 15), "target_at": DAYS.map(at)},
    ),
    max_size=4,
)  # fmt: skip


@st.composite
def rows(draw: st.DrawFn) -> CardRow:
    """The row of an open card."""
    started_at, task = at(draw(st.integers(-30, 0))) or NOW, draw(st.booleans())
    stages: list[dict[str, Any]] = draw(STAGES)
    return CardRow(
        card=RUN, kind="task" if task else "run", project=PROJECT, name="Acme", stage="a", state=draw(STATES),
        late_at=at(draw(DAYS)), blocked_at=at(draw(DAYS)), life="open" if task else "running", version=1, rank=None,
        priority="none", process=None, process_version=None,
        stages=None if task else orjson.dumps(stages).decode() if draw(st.booleans()) else stages, reached=(),
        progress=None, next_action=None, who=None, due_at=at(draw(DAYS)), entered_stage_at=None, also_in=(),
        help=None, blocked=None, comments=0, labels=(), checklist_done=0, checklist_total=0, description="",
        waits_for=(), outcome=None, started_at=started_at, target_at=at(draw(DAYS)),
        target_stage=draw(st.sampled_from([None, "a", "z"])), target_reached_at=at(draw(DAYS)), ended_at=None,
        due_on=draw(st.none() | st.just(NOW.date())) if task else None, override=None, lowered=(),
        progressed_at=started_at, earlier=(),
    )  # fmt: skip


@settings(deadline=None)
@given(row=rows(), risky=st.booleans())
def test_what_is_judged_of_a_card_is_what_the_whole_card_shows(row: CardRow, risky: bool):
    """The state, the due, the target and the first late stage: a list that only counts them makes no card of it."""
    judge = Judge(NOW, at_risk={RUN} if risky else frozenset())
    whole, lean = card_of(row, judge), open_card(row)
    if "target_" not in str(row.stages):  # such stages are not even read
        lean = lean._replace(stages=None)
    assert state_of(lean, judge) == whole.state
    due_at = due_of(lean, judge)
    assert (due_at, due_at is not None and due_at < NOW) == (whole.due_at, whole.overdue)
    assert lean.open_target_at == whole.open_target_at
    late = [dot for dot in whole.stages if dot.state == "late" and dot.target_at and dot.target_at < NOW]
    found = late_stage(lean, judge)
    assert ([] if found is None else [replace(found, state="late")]) == late[:1]
