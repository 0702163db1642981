"""Promises about the links of guests as the read models know them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.words import StepKey
from projections.facts.run import RUN_FACTS
from tests.support.given import NINE


def test_a_link_ends_with_its_round_however_that_ended():
    """Reopened itself or waiting again because another step was: a new round begins, and older links are over."""
    for kind in ("step_reopened", "step_relocked"):
        facts = RUN_FACTS.make()
        ready: dict[str, Any] = {"step": "sign", "round": 1}
        RUN_FACTS.handlers["step_became_ready"](facts, ready, NINE, "person:bo")
        assert facts.steps[StepKey("sign")].round_at is None, kind
        again, at = {"step": "sign", "round": 2, "reason": "Wrong name"}, NINE + timedelta(hours=1)
        RUN_FACTS.handlers[kind](facts, again, at, "person:bo")
        assert (facts.steps[StepKey("sign")].round, facts.steps["sign"].round_at) == (2, at)
