"""The tests of random runs are worth something: each of these mistakes in the rules is found by them alone."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis.errors import HypothesisException

from tests.domain.mutants import MUTANTS, find, made
from tests.domain.random_runs import Process, deeds, processes
from tests.domain.walk import PATIENT, walked


@settings(
    max_examples=2_500, deadline=None, suppress_health_check=PATIENT, database=None, derandomize=True,
    phases=[Phase.generate], report_multiple_bugs=False,
)  # fmt: skip
@given(processes(), deeds)
def _walk(process: Process, lots: list[int]) -> None:
    walked(process, lots).ends()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_can_be_made(name: str):
    """The text that is exchanged is there, once: the rules have not moved on without their mistakes."""
    functions = [find(patch.function) for patch in MUTANTS[name]]
    before = [function.__code__ for function in functions]
    with made(MUTANTS[name]):
        assert all(function.__code__ != was for function, was in zip(functions, before, strict=True))
    assert [function.__code__ for function in functions] == before


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_in_the_rules_is_found(name: str):
    """Without any other test, and most of them by the number of random runs that every run of the tests draws."""
    with made(MUTANTS[name]), pytest.raises(Exception) as found:  # noqa: PT011 - however it shows
        _walk()
    assert not isinstance(found.value, HypothesisException), "nothing was found out"
