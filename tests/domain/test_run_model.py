"""Every run agrees with a second, slow implementation of the rules after every command, and can always be ended."""

from __future__ import annotations

import os
from functools import reduce

import pytest
from hypothesis import given, settings

from domain.lint import lint
from domain.run import RUN
from tests.domain.random_deeds import chosen
from tests.domain.random_runs import Process, deeds, processes, start
from tests.domain.walk import PATIENT, decided, walked

RUNS = int(os.environ.get("RANDOM_RUNS", "10000"))


@settings(max_examples=300, deadline=None, suppress_health_check=PATIENT)
@given(processes(), deeds)
def test_every_run_is_what_the_description_says(process: Process, lots: list[int]):
    """No step is ready too early, locked too long or announced twice, and no run is stuck or ends too early."""
    walked(process, lots).ends()


@pytest.mark.slow
@settings(max_examples=RUNS, deadline=None, suppress_health_check=PATIENT)
@given(processes(12), deeds)
def test_ten_thousand_runs_are_what_the_description_says(process: Process, lots: list[int]):
    """The same, with more and larger processes."""
    walked(process, lots).ends()


@settings(max_examples=100, deadline=None, suppress_health_check=PATIENT)
@given(processes(), deeds)
def test_folding_at_once_is_folding_one_by_one(process: Process, lots: list[int]):
    """A run read from its whole history is the run that grew event by event; folding on changes no earlier state."""
    events = start(process)
    run = grown = RUN.fold(events)
    for clock, lot in enumerate(lots):
        assert run is not None
        before, kept = run, repr(run)
        new = decided(run, process, chosen(lot, run, process.definition), clock) or []
        events, run = [*events, *new], RUN.fold(new, run)
        grown = reduce(RUN.evolve, new, grown)
        assert repr(before) == kept
    assert RUN.fold(events) == run == grown


@settings(max_examples=100, deadline=None, suppress_health_check=PATIENT)
@given(processes())
def test_the_random_processes_could_be_published(process: Process):
    """What is tested is what authors can write."""
    assert lint(process.definition.document) == []
