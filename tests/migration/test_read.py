"""What read models show of a step that a migration had done again, and another took back: what the domain knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.definition import Definition
from domain.events import Event
from domain.run import RUN, change_inputs, complete_step, give_approval, reopen_step, start_run
from domain.words import Actor, StepKey
from projections.facts.run import RunFacts
from projections.facts.run_folds import RUN_FACTS
from tests.migration.test_contents import steps
from tests.migration.test_table import migrating, version
from tests.support.given import BO, Deed, Story

REVIEW = StepKey("review")
WHEN = {"when": {"field": "inputs.plan", "operator": "equals", "value": "small"}}
COVERS = {"approval": {"covers": ["a"], "needs": 2}}
WIDER = {"approval": {"covers": ["a", "b"], "needs": 2}}


def read(events: Iterable[Event]) -> RunFacts:
    """What the views of a run make of these events."""
    facts = RunFacts()
    for event in events:
        RUN_FACTS.take(facts, event)
    return facts


class Told:
    """A story with all that was recorded in it."""

    def __init__(self, old: Definition) -> None:
        self.story, self.events = Story(RUN, old), list[Event]()

    def do(self, decision: Callable[..., Sequence[Event]], *args: Any, **named: Any) -> None:
        """Somebody decides something."""
        self._keep(self.story.when(decision, *args, **named))

    def move(self, new: Definition, **choices: str) -> None:
        """The run follows another version."""
        self._keep(migrating(self.story, new, **choices))
        self.story = replace(self.story, definition=new)

    def _keep(self, deed: Deed) -> None:
        events = deed.events()
        self.events += events
        self.story = self.story.given(events)


@pytest.mark.parametrize("agreed", [1, 2], ids=["some agreed", "decided and set aside"])
def test_views_show_again_what_a_migration_left_as_it_was(agreed: int) -> None:
    """Who agreed, and what was set aside, is shown as the domain knows it once the other version is left."""
    old, new = version(1, *steps(review={**WHEN, **COVERS})), version(2, *steps(review={**WHEN, **WIDER}))
    told = Told(old)
    told.do(start_run, name="x", inputs={"plan": "small"})
    for key in ("a", "b"):
        told.do(complete_step, key, {"note": "x"})
    for who in (BO, Actor("person:max"))[:agreed]:
        told.do(give_approval, "review", by=who)
    if agreed == 2:
        told.do(change_inputs, {"plan": "large"})
        told.do(reopen_step, "a", "wrong")
    before = read(told.events).steps[REVIEW]
    told.move(new, content="reopen")
    told.move(old)
    shown, known = read(told.events).steps[REVIEW], told.story.state.step(REVIEW)
    assert (shown.state, shown.round, shown.approvals, shown.approved_by) == (
        before.state,
        before.round,
        agreed,
        before.approved_by,
    )
    assert (known.state, known.round, known.approvals) == (shown.state, shown.round, tuple(shown.approved_by))
