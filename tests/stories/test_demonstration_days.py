"""The demonstration is the same on whichever day it is filled: nothing is late by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.aggregate import Aggregate
from domain.definition import Definition
from domain.run import Run
from domain.schedule import Calendar
from domain.words import StepKey
from milepost.demo.workspace import LIVE, Workspace
from tests.stories.walking import shipped


class Memory:
    """A repository of runs that forgets everything at the end."""

    def __init__(self) -> None:
        self.runs: dict[UUID, Run] = {}

    def load(self, _aggregate: Aggregate[Run], stream: UUID) -> Run | None:
        """The run as it is."""
        return self.runs.get(stream)

    def execute(
        self, aggregate: Aggregate[Run], stream: UUID, decide: Callable[[Any], Sequence[Any]], **_: Any
    ) -> None:
        """Decide, and keep what was decided."""
        run = aggregate.fold(decide(self.runs.get(stream)))
        assert run is not None
        self.runs[stream] = run


ANY_DAY = pytest.mark.parametrize("day", [2, 4, 6, 7], ids=["monday", "wednesday", "friday", "saturday"])


def overdue(runs: Iterable[Run], now: datetime) -> list[str]:
    """The open steps that should have been done by now."""
    return [
        key
        for run in runs
        for key, step in run.steps.items()
        if step.is_open and step.due_at is not None and step.due_at < now
    ]


@ANY_DAY
def test_two_of_the_live_onboardings_are_late_on_any_day(day: int) -> None:
    """Each stands at the step that holds it; only the signature and the kickoff are overdue, one target has passed."""
    now, memory = datetime(2026, 3, day, 10, tzinfo=UTC), Memory()
    document = shipped("customer-onboarding.yaml")
    workspace = Workspace(memory, Calendar(), now)  # type: ignore[arg-type]  # all that is asked of it
    workspace.live_customers(Definition(document.key, 2, document), UUID(int=1))
    runs = list(memory.runs.values())
    assert [run.step(StepKey(step)).state for run, (step, _) in zip(runs, LIVE, strict=True)] == [
        "ready"
    ] * 12
    assert overdue(runs, now) == ["customer_signs", "kickoff_held"]
    passed = [step for run, (step, _) in zip(runs, LIVE, strict=True) if (run.target_at or now) < now]
    assert passed == ["acceptance"]


@ANY_DAY
def test_no_live_hire_is_late_on_any_day(day: int) -> None:
    """Ten hires, four of them under way: each stands where it should, and has time left."""
    now, memory = datetime(2026, 3, day, 10, tzinfo=UTC), Memory()
    document = shipped("hire-and-onboard.yaml")
    workspace = Workspace(memory, Calendar(), now)  # type: ignore[arg-type]  # all that is asked of it
    workspace.hires(Definition(document.key, 1, document), UUID(int=1))
    live = [run for run in memory.runs.values() if not run.ended]
    held = ["files_submitted", "check_decision", "role_training", "headcount_ok"]
    assert [run.step(StepKey(step)).state for run, step in zip(live, held, strict=True)] == ["ready"] * 4
    assert (len(memory.runs), overdue(live, now)) == (10, [])
