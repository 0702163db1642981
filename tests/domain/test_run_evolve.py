"""Promises about folding: imported facts obey no rule, and still give a state."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any, get_args
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import (
    AnyActionEvent,
    AnyRunEvent,
    AnyStepEvent,
    Event,
    RunCompleted,
    StepCompleted,
    StepReopened,
)
from domain.run import RUN
from domain.words import Actor, StepKey
from tests.support.given import BO, DANA, NINE

STEPS = st.sampled_from(["draft", "check", "no such step"])
VALUES = st.dictionaries(
    st.sampled_from(["a", "b"]), st.none() | st.integers() | st.text(max_size=3), max_size=2
)
INSTANTS = st.integers(0, 500).map(lambda hours: NINE + timedelta(hours=hours))
KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "at": INSTANTS,
    "by": st.sampled_from([None, DANA, BO]),
    "step": STEPS,
    "round": st.integers(1, 4),
    "values": VALUES,
    "inputs": VALUES,
    "due_at": st.none() | INSTANTS,
    "target_at": st.none() | INSTANTS,
    "until": st.none() | INSTANTS,
    "comment": st.just(UUID(int=7)),
    "project": st.none() | st.just(UUID(int=8)),
    "parent_run": st.none(),
    "parent_step": st.none(),
    "roles": st.just({"seller": DANA}),
    "process_version": st.integers(1, 3),
    "priority": st.sampled_from(["urgent", "none"]),
    "source": st.sampled_from(["rule", "manual"]),
    "test": st.booleans(),
    "mentions": st.just(()),
    "cause": st.just("import"),
    "reopened": STEPS,
    "imported": st.booleans(),
    "attachment": st.just(UUID(int=9)),
    "size_bytes": st.integers(0, 10),
    "from_version": st.integers(1, 3),
    "to_version": st.integers(1, 3),
    "plan": VALUES,
    "choices": VALUES,
    "alarms": st.dictionaries(st.sampled_from(["reminder:1", "until"]), INSTANTS, max_size=2),
    "shift_seconds": st.none() | st.floats(0, 1e9),
    "alarm_at": INSTANTS,
    "action": st.sampled_from(["email", "reminder:1"]),
    "kind": st.sampled_from(["email", "http", "run"]),
    "attempt": st.integers(1, 3),
    "not_before": st.none() | INSTANTS,
    "retry_at": st.none() | INSTANTS,
    "incident": st.just(UUID(int=10)),
    "problem": st.sampled_from(["failed", "uncertain"]),
    "how": st.sampled_from(["retried", "edited", "let_go"]),
    "changes": VALUES,
    "facts": VALUES,
    "child": st.just(UUID(int=11)),
    "state": st.just("completed"),
    "steps": st.sampled_from([(), (StepKey("draft"),)]),
    "reopenings": st.integers(0, 3),
    "whom": st.sampled_from([(), ("person:bo",)]),
    "doers": st.sampled_from([(), (Actor("person:bo"),)]),
    "given_by": st.sampled_from([(), (Actor("person:bo"),)]),
    "about": st.sampled_from([(), ("draft",), ("draft.a", "inputs.b")]),
    "changed": st.sampled_from([(), ("draft.a",)]),
    "added_later": st.booleans(),
    "restored": st.booleans(),
    "replaced": VALUES,
}
TEXTS = st.sampled_from(["seller", "x"])


SPECIAL: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "approval_given": {"comment": st.none()},
    "step_became_overdue": {"due_at": INSTANTS},
    "step_wait_timed_out": {"due_at": INSTANTS},
    "incident_opened": {"assignee": st.none()},
}


@cache
def facts(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Events of one type with any content: one strategy for each type, as to make it takes longer than to draw."""
    special = SPECIAL.get(kind.type, {})
    fields = {name: special.get(name, KNOWN.get(name, TEXTS)) for name in kind.model_fields}
    return st.builds(kind, **fields)


EVERYTHING = [*get_args(AnyRunEvent), *get_args(AnyStepEvent), *get_args(AnyActionEvent)]
histories = st.lists(st.sampled_from(EVERYTHING).flatmap(facts), max_size=25)


@settings(max_examples=300, deadline=None)
@given(histories)
def test_any_facts_in_any_order_give_a_state(history: list[Event]):
    """Unknown steps, repeated ends, events before the start and after the end: folding never raises."""
    run = None
    for event in history:
        run = RUN.evolve(run, event)
        hash(run.state)
        assert run.step(StepKey("draft")).round >= 1


@settings(max_examples=5, deadline=None)
@given(st.tuples(*map(facts, EVERYTHING)))
def test_every_event_of_a_run_is_folded(one_of_each: tuple[Event, ...]):
    """No event type of a run is forgotten."""
    assert RUN.fold(one_of_each) is not None


def test_rounds_that_were_never_reopened_are_kept():
    """A log that completes an activity twice has the last values, the last doer and the last time."""
    first = StepCompleted(step=StepKey("draft"), values={"a": 1}, by=DANA, at=NINE)
    second = StepCompleted(
        step=StepKey("draft"), round=2, values={"a": 2}, by=BO, at=NINE + timedelta(days=1)
    )
    run = RUN.fold([first, second])
    assert run is not None
    step = run.step(StepKey("draft"))
    assert (step.state, step.round, step.done_by, run.values["draft.a"]) == ("done", 2, BO, 2)


def test_facts_after_the_end_do_not_bring_a_run_back():
    """Only a reopening of the run makes an ended run take work again."""
    run = RUN.fold([RunCompleted(at=NINE), StepReopened(step=StepKey("draft"), round=2, reason="x", at=NINE)])
    assert run is not None
    assert (run.state, run.step(StepKey("draft")).round) == ("completed", 2)
