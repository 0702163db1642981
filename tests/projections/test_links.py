"""Promises about the links of guests as the read models know them."""

from __future__ import annotations

from datetime import timedelta

from domain.events import StepBecameReady, StepRelocked, StepReopened
from domain.words import StepKey
from projections.facts.run_folds import RUN_FACTS
from tests.support.given import NINE

SIGN = StepKey("sign")


def test_a_link_ends_with_its_round_however_that_ended():
    """Reopened itself or waiting again because another step was: a new round begins, and older links are over."""
    at = NINE + timedelta(hours=1)
    for again in (
        StepReopened(step=SIGN, round=2, reason="Wrong name", at=at),
        StepRelocked(step=SIGN, round=2, cause="rule", at=at),
    ):
        facts = RUN_FACTS.make()
        RUN_FACTS.take(facts, StepBecameReady(step=SIGN, cause="rule", at=NINE))
        assert facts.steps[SIGN].round_at is None, again.type
        RUN_FACTS.take(facts, again)
        assert (facts.steps[SIGN].round, facts.steps[SIGN].round_at) == (2, at)
