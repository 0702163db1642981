"""Promises about the events that read models are folded from."""

from __future__ import annotations

import pickle
from typing import Any, get_args
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import events as e
from domain.upcast import UnknownEvent
from projections.engine.fold import Fold
from projections.engine.reading import LogEvent, UnreadableEvent, decode
from projections.facts import run_folds
from store.mapper import to_new_event
from tests.domain.test_run_evolve import facts
from tests.support.given import NINE

RUN = UUID(int=1)
OF_A_RUN = st.sampled_from(get_args(e.AnyRunStreamEvent)).flatmap(facts)


def decoded(kind: str, text: str, by: str | None = None, at: Any = NINE, version: int = 1) -> Any:
    """What read models are given for one stored event."""
    found: list[LogEvent] = decode([(1, RUN, 1, kind, version, text, by, at)])
    return found[0][4]


@settings(max_examples=400, deadline=None)
@given(OF_A_RUN)
def test_read_models_are_folded_from_the_events_that_were_stored(event: e.Event):
    """Whatever was recorded, its time and its actor with it, comes back as the same typed event."""
    assert decoded(event.type, to_new_event(event, {}).data, event.by, event.at) == event


@settings(max_examples=300, deadline=None)
@given(st.lists(OF_A_RUN, max_size=25))
def test_any_facts_in_any_order_are_folded_by_every_view(history: list[e.Event]):
    """Unknown steps, repeated ends, events before the start and after the end: each view comes out, always the same."""
    for fold in (each for each in vars(run_folds).values() if isinstance(each, Fold)):
        first, second = fold.make(), fold.make()
        for event in history:
            fold.take(first, event)
            fold.take(second, event)
        assert pickle.dumps(first) == pickle.dumps(second), fold.name


def test_every_event_of_a_run_has_a_meaning():
    """The list of meanings holds each class of the union, also those that change no view."""
    assert set(run_folds.MEANINGS) == set(get_args(e.AnyRunStreamEvent))


def test_what_is_stored_otherwise_than_its_class_says_is_told_without_its_values():
    """Such an event parks its stream; why, and never what somebody wrote."""
    found = decoded("step_completed", '{"step": "a", "round": "secret"}')
    assert isinstance(found, UnreadableEvent)
    assert str(found) == "step_completed cannot be read: round: int_parsing"
    assert isinstance(decoded("step_completed", "{}", version=99), UnknownEvent)
