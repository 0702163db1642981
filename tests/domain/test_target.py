"""When the target of a run was reached, where it is for one of its stages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.definition import Definition
from domain.target import Ends, reached_at
from domain.words import StepKey
from tests.support.given import NINE

A, B, TIP, LATER = map(StepKey, ("a", "b", "tip", "later"))
ONE, TWO, THREE = (NINE + timedelta(hours=hours) for hours in (1, 2, 3))


def definition(target_stage: str | None) -> Definition:
    """Two stages: of two required steps and a tip, of one step that nobody has to do."""
    live = [
        {"key": "a", "title": "A"},
        {"key": "b", "title": "B"},
        {"key": "tip", "title": "Tip", "required": False},
    ]
    after = [{"key": "later", "title": "Later", "required": False}]
    stages = [
        {"key": key, "title": key.title(), "steps": steps}
        for key, steps in (("live", live), ("after", after))
    ]
    aim = {} if target_stage is None else {"target_stage": target_stage}
    return Definition.load("p", 1, {"key": "p", "title": "P", **aim, "stages": stages})


@pytest.mark.parametrize(
    ("ends", "reached"),
    [
        ({}, None),
        ({A: ("done", ONE), B: ("in_progress", None)}, None),
        ({A: ("done", ONE), B: ("failed", TWO)}, None),
        ({A: ("done", ONE), B: ("cancelled", TWO)}, None),
        ({A: ("done", TWO), B: ("done", ONE)}, TWO),
        ({A: ("done", ONE), B: ("skipped", TWO)}, ONE),
        ({A: ("not_applicable", ONE), B: ("skipped", TWO)}, TWO),
        ({A: ("done", ONE), B: ("done", TWO), TIP: ("ready", None)}, TWO),
        ({A: ("done", ONE), B: ("done", TWO), TIP: ("done", THREE)}, THREE),
    ],
)
def test_a_stage_is_reached_when_nothing_required_is_left_in_it(ends: Ends, reached: object):
    """With the last step that was done; where none was, with the last that was set aside."""
    assert reached_at(definition("live"), ends) == reached


def test_a_stage_of_optional_steps_is_reached_with_the_last_of_them():
    """Nothing is required there: then all of it has to come to an end."""
    assert reached_at(definition("after"), {LATER: ("ready", None)}) is None
    assert reached_at(definition("after"), {LATER: ("done", ONE)}) == ONE


def test_a_target_of_the_whole_run_is_reached_with_its_end():
    """No stage is named: the end of the run answers."""
    assert reached_at(definition(None), {A: ("done", ONE), B: ("done", ONE), LATER: ("done", ONE)}) is None
