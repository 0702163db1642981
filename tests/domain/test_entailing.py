"""Promises about what events entail for the machine."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import AnyRunStreamEvent, Event
from domain.run import RUN, Run
from domain.run.entailing import entailed
from tests.domain.documents import definition, step
from tests.domain.test_run_evolve import EVERYTHING, facts, histories
from tests.support.given import BO, NINE

MAIL = {"to": ["{inputs.plan}"], "subject": "s", "body": "b"}
PROCESS = definition(step("draft", email=MAIL), step("check", kind="email", email=MAIL))


@settings(max_examples=300, deadline=None)
@given(histories, st.sampled_from(EVERYTHING).flatmap(facts))
def test_what_is_entailed_entails_nothing(history: list[Event], event: AnyRunStreamEvent):
    """Whatever happened: what an event entails for the machine is told in one go, and never goes on by itself."""
    run = RUN.fold([*history, event]) or Run()
    for each in entailed(run, PROCESS, event, BO, NINE):
        run = RUN.evolve(run, each)
        assert entailed(run, PROCESS, each, BO, NINE) == []
