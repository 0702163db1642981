"""Promises about the roll-up of a run into a card, rule by rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.definition import Definition
from domain.document import Document
from domain.rollup import Card, Fact, Override, roll_up, state_at
from domain.words import Assignee, StageKey, StepKey

T = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
_NUMBERS = count(1)


def process(*stages: list[dict[str, Any]]) -> Definition:
    """Stages ``s0``, ``s1`` … with these steps, each waiting for nothing unless it says so."""
    made = [
        {
            "key": f"s{n}",
            "title": f"S{n}",
            "steps": [{"title": step["key"], "after": [], **step} for step in steps],
        }
        for n, steps in enumerate(stages)
    ]
    roles = [{"key": "guest", "title": "G", "guest": True}, {"key": "staff", "title": "S"}]
    document = Document.model_validate({"key": "p", "title": "P", "roles": roles, "stages": made})
    return Definition("p", next(_NUMBERS), document)


TWO = process([{"key": "a"}, {"key": "b"}], [{"key": "c"}, {"key": "d", "required": False}])


def card(
    definition: Definition = TWO, run: str = "running", override: str | None = None, **facts: Any
) -> Card:
    """The card of a run with these facts about its steps."""
    steps = {StepKey(key): fact for key, fact in facts.items()}
    return roll_up(definition, run, steps, None if override is None else Override(StageKey(override)))


def done(at: datetime = T, **more: Any) -> Fact:
    """A step that was done."""
    return Fact("done", ready_at=T, ended_at=at, **more)


def ready(**more: Any) -> Fact:
    """A step that can be worked on."""
    return Fact("ready", ready_at=T, **more)


def test_the_current_stage_is_the_first_with_required_work_left():
    """Not the furthest step reached: a later stage with work in progress is named beside it."""
    shown = card(a=done(), b=ready(), c=ready())
    assert (shown.current_stage, shown.also_in) == ("s0", ("s1",))


@pytest.mark.parametrize("state", ["done", "skipped", "not_applicable"])
def test_a_stage_is_passed_when_its_required_steps_came_to_a_good_end(state: str):
    """Done, skipped and not applicable all let the card go on."""
    assert card(a=done(), b=Fact(state), c=ready()).current_stage == "s1"


@pytest.mark.parametrize("state", ["locked", "ready", "in_progress", "failed", "cancelled"])
def test_a_stage_is_not_passed_otherwise(state: str):
    """The other states keep the card where it is."""
    assert card(a=done(), b=Fact(state), c=ready()).current_stage == "s0"


def test_an_optional_step_keeps_no_card_back():
    """Only required steps say where a card stands."""
    shown = card(a=done(), b=done(), c=done(), d=ready())
    assert (shown.current_stage, shown.state) == ("s1", "done")


def test_a_card_without_required_work_stands_in_the_last_stage_entered():
    """Also when nothing at all is required, as with imported logs."""
    loose = process([{"key": "a", "required": False}], [{"key": "b", "required": False}])
    assert card(loose, a=done(), b=ready()).current_stage == "s1"
    assert card(loose).current_stage == "s0"


def test_an_override_is_shown_and_marked():
    """Somebody with the right to do so put the card elsewhere; unknown stages change nothing."""
    shown = card(a=ready(), override="s1")
    assert (shown.current_stage, shown.overridden) == ("s1", True)
    assert not card(a=ready(), override="gone").overridden


LATE = ready(due_at=T, overdue=True)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"a": Fact("failed", ready_at=T), "b": ready(help=True)}, "failed"),
        ({"a": ready(help=True), "b": LATE}, "needs_help"),
        ({"a": done(), "b": Fact("locked")}, "blocked"),
        ({"a": ready(), "b": LATE}, "late"),
        ({"a": ready()}, "in_progress"),
        ({"a": done(), "b": Fact("in_progress", ready_at=T)}, "in_progress"),
        ({}, "not_started"),
        ({"a": Fact("locked"), "b": Fact("locked")}, "not_started"),
        ({"a": done(), "b": Fact("skipped")}, "done"),
        ({"a": Fact("not_applicable"), "b": Fact("skipped")}, "skipped"),
        ({"a": Fact("cancelled", ready_at=T), "b": Fact("cancelled")}, "cancelled"),
        ({"a": Fact("cancelled"), "b": Fact("cancelled")}, "not_started"),
    ],
)
def test_the_first_state_that_matches_wins(facts: dict[str, Any], state: str):
    """Failed before help before blocked before late before in progress before not started before done or skipped."""
    assert card(**facts).stages[0].state == state


def test_waiting_outside_past_the_limit_is_blocked():
    """A guest who is late blocks the stage; with work of our own left it is only late."""
    outside = process([{"key": "a", "role": "guest"}, {"key": "b", "role": "staff"}])
    assert card(outside, a=LATE).stages[0].state == "blocked"
    assert card(outside, a=LATE, b=ready()).stages[0].state == "late"
    assert card(outside, a=ready(due_at=T)).blocked_at == T
    assert card(outside, a=ready(due_at=T), b=ready(due_at=T)).blocked_at is None


def test_optional_work_is_never_late():
    """Only an open required step makes a stage late."""
    assert card(a=done(), b=done(), c=ready(), d=LATE).stages[1].state == "in_progress"


@pytest.mark.parametrize(
    ("run", "state"),
    [("completed", "done"), ("ended_early", "failed"), ("cancelled", "cancelled"), ("paused", "in_progress")],
)
def test_the_end_of_a_run_is_the_state_of_its_card(run: str, state: str):
    """However its steps look."""
    assert card(run=run, a=ready()).state == state


def test_a_card_is_blocked_only_when_nothing_can_go_on():
    """A stage that waits while work goes on elsewhere does not stop the card."""
    assert card(a=done(), b=Fact("locked"), c=ready()).state == "in_progress"
    assert card(a=done(), b=Fact("locked")).state == "blocked"


def test_a_run_that_has_begun_is_not_called_not_started():
    """Between two stages, with nothing in hand, the card is in progress."""
    assert card().state == "not_started"
    assert card(a=done(), b=done()).state == "in_progress"


def test_imported_history_is_not_blocked_because_nobody_announced_its_steps():
    """A step that nothing happened to and that waits for nothing can be done; one that waits for another cannot."""
    assert card(a=done()).state == "in_progress"
    chain = process([{"key": "a"}, {"key": "b", "after": ["c"]}], [{"key": "c", "after": ["b"]}])
    assert card(chain, a=done()).state == "blocked"


def test_the_clock_makes_late_what_was_not():
    """Dues and targets that have passed since are applied at the moment of looking, after what ranks higher."""
    shown = card(a=ready(due_at=T + HOUR))
    assert shown.late_at == T + HOUR
    assert state_at("in_progress", T, late_at=T + HOUR, blocked_at=None) == "in_progress"
    assert state_at("in_progress", T + 2 * HOUR, late_at=T + HOUR, blocked_at=None) == "late"
    assert state_at("late", T + 2 * HOUR, late_at=T, blocked_at=T + HOUR) == "blocked"
    assert state_at("in_progress", T, late_at=None, blocked_at=None, target_at=T - HOUR) == "late"
    assert state_at("needs_help", T, late_at=T - HOUR, blocked_at=T - HOUR) == "needs_help"


def test_progress_counts_weights_of_what_is_applicable():
    """Skipped and not applicable count in neither sum."""
    weighed = process(
        [
            {"key": "a", "weight": 3},
            {"key": "b", "weight": 1},
            {"key": "c", "weight": 100},
            {"key": "d", "weight": 50},
        ]
    )
    shown = card(weighed, a=done(), b=ready(), c=Fact("skipped"), d=Fact("not_applicable"))
    assert (shown.progress, shown.percent) == (0.75, 75)


def test_progress_of_nothing_applicable():
    """A run whose steps were all set aside is complete, and one that has not begun is at nothing."""
    assert card(a=Fact("skipped"), b=Fact("skipped"), c=Fact("skipped"), d=Fact("skipped")).progress == 1.0
    assert card().progress == 0.0


STATES = ("locked", "ready", "in_progress", "done", "skipped", "not_applicable", "failed", "cancelled")


@given(
    st.lists(st.sampled_from(STATES), min_size=4, max_size=4),
    st.lists(st.sampled_from([1e-3, 0.1, 0.2, 1000.0]), min_size=4, max_size=4),
)
def test_progress_is_never_full_while_a_required_step_is_open(states: list[str], weights: list[float]):
    """Whatever the weights are; and it is always a fraction."""
    keys = "abcd"
    weighed = process([{"key": key, "weight": weight} for key, weight in zip(keys, weights, strict=True)])
    facts: dict[str, Any] = {key: Fact(state, ready_at=T) for key, state in zip(keys, states, strict=True)}
    shown = card(weighed, **facts)
    finished = set(states) <= {"done", "skipped", "not_applicable"}
    assert 0 <= shown.progress <= 1
    assert (shown.percent == 100) == (shown.progress == 1) == finished


def test_the_outcome_of_a_stage_is_the_named_result_of_its_last_gate():
    """Steps that name no outcome have no say; a failed gate has the last word."""
    gated = process([{"key": "a", "outcome": "submitted"}, {"key": "b"}, {"key": "c", "gate": {}}])
    first = card(gated, a=done(outcome="submitted"), b=done(outcome="chat")).stages[0]
    assert (first.outcome, first.outcome_step) == ("submitted", "a")
    last = card(gated, a=done(outcome="submitted"), c=done(outcome="approved")).stages[0]
    assert (last.outcome, last.outcome_step) == ("approved", "c")
    failed = card(gated, a=Fact("failed", ready_at=T, outcome="Not sent"), c=done(outcome="approved")).stages[
        0
    ]
    assert failed.outcome == "Not sent"


def test_the_next_action_is_required_work_of_the_current_stage_by_due():
    """It says who and until when."""
    shown = card(
        a=ready(due_at=T + 2 * HOUR),
        b=ready(due_at=T + HOUR, assignee=Assignee("person:bo")),
        c=ready(due_at=T),
    )
    action = shown.next_action
    assert action is not None
    assert (action.step, action.title, action.who, action.due_at) == ("b", "b", "person:bo", T + HOUR)
    assert shown.next_due_at == T
    fallback = card(a=done(), b=Fact("locked"), c=ready()).next_action
    assert fallback is not None
    assert fallback.step == "c"


def test_a_card_with_nothing_to_do_says_what_it_waits_for():
    """The unfinished steps that the first locked one depends on."""
    chained = process([{"key": "a"}, {"key": "b", "after": ["a"]}])
    shown = card(chained, a=Fact("failed", ready_at=T))
    assert (shown.next_action, shown.waiting_for) == (None, ())
    optional = process([{"key": "a", "required": False}, {"key": "b", "after": ["a"]}])
    assert card(optional, a=Fact("locked"), b=Fact("locked")).waiting_for == ("a",)


def test_a_stage_knows_when_it_was_entered_and_left():
    """Entered with its first ready step, left with its last one done."""
    stage = card(a=done(T + HOUR), b=done(T + 2 * HOUR)).stages[0]
    assert (stage.entered_at, stage.ended_at) == (T, T + 2 * HOUR)
    assert card(a=done(), b=ready()).stages[0].ended_at is None


def test_help_names_the_steps():
    """Help asked for about a step that is over counts too, until it is cleared: what the step brought to light."""
    assert card(a=ready(help=True), b=done(help=True)).help == ("a", "b")
